import { createHmac, type KeyObject } from "node:crypto";
import type { EntityManager } from "../db/database.ts";
import { KeyUnavailableError } from "../errors/auth-error.ts";
import { Secret } from "../lib/secret.ts";
import type { AuthMethod, ProviderCredentials } from "../providers/provider-auth.ts";
import type { DataKey, Keyring } from "./sealing/keyring.ts";
import { openValue, type SealingContext, sealedKeyId, sealValue, UnsealError } from "./sealing/sealed-value.ts";

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

/** A sealed secret, and the id of its key, which stands in the row too. */
export interface Sealed {
  readonly credentials: Buffer;
  readonly keyId: number;
}

/** The secrets of a row as they stand sealed in it, in JSON. */
type SealedSecrets =
  { readonly apiKey: string } | { readonly accessToken: string; readonly refreshToken: string | null };

/** What a sealed OAuth credential needs besides its secrets; it stands in the row's other columns. */
export interface TokenDetails {
  readonly expiresAt: Date | null;
  /** See OAuthCredentials; of no use but to a refresh. */
  readonly lifetime?: number | null;
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
  seal(credentials: ProviderCredentials, place: SealedPlace): Sealed {
    return this.#seal(this.#keyring.active, Buffer.from(JSON.stringify(toSecrets(credentials))), place);
  }

  /** The same for a row that is written in the transaction of `em`: until it ends, the key cannot be destroyed. */
  async sealIn(em: EntityManager, credentials: ProviderCredentials, place: SealedPlace): Promise<Sealed> {
    return this.#seal(await this.#keyring.hold(em), Buffer.from(JSON.stringify(toSecrets(credentials))), place);
  }

  /** The same secret under the active key. @throws KeyUnavailableError */
  async reseal(row: SealedRow): Promise<Sealed> {
    return this.#seal(this.#keyring.active, await this.#unseal(row), row);
  }

  /** Before something is asked for whose answer will be sealed without the database being at hand. */
  async prepare(): Promise<void> {
    await this.#keyring.freshen();
  }

  /** @throws KeyUnavailableError if no key opens the row, or the row was changed. */
  async open(row: SealedRow, details: TokenDetails): Promise<ProviderCredentials> {
    if (row.credentials.length === 0) {
      throw new KeyUnavailableError("This sign-in has ended, and its secrets are no longer kept. Connect again.");
    }
    const secrets = JSON.parse((await this.#unseal(row)).toString()) as SealedSecrets;
    if ("apiKey" in secrets) return { method: "api_key", apiKey: new Secret(secrets.apiKey) };
    return {
      method: "oauth",
      accessToken: new Secret(secrets.accessToken),
      refreshToken: secrets.refreshToken === null ? null : new Secret(secrets.refreshToken),
      expiresAt: details.expiresAt,
      lifetime: details.lifetime ?? null,
      scopes: details.scopes,
      account: null,
    };
  }

  #seal({ id, key }: DataKey, value: Uint8Array, place: SealedPlace): Sealed {
    return { credentials: sealValue(id, key, value, context(place)), keyId: id };
  }

  async #unseal(row: SealedRow): Promise<Buffer> {
    try {
      return openValue(await this.#keyOf(row), row.credentials, context(row));
    } catch (error) {
      if (!(error instanceof UnsealError)) throw error;
      throw new KeyUnavailableError(
        "This credential cannot be opened with the server's encryption keys. Tell the operator, or connect the provider again.",
        { cause: error },
      );
    }
  }

  /** Another process may have sealed the row a moment ago, with a key that this one has not heard of. */
  async #keyOf(row: SealedRow): Promise<KeyObject> {
    const id = sealedKeyId(row.credentials);
    const key = this.#keyring.find(id) ?? (await this.#keyring.lookUp(id));
    if (key !== null) return key;
    const failure = this.#keyring.unopened.get(id);
    if (failure === undefined) throw new UnsealError(`encryption key ${id} does not exist`);
    throw new KeyUnavailableError("This server lacks the key of this credential for now. Tell the operator.", {
      cause: failure,
      isOfProcess: true,
    });
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
