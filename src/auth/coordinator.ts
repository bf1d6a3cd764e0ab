import type { Caller } from "../callers/caller.ts";
import type { CredentialSealer } from "../credentials/credential-sealer.ts";
import { type CredentialFilter, type CredentialStore, defaultLabel } from "../credentials/credential-store.ts";
import type { ProviderCredential } from "../credentials/provider-credential.ts";
import type { Secret } from "../credentials/secret.ts";
import type { Database } from "../db/database.ts";
import { AuthError, CredentialNotFoundError } from "../errors.ts";
import type { Outbox } from "../events/outbox.ts";
import type { Page, PageOfAll } from "../page.ts";
import { byId, RowBatch } from "../row-batch.ts";
import type { AuthMethod, OAuthCredentials, ProviderCredentials } from "../providers/provider-auth.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { Session } from "../sessions/session.ts";
import type { SessionManager } from "../sessions/session-manager.ts";
import type { AccessGrant, AccessIssuer, AccessRequest } from "./access-issuer.ts";
import type { AttemptLimits } from "./attempt-limits.ts";
import type { AccessRecord } from "./access-record.ts";
import type { AuditedAction, AuditTrail } from "../observability/audit-trail.ts";
import type { CredentialChecker } from "./credential-checker.ts";
import type { CredentialConnector } from "./credential-connector.ts";
import type { RefreshReport, RefreshRequests } from "./refresh/refresh-requests.ts";
import { credentialEventBody } from "./credential-event.ts";
import { assertMethod, assertOAuthAvailable } from "./flow-kind.ts";
import type { ProviderSelector, WantedProvider } from "./provider-selector.ts";
import type { SessionActivation } from "./session-activation.ts";

export interface ConnectKeyCommand {
  readonly provider: string;
  readonly label: string | null;
  readonly apiKey: Secret;
  /** The session in which it becomes active. */
  readonly sessionId: string | null;
}

export interface StartSessionCommand {
  readonly label: string | null;
  /** What is active from the beginning; null for nothing. */
  readonly activeProvider: WantedProvider | null;
}

/** Tokens that were obtained elsewhere. */
export interface ImportCommand {
  readonly provider: string;
  readonly label: string | null;
  readonly credentials: OAuthCredentials;
}

/** Credentials of another system, whose operator vouches for them. */
export interface AdoptCommand {
  readonly provider: string;
  readonly label: string | null;
  readonly credentials: ProviderCredentials;
}

/** What a revocation did. */
export interface Revocation {
  readonly credential: ProviderCredential;
  /** Whether the provider confirmed it too; null where it offers no revocation. */
  readonly revokedAtProvider: boolean | null;
}

/** What was removed together with a provider. */
export interface ClearedProvider {
  readonly session: Session;
  readonly revokedIds: readonly string[];
}

/** The one façade over everything that can be done with credentials; GraphQL and the command line call it. */
export class Coordinator {
  readonly #database: Database;
  readonly #registry: ProviderRegistry;
  readonly #store: CredentialStore;
  readonly #sealer: CredentialSealer;
  readonly #outbox: Outbox;
  readonly #audit: AuditTrail;
  readonly #attempts: AttemptLimits;
  readonly #checker: CredentialChecker;
  readonly #connector: CredentialConnector;
  readonly #issuer: AccessIssuer;
  readonly #accessRecord: AccessRecord;
  readonly #refreshes: RefreshRequests;
  readonly #sessions: SessionManager;
  readonly #activation: SessionActivation;
  readonly #selector: ProviderSelector;
  readonly #found = new RowBatch(async (userId, ids) =>
    byId(await this.#store.findAll(this.#database.em(), userId, ids)),
  );

  constructor(parts: {
    readonly database: Database;
    readonly registry: ProviderRegistry;
    readonly store: CredentialStore;
    readonly sealer: CredentialSealer;
    readonly outbox: Outbox;
    readonly audit: AuditTrail;
    readonly attempts: AttemptLimits;
    readonly checker: CredentialChecker;
    readonly connector: CredentialConnector;
    readonly issuer: AccessIssuer;
    readonly accessRecord: AccessRecord;
    readonly refreshes: RefreshRequests;
    readonly sessions: SessionManager;
    readonly activation: SessionActivation;
    readonly selector: ProviderSelector;
  }) {
    this.#database = parts.database;
    this.#registry = parts.registry;
    this.#store = parts.store;
    this.#sealer = parts.sealer;
    this.#outbox = parts.outbox;
    this.#audit = parts.audit;
    this.#attempts = parts.attempts;
    this.#checker = parts.checker;
    this.#connector = parts.connector;
    this.#issuer = parts.issuer;
    this.#accessRecord = parts.accessRecord;
    this.#refreshes = parts.refreshes;
    this.#sessions = parts.sessions;
    this.#activation = parts.activation;
    this.#selector = parts.selector;
  }

