import { createHmac } from "node:crypto";
import { KeyUnavailableError } from "../errors.ts";
import type { AuthMethod, ProviderCredentials } from "../providers/provider-auth.ts";
import { openValue, type SealingContext, sealedKeyId, sealValue } from "./sealing/sealed-value.ts";
import type { Keyring } from "./sealing/keyring.ts";
import { Secret } from "./secret.ts";

/** The columns that a sealed secret is bound to: in any other row, or an older version of its own, it does not open. */
export interface SealedPlace {
  readonly id: string;
  readonly userId: string;
  readonly provider: string;
  readonly authMethod: AuthMethod;
  readonly tokenVersion: number;
}

export interface SealedRow extends SealedPlace {
  readonly credentials: Uint8Array;
}

/** The secrets of a row as they stand sealed in it, in JSON. */
type SealedSecrets =
  { readonly apiKey: string } | { readonly accessToken: string; readonly refreshToken: string | null };

/** What a sealed OAuth credential needs besides its secrets; it stands in the row's other columns. */
export interface TokenDetails {
  readonly expiresAt: Date | null;
  readonly scopes: readonly string[];
}

function context(place: SealedPlace): SealingContext {
  return [
    "provider_credentials",
    "credentials",
    place.id,
    place.userId,
    place.provider,
    place.authMethod,
    place.tokenVersion,
  ];
}

function toSecrets(credentials: ProviderCredentials): SealedSecrets {
  return credentials.method === "api_key"
    ? { apiKey: credentials.apiKey.reveal() }
    : { accessToken: credentials.accessToken.reveal(), refreshToken: credentials.refreshToken?.reveal() ?? null };
}

/** The secret that tells one credential from another: it stays the same while an access token changes. */
function identifyingSecret(credentials: ProviderCredentials): Secret {
  return credentials.method === "api_key" ? credentials.apiKey : (credentials.refreshToken ?? credentials.accessToken);
}

/** Turns credentials into the bytes of a row and back. */
export class CredentialSealer {
  readonly #keyring: Keyring;

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
  }

  /** Seals with the active key. */
  seal(credentials: ProviderCredentials, place: SealedPlace): { readonly credentials: Buffer; readonly keyId: number } {
    const { id, key } = this.#keyring.active;
    const value = Buffer.from(JSON.stringify(toSecrets(credentials)));
    return { credentials: sealValue(id, key, value, context(place)), keyId: id };
  }

  /** @throws KeyUnavailableError if no key opens the row, or the row was changed. */
  open(row: SealedRow, details: TokenDetails): ProviderCredentials {
    if (row.credentials.length === 0) {
      throw new KeyUnavailableError("This sign-in has ended, and its secrets are no longer kept. Connect again.");
    }
    let secrets: SealedSecrets;
    try {
      const id = sealedKeyId(row.credentials);
      const key = this.#keyring.find(id);
      if (key === null) throw new Error(`encryption key ${id} is not loaded`);
      secrets = JSON.parse(openValue(key, row.credentials, context(row)).toString()) as SealedSecrets;
    } catch (error) {
      throw new KeyUnavailableError(
        "This credential cannot be opened with the server's encryption keys. Tell the operator, or connect the provider again.",
        { cause: error },
      );
    }
    if ("apiKey" in secrets) return { method: "api_key", apiKey: new Secret(secrets.apiKey) };
    return {
      method: "oauth",
      accessToken: new Secret(secrets.accessToken),
      refreshToken: secrets.refreshToken === null ? null : new Secret(secrets.refreshToken),
      expiresAt: details.expiresAt,
      scopes: details.scopes,
      account: null,
    };
  }

  last4(credentials: ProviderCredentials): string {
    return identifyingSecret(credentials).last4();
  }

  /** 128 bits of HMAC-SHA256 over user and secret, in hex: equal secrets of two users have different fingerprints. */
  fingerprint(userId: string, credentials: ProviderCredentials): string {
    const hmac = createHmac("sha256", this.#keyring.fingerprintKey);
    hmac.update(`${Buffer.byteLength(userId)}:${userId}`).update(identifyingSecret(credentials).reveal());
    return hmac.digest("hex").slice(0, 32);
  }
}
