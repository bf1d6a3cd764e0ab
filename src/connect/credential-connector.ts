import { UniqueConstraintViolationException } from "@mikro-orm/core";
import type { AuditedAction, AuditTrail } from "../audit/audit-trail.ts";
import type { Caller } from "../callers/caller.ts";
import type { StepUp } from "../callers/step-up.ts";
import { credentialEventBody } from "../credentials/credential-event.ts";
import type { CredentialKey, CredentialStore } from "../credentials/credential-store.ts";
import type { ProviderCredential } from "../credentials/provider-credential.ts";
import type { Database, EntityManager } from "../db/database.ts";
import type { Emit, Outbox } from "../events/outbox.ts";
import { isOtherAccount, type ProviderAccount, type ProviderCredentials } from "../providers/provider-auth.ts";

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
  /** Whether it may take the place of another one. */
  readonly mayReplace: boolean;
  readonly validated: boolean;
}

/** Stores credentials that a provider has accepted, with their audit entry and event, in one transaction. */
export class CredentialConnector {
  readonly #database: Database;
  readonly #store: CredentialStore;
  readonly #outbox: Outbox;
  readonly #audit: AuditTrail;
  readonly #stepUp: StepUp;

  constructor(parts: {
    readonly database: Database;
    readonly store: CredentialStore;
    readonly outbox: Outbox;
    readonly audit: AuditTrail;
    readonly stepUp: StepUp;
  }) {
    this.#database = parts.database;
    this.#stepUp = parts.stepUp;
    this.#store = parts.store;
    this.#outbox = parts.outbox;
    this.#audit = parts.audit;
  }

  /**
   * Before anything is done for a credential: a new one needs room, and whoever would replace one needs the login that
   * `STEP_UP_*` asks for, as for its removal. It is decided when the credential is stored.
   * @throws QuotaExceededError, InsufficientAuthenticationError
   */
  async expectMayStore(caller: Caller, key: CredentialKey): Promise<void> {
    const isNew = await this.#store.expectRoom(this.#database.em(), key);
    if (!isNew && !this.#stepUp.isMetBy(caller)) throw this.#stepUp.refusal();
  }

  /** @throws QuotaExceededError, InsufficientAuthenticationError */
  async connect(
    caller: Caller,
    key: CredentialKey,
    credentials: ProviderCredentials,
    action: AuditedAction["action"],
    alongside: Alongside = () => Promise.resolve(),
    mayReplace = this.#stepUp.isMetBy(caller),
  ): Promise<Connected> {
    return this.#connect(caller, { key, credentials, action, alongside, mayReplace, validated: true });
  }

  /** Stores credentials that nobody has asked the provider about. */
  async adopt(
    caller: Caller,
    key: CredentialKey,
    credentials: ProviderCredentials,
    action: AuditedAction["action"],
  ): Promise<Connected> {
    const alongside = () => Promise.resolve();
    return this.#connect(caller, { key, credentials, action, alongside, mayReplace: true, validated: false });
  }

  async #connect(
    caller: Caller,
    { key, credentials, action, alongside, mayReplace, validated }: Connection,
  ): Promise<Connected> {
    const store = () =>
      this.#outbox.transaction(caller.userId, async (em, emit) => {
        let replaced: ProviderAccount | null = null;
        const onReplace = (account: ProviderAccount | null) => {
          if (!mayReplace) throw this.#stepUp.refusal();
          replaced = account;
        };
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
