import { LockMode } from "@mikro-orm/core";
import type { Caller } from "../callers/caller.ts";
import { isUsable } from "../credentials/credential-status.ts";
import { type CredentialStore, defaultLabel } from "../credentials/credential-store.ts";
import { type ProviderCredential, ProviderCredentialEntity } from "../credentials/provider-credential.ts";
import type { Database, EntityManager } from "../db/database.ts";
import { AuthError, CredentialNotFoundError, ProviderUnavailableError } from "../errors/auth-error.ts";
import type { Clock } from "../lib/clock.ts";
import type { AuthMethod, ProviderAuth } from "../providers/provider-auth.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { Refresher } from "../refresh/refresher.ts";
import type { SessionManager } from "../sessions/session-manager.ts";
import type { ProviderChoice } from "../sessions/session-store.ts";
import type { Session } from "../sessions/session.ts";
import type { ServerKeys } from "./server-keys.ts";

/** What a session is to use; null leaves it to the chain. */
export interface WantedProvider {
  readonly provider: string;
  readonly method: AuthMethod | null;
  readonly label: string | null;
  readonly model: string | null;
}

export interface SelectCommand extends WantedProvider {
  readonly sessionId: string;
}

/**
 * Makes providers active in sessions: with the credential that the chain OAuth, API key, environment comes to first.
 */
export class ProviderSelector {
  readonly #database: Database;
  readonly #registry: ProviderRegistry;
  readonly #store: CredentialStore;
  readonly #sessions: SessionManager;
  readonly #refresher: Refresher;
  readonly #serverKeys: ServerKeys;
  readonly #clock: Clock;

  constructor(parts: {
    readonly database: Database;
    readonly registry: ProviderRegistry;
    readonly store: CredentialStore;
    readonly sessions: SessionManager;
    readonly refresher: Refresher;
    readonly serverKeys: ServerKeys;
    readonly clock: Clock;
  }) {
    this.#database = parts.database;
    this.#registry = parts.registry;
    this.#store = parts.store;
    this.#sessions = parts.sessions;
    this.#refresher = parts.refresher;
    this.#serverKeys = parts.serverKeys;
    this.#clock = parts.clock;
  }

  /** @throws ProviderNotFoundError, SessionNotFoundError, SessionExpiredError, CredentialNotFoundError */
  async select(caller: Caller, { sessionId, ...wanted }: SelectCommand): Promise<Session> {
    const provider = this.#registry.get(wanted.provider);
    await this.#sessions.get(caller.userId, sessionId);
    const choice = await this.#choose(caller, provider, wanted);
    return this.#sessions.choose(caller.userId, sessionId, choice, this.#hold(caller, provider, choice));
  }

  /**
   * Starts a session in which the provider is active from the beginning. Where it cannot be used, none is started.
   * @throws ProviderNotFoundError, CredentialNotFoundError
   */
  async start(caller: Caller, label: string | null, wanted: WantedProvider): Promise<Session> {
    const provider = this.#registry.get(wanted.provider);
    const choice = await this.#choose(caller, provider, wanted);
    return this.#sessions.startWith(caller, label, choice, this.#hold(caller, provider, choice));
  }

  /** Locked before the session, as whoever revokes or replaces it does. */
  #hold({ userId }: Caller, provider: ProviderAuth, { authMethod, label, source }: ProviderChoice) {
    const key = { userId, provider: provider.name, authMethod, label };
    return async (em: EntityManager): Promise<void> => {
      const lockMode = LockMode.PESSIMISTIC_READ;
      const isThere = source !== "stored" || (await em.findOne(ProviderCredentialEntity, key, { lockMode })) !== null;
      if (!isThere) throw this.#serverKeys.notConnected(provider);
    };
  }

  async #choose(
    { userId }: Caller,
    provider: ProviderAuth,
    { method, label, model }: WantedProvider,
  ): Promise<ProviderChoice> {
    const { name } = provider;
    const filter = { provider: name, method, label };
    const stored = await this.#store.listPreferred(this.#database.em(), userId, filter);
    for (const credential of stored) {
      if (await this.#isGood(credential)) {
        return { provider: name, authMethod: credential.authMethod, label: credential.label, source: "stored", model };
      }
    }
    if (stored.length > 0) throw needsConnecting(provider, stored[0]!);
    const environment = this.#serverKeys.find(provider);
    const isAskedFor = label === null && (method === null || method === environment?.method);
    if (environment === null || !isAskedFor) throw this.#serverKeys.notConnected(provider);
    return { provider: name, authMethod: environment.method, label: defaultLabel, source: "environment", model };
  }

  /** A token whose time has come is refreshed first, so that the session begins with one that works. */
  async #isGood(credential: ProviderCredential): Promise<boolean> {
    const now = this.#clock.now();
    if (!isUsable(credential, now)) return false;
    if (credential.nextTryAt == null || credential.nextTryAt > now) return true;
    try {
      await this.#refresher.renew(credential, { demand: "due" });
      return true;
    } catch (error) {
      // A provider that does not answer now has not said no.
      if (error instanceof ProviderUnavailableError) return true;
      if (error instanceof AuthError) return false;
      throw error;
    }
  }
}

function needsConnecting(provider: ProviderAuth, { label }: ProviderCredential): CredentialNotFoundError {
  return new CredentialNotFoundError(
    `${provider.displayName} no longer accepts the credential "${label}". Connect it again with \`authenticate\`.`,
  );
}
