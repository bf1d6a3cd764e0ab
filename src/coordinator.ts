import type { AccessIssuer } from "./access/access-issuer.ts";
import type { AccessRecord } from "./access/access-record.ts";
import type { AccessGrant, AccessRequest } from "./access/grants.ts";
import type { ProviderSelector, WantedProvider } from "./access/provider-selector.ts";
import type { Caller } from "./callers/caller.ts";
import type { CredentialChecker } from "./connect/credential-checker.ts";
import type { Connected } from "./connect/credential-connector.ts";
import type { AdoptCommand, ConnectKeyCommand, CredentialIntake, ImportCommand } from "./connect/credential-intake.ts";
import type { ClearedProvider, CredentialRevoker, Revocation } from "./connect/credential-revoker.ts";
import type { CredentialSealer } from "./credentials/credential-sealer.ts";
import { type CredentialFilter, type CredentialStore, defaultLabel } from "./credentials/credential-store.ts";
import type { ProviderCredential } from "./credentials/provider-credential.ts";
import type { Database } from "./db/database.ts";
import type { Page, PageOfAll } from "./lib/pagination.ts";
import { byId, RowBatch } from "./lib/row-batch.ts";
import type { AuthMethod } from "./providers/provider-auth.ts";
import type { AttemptLimits } from "./rate-limits/attempt-limits.ts";
import type { RefreshReport, RefreshRequests } from "./refresh/on-demand.ts";
import type { SessionManager } from "./sessions/session-manager.ts";
import type { Session } from "./sessions/session.ts";

export interface StartSessionCommand {
  readonly label: string | null;
  /** What is active from the beginning; null for nothing. */
  readonly activeProvider: WantedProvider | null;
}

/** The one façade over everything that can be done with credentials; GraphQL and the command line call it. */
export class Coordinator {
  readonly #database: Database;
  readonly #store: CredentialStore;
  readonly #sealer: CredentialSealer;
  readonly #attempts: AttemptLimits;
  readonly #checker: CredentialChecker;
  readonly #intake: CredentialIntake;
  readonly #revoker: CredentialRevoker;
  readonly #issuer: AccessIssuer;
  readonly #accessRecord: AccessRecord;
  readonly #refreshes: RefreshRequests;
  readonly #sessions: SessionManager;
  readonly #selector: ProviderSelector;
  readonly #found = new RowBatch(async (userId, ids) =>
    byId(await this.#store.findAll(this.#database.em(), userId, ids)),
  );

  constructor(parts: {
    readonly database: Database;
    readonly store: CredentialStore;
    readonly sealer: CredentialSealer;
    readonly attempts: AttemptLimits;
    readonly checker: CredentialChecker;
    readonly intake: CredentialIntake;
    readonly revoker: CredentialRevoker;
    readonly issuer: AccessIssuer;
    readonly accessRecord: AccessRecord;
    readonly refreshes: RefreshRequests;
    readonly sessions: SessionManager;
    readonly selector: ProviderSelector;
  }) {
    this.#database = parts.database;
    this.#store = parts.store;
    this.#sealer = parts.sealer;
    this.#attempts = parts.attempts;
    this.#checker = parts.checker;
    this.#intake = parts.intake;
    this.#revoker = parts.revoker;
    this.#issuer = parts.issuer;
    this.#accessRecord = parts.accessRecord;
    this.#refreshes = parts.refreshes;
    this.#sessions = parts.sessions;
    this.#selector = parts.selector;
  }

  /**
   * Checks an API key with its provider, then stores it encrypted. Nothing is stored when the provider rejects it or
   * does not answer; either way an audit row tells of it.
   * @throws AuthError
   */
  async connectKey(caller: Caller, command: ConnectKeyCommand): Promise<Connected> {
    return this.#intake.connectKey(caller, command);
  }

  /** Checks tokens that were obtained elsewhere with their provider, then stores them encrypted. @throws AuthError */
  async importCredential(caller: Caller, command: ImportCommand): Promise<Connected> {
    return this.#intake.import(caller, command);
  }

  /**
   * Stores credentials of another system without asking their provider. @throws ProviderNotFoundError,
   * MethodUnavailableError
   */
  async adoptCredential(caller: Caller, command: AdoptCommand): Promise<Connected> {
    return this.#intake.adopt(caller, command);
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
   * Removes a credential for good, and ends it at the provider where that is offered.
   * @throws CredentialNotFoundError also when another call removed it first.
   */
  async revokeCredential(caller: Caller, credentialId: string): Promise<Revocation> {
    return this.#revoker.revoke(caller, credentialId);
  }

  /**
   * Removes all of a user's credentials for a provider, and drops the provider from a session.
   * @throws ProviderNotFoundError, SessionNotFoundError, SessionExpiredError
   */
  async clearProvider(caller: Caller, sessionId: string, provider: string): Promise<ClearedProvider> {
    return this.#revoker.clearProvider(caller, sessionId, provider);
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
    const [first] = await this.#store.listPreferred(this.#database.em(), userId, filter, 1);
    return first ?? null;
  }
}
