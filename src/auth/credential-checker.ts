import type { Caller } from "../callers/caller.ts";
import type { CredentialSealer } from "../credentials/credential-sealer.ts";
import type { CredentialStore } from "../credentials/credential-store.ts";
import { forgottenKeyId, type ProviderCredential, type StoredStatus } from "../credentials/provider-credential.ts";
import type { Database } from "../db/database.ts";
import type { Outbox } from "../events/outbox.ts";
import { AuthError, InvalidCredentialError, KeyUnavailableError, ReauthenticationRequiredError } from "../errors.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { AuditTrail } from "./audit-trail.ts";
import { credentialEventBody } from "./credential-event.ts";

/** Asks providers whether they still accept stored credentials, and keeps what they say. */
export class CredentialChecker {
  readonly #database: Database;
  readonly #registry: ProviderRegistry;
  readonly #store: CredentialStore;
  readonly #sealer: CredentialSealer;
  readonly #outbox: Outbox;
  readonly #audit: AuditTrail;

  constructor(parts: {
    readonly database: Database;
    readonly registry: ProviderRegistry;
    readonly store: CredentialStore;
    readonly sealer: CredentialSealer;
    readonly outbox: Outbox;
    readonly audit: AuditTrail;
  }) {
    this.#database = parts.database;
    this.#registry = parts.registry;
    this.#store = parts.store;
    this.#sealer = parts.sealer;
    this.#outbox = parts.outbox;
    this.#audit = parts.audit;
  }

  /**
   * Checks one credential of the caller's user.
   * @throws CredentialNotFoundError, ReauthenticationRequiredError (its secrets are kept no longer), KeyUnavailableError, InvalidCredentialError (it is then marked as needing
   * re-authentication) or ProviderUnavailableError (nothing is known, and nothing is changed).
   */
  async check(caller: Caller, credentialId: string): Promise<ProviderCredential> {
    const credential = await this.#store.get(this.#database.em(), caller.userId, credentialId);
    if (credential.keyId === forgottenKeyId) {
      throw new ReauthenticationRequiredError(credential.statusReason ?? "Connect the provider again.", credential);
    }
    try {
      const provider = this.#registry.ofStored(credential.provider);
      await provider.validateCredentials(
        this.#sealer.open(credential, { expiresAt: credential.expiresAt ?? null, scopes: credential.scopes }),
      );
    } catch (error) {
      if (error instanceof AuthError) await this.#refuse(caller, credential, error);
      throw error;
    }
    await this.#outbox.transaction(caller.userId, async (em) => {
      await this.#store.markValidated(em, credential);
      await this.#audit.write(em, caller, { action: "credential.validate", outcome: "succeeded", credential });
    });
    return this.#store.get(this.#database.em(), caller.userId, credentialId);
  }

  async #refuse(caller: Caller, credential: ProviderCredential, error: AuthError): Promise<void> {
    await this.#outbox.transaction(caller.userId, async (em, emit) => {
      const status = statusAfter(error);
      const isChanged = status !== null && (await this.#store.markStatus(em, credential, status, error.message));
      await this.#audit.write(em, caller, { action: "credential.validate", outcome: error.code, credential });
      if (isChanged && status === "needs_reauth") {
        emit({ type: "ReauthenticationRequired", body: { ...credentialEventBody(credential), reason: error.message } });
      }
    });
  }
}

function statusAfter(error: AuthError): StoredStatus | null {
  if (error instanceof InvalidCredentialError) return "needs_reauth";
  return error instanceof KeyUnavailableError ? "unreadable" : null;
}
