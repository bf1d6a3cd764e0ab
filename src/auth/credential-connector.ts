import { UniqueConstraintViolationException } from "@mikro-orm/core";
import type { Caller } from "../callers/caller.ts";
import type { CredentialKey, CredentialStore } from "../credentials/credential-store.ts";
import type { ProviderCredential } from "../credentials/provider-credential.ts";
import type { EntityManager } from "../db/database.ts";
import type { Outbox } from "../events/outbox.ts";
import type { ProviderCredentials } from "../providers/provider-auth.ts";
import type { AuditedAction, AuditTrail } from "./audit-trail.ts";
import { credentialEventBody } from "./credential-event.ts";

/** Stores credentials that a provider has accepted, with their audit entry and event, in one transaction. */
export class CredentialConnector {
  readonly #store: CredentialStore;
  readonly #outbox: Outbox;
  readonly #audit: AuditTrail;

  constructor(parts: { readonly store: CredentialStore; readonly outbox: Outbox; readonly audit: AuditTrail }) {
    this.#store = parts.store;
    this.#outbox = parts.outbox;
    this.#audit = parts.audit;
  }

  /** @param alongside what else belongs to the transaction. */
  async connect(
    caller: Caller,
    key: CredentialKey,
    credentials: ProviderCredentials,
    action: AuditedAction["action"],
    alongside: (em: EntityManager, credential: ProviderCredential) => Promise<void> = () => Promise.resolve(),
  ): Promise<ProviderCredential> {
    const store = () =>
      this.#outbox.transaction(caller.userId, async (em, emit) => {
        const credential = await this.#store.put(em, key, credentials);
        await alongside(em, credential);
        await this.#audit.write(em, caller, { action, outcome: "succeeded", credential });
        emit({ type: "CredentialStored", body: credentialEventBody(credential) });
        return credential;
      });
    try {
      return await store();
    } catch (error) {
      // Another call inserted the same key in between; it is there now, so the second try replaces it.
      if (!(error instanceof UniqueConstraintViolationException)) throw error;
      return store();
    }
  }
}
