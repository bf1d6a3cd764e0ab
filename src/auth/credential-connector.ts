import { UniqueConstraintViolationException } from "@mikro-orm/core";
import type { Caller } from "../callers/caller.ts";
import type { CredentialKey, CredentialStore } from "../credentials/credential-store.ts";
import type { ProviderCredential } from "../credentials/provider-credential.ts";
import type { EntityManager } from "../db/database.ts";
import type { Emit, Outbox } from "../events/outbox.ts";
import { isOtherAccount, type ProviderAccount, type ProviderCredentials } from "../providers/provider-auth.ts";
import type { AuditedAction, AuditTrail } from "../observability/audit-trail.ts";
import { credentialEventBody } from "./credential-event.ts";

/** A credential that is stored now, and whose account it has taken the place of. */
export interface Connected {
  readonly credential: ProviderCredential;
  /** Null where nothing was replaced, the account is the same, or one of the two is not known. */
  readonly previousAccount: ProviderAccount | null;
}

/** What else belongs to the transaction that stores a credential; its events follow CredentialStored. */
export type Alongside = (em: EntityManager, credential: ProviderCredential, emit: Emit) => Promise<void>;

interface Connection {
  readonly key: CredentialKey;
  readonly credentials: ProviderCredentials;
  readonly action: AuditedAction["action"];
  readonly alongside: Alongside;
  readonly validated: boolean;
}

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

  async connect(
    caller: Caller,
    key: CredentialKey,
    credentials: ProviderCredentials,
    action: AuditedAction["action"],
    alongside: Alongside = () => Promise.resolve(),
  ): Promise<Connected> {
    return this.#connect(caller, { key, credentials, action, alongside, validated: true });
  }

  /** Stores credentials that nobody has asked the provider about. */
  async adopt(
    caller: Caller,
    key: CredentialKey,
    credentials: ProviderCredentials,
    action: AuditedAction["action"],
  ): Promise<Connected> {
    return this.#connect(caller, { key, credentials, action, alongside: () => Promise.resolve(), validated: false });
  }

  async #connect(caller: Caller, { key, credentials, action, alongside, validated }: Connection): Promise<Connected> {
    const store = () =>
      this.#outbox.transaction(caller.userId, async (em, emit) => {
        let replaced: ProviderAccount | null = null;
        const onReplace = (account: ProviderAccount | null) => (replaced = account);
        const credential = await this.#store.put(em, key, credentials, { validated, onReplace });
        const previousAccount = isOtherAccount(replaced, credential.account ?? null) ? replaced : null;
        await this.#audit.write(em, caller, { action, outcome: "succeeded", credential });
        emit({ type: "CredentialStored", body: { ...credentialEventBody(credential), previousAccount } });
        await alongside(em, credential, emit);
        return { credential, previousAccount };
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
