import type { AuthMethod, ProviderAccess, ProviderAuth } from "../providers/provider-auth.ts";
import type { CredentialSource } from "../sessions/session.ts";

export interface AccessRequest {
  readonly provider: string | null;
  readonly method: AuthMethod | null;
  readonly label: string | null;
  /** The session whose active provider is meant where none is named. It counts as activity. */
  readonly sessionId: string | null;
  /** A grant whose headers the provider answered with 401. */
  readonly rejectedGrantId: string | null;
  /** Where the secret has to come from; the chain decides unless it is given. */
  readonly source?: CredentialSource;
}

/** Headers that work now, and what they were made from. */
export interface AccessGrant extends ProviderAccess {
  readonly grantId: string;
  readonly provider: ProviderAuth;
  readonly method: AuthMethod;
  readonly source: CredentialSource;
  readonly userId: string;
  readonly credentialId: string | null;
}

/** Which version of which credential a grant was made from. */
export interface GrantSource {
  readonly credentialId: string;
  readonly tokenVersion: number;
}

export function encodeGrantId({ credentialId, tokenVersion }: GrantSource): string {
  return Buffer.from(`g1.${credentialId}.${tokenVersion}`).toString("base64url");
}

/** For a grant made from the server's own key. */
export function environmentGrantId(provider: string): string {
  return Buffer.from(`g1.environment.${provider}`).toString("base64url");
}

/** Null for an id that no stored credential has; such a grant is nobody's current one. */
export function decodeGrantId(grantId: string): GrantSource | null {
  const text = Buffer.from(grantId.slice(0, 128), "base64url").toString();
  const [, credentialId, version] = /^g1\.([0-9a-f-]{36})\.(\d{1,9})$/.exec(text) ?? [];
  return credentialId === undefined ? null : { credentialId, tokenVersion: Number(version) };
}
