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