  /**
   * Checks an API key with its provider, then stores it encrypted. Nothing is stored when the provider rejects it or
   * does not answer; either way an audit row tells of it.
   * @throws AuthError
   */
  async connectKey(caller: Caller, command: ConnectKeyCommand): Promise<ProviderCredential> {
    const { provider, label, apiKey, sessionId } = command;
    return this.#attempt(caller, "credential.authenticate", provider, async () => {
      await this.#activation.require(caller.userId, sessionId);
      const credentials = await this.#registry.get(provider).authenticate({ method: "api_key", apiKey });
      const key = { userId: caller.userId, provider, authMethod: credentials.method, label: label ?? defaultLabel };
      const activate = this.#activation.within(sessionId);
      return this.#connector.connect(caller, key, credentials, "credential.authenticate", activate);
    });
  }

  /** Checks tokens that were obtained elsewhere with their provider, then stores them encrypted. @throws AuthError */
  async importCredential(caller: Caller, { provider, label, credentials }: ImportCommand): Promise<ProviderCredential> {
    return this.#attempt(caller, "credential.import", provider, async () => {
      const auth = this.#registry.get(provider);
      assertOAuthAvailable(auth);
      const accepted = await auth.validateCredentials(credentials);
      const key = { userId: caller.userId, provider, authMethod: accepted.method, label: label ?? defaultLabel };
      return this.#connector.connect(caller, key, accepted, "credential.import");
    });
  }

  /**
   * Stores credentials of another system as they are. Their provider is not asked, since an access token may have ended
   * whose refresh token lives; the next use or renewal shows whether they work.
   * @throws ProviderNotFoundError, MethodUnavailableError
   */
  async adoptCredential(caller: Caller, { provider, label, credentials }: AdoptCommand): Promise<ProviderCredential> {
    return this.#attempt(caller, "credential.import", provider, async () => {
      assertMethod(this.#registry.get(provider), credentials.method);
      const key = { userId: caller.userId, provider, authMethod: credentials.method, label: label ?? defaultLabel };
      return this.#connector.adopt(caller, key, credentials, "credential.import");
    });
  }

  /** Whether this very secret is stored under a user's provider and label, or another one, or none. */
  async compareStored(
    userId: string,
    { provider, label, credentials }: AdoptCommand,
  ): Promise<"none" | "same" | "different"> {
    const filter = { provider, method: credentials.method, label: label ?? defaultLabel };
    const stored = await this.preferredCredential(userId, filter);
    if (stored === null) return "none";
    return stored.fingerprint === this.#sealer.fingerprint(userId, credentials) ? "same" : "different";
  }

  /** Asks the provider whether it still accepts a stored credential. @throws AuthError */
  async validateCredential(caller: Caller, credentialId: string): Promise<ProviderCredential> {
    return this.#checker.check(caller, credentialId);
  }

  /** Renews a credential's tokens now. @throws AuthError; what was stored before is untouched then. */
  async refreshCredential(caller: Caller, credentialId: string): Promise<ProviderCredential> {
    return this.#refreshes.refresh(caller, credentialId);
  }

  /** Renews all of the user's tokens that can be, and tells of each that could not. */
  async refreshCredentials(caller: Caller): Promise<RefreshReport> {
    return this.#refreshes.refreshAll(caller);
  }

  /**
   * Removes a credential for good, and ends it at the provider where that is offered. A provider that is down does not
   * keep the user from removing the local copy.
   * @throws CredentialNotFoundError also when another call removed it first.
   */
  async revokeCredential(caller: Caller, credentialId: string): Promise<Revocation> {
    return this.#audited(caller, { action: "credential.revoke" }, () => this.#revoke(caller, credentialId));
  }

  async #revoke(caller: Caller, credentialId: string): Promise<Revocation> {
    const stored = await this.#store.get(this.#database.em(), caller.userId, credentialId);
    const revokedAtProvider = await this.#revokeAtProvider(stored);
    return this.#outbox.transaction(caller.userId, async (em, emit) => {
      const credential = await this.#store.get(em, caller.userId, credentialId);
      if (!(await this.#store.remove(em, caller.userId, credentialId))) throw new CredentialNotFoundError();
      await this.#audit.write(em, caller, { action: "credential.revoke", outcome: "succeeded", credential });
      emit({ type: "CredentialRevoked", body: credentialEventBody(credential) });
      await this.#sessions.forgetCredential(em, emit, credential);
      return { credential, revokedAtProvider };
    });
  }

  /**
   * Removes all of a user's credentials for a provider, and drops the provider from a session.
   * @throws ProviderNotFoundError, SessionNotFoundError, SessionExpiredError
   */
  async clearProvider(caller: Caller, sessionId: string, provider: string): Promise<ClearedProvider> {
    const { name } = this.#registry.get(provider);
    await this.#sessions.get(caller.userId, sessionId);
    const revokedIds: string[] = [];
    for (const { id } of await this.#store.listPreferred(this.#database.em(), caller.userId, { provider: name })) {
      try {
        await this.revokeCredential(caller, id);
        revokedIds.push(id);
      } catch (error) {
        // Another call was faster.
        if (!(error instanceof CredentialNotFoundError)) throw error;
      }
    }
    return { session: await this.#sessions.drop(caller.userId, sessionId, name), revokedIds };
  }

  /** @throws RateLimitedError; ProviderNotFoundError, CredentialNotFoundError, and then no session is started. */
  async startSession(caller: Caller, { label, activeProvider }: StartSessionCommand): Promise<Session> {
    await this.#attempts.sessionStart(caller);
    if (activeProvider === null) return this.#sessions.start(caller, label);
    return this.#selector.start(caller, label, activeProvider);
  }

  /** Headers for a call to a provider, now. @throws AuthError */
  async issueAccess(caller: Caller, request: AccessRequest): Promise<AccessGrant> {
    try {
      const grant = await this.#issuer.issue(caller, request);
      this.#accessRecord.granted(caller, grant);
      return grant;
    } catch (error) {
      this.#accessRecord.refused(caller, request, error);
      throw error;
    }
  }

  async findCredential(userId: string, id: string): Promise<ProviderCredential | null> {
    return this.#found.find(userId, id);
  }

  async listCredentials(userId: string, filter: CredentialFilter, page: Page): Promise<ProviderCredential[]> {
    return this.#store.list(this.#database.em(), userId, filter, page);
  }

  /** Of all users, for the operator. */
  async listAllCredentials(filter: CredentialFilter, page: PageOfAll): Promise<ProviderCredential[]> {
    return this.#store.listOfAll(this.#database.em(), filter, page);
  }

  /** The credential that `issueAccess` prefers. */
  async preferredCredential(
    userId: string,
    filter: { readonly provider: string; readonly method: AuthMethod | null; readonly label: string | null },
  ): Promise<ProviderCredential | null> {
    const [first] = await this.#store.listPreferred(this.#database.em(), userId, filter);
    return first ?? null;
  }

  async #revokeAtProvider(credential: ProviderCredential): Promise<boolean | null> {
    const provider = this.#registry.find(credential.provider);
    if (provider === null) return null;
    try {
      const details = { expiresAt: credential.expiresAt ?? null, scopes: credential.scopes };
      return await provider.revokeCredentials(this.#sealer.open(credential, details));
    } catch (error) {
      // Whatever keeps the provider from being asked, the user may remove the local copy.
      if (error instanceof AuthError) return false;
      throw error;
    }
  }

  async #attempt<T>(
    caller: Caller,
    action: AuditedAction["action"],
    provider: string,
    work: () => Promise<T>,
  ): Promise<T> {
    // A name that is no provider's may be a key in the wrong field.
    const attempt = { action, provider: this.#registry.find(provider)?.name ?? null };
    return this.#attempts.authentication(caller, attempt, () => this.#audited(caller, attempt, work));
  }

  /** What succeeds has put itself on record. */
  async #audited<T>(caller: Caller, action: Omit<AuditedAction, "outcome">, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.#audit.writeFailure(caller, action, error);
      throw error;
    }
  }
}
