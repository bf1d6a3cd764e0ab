import { isUsable } from "../credentials/credential-status.ts";
import type { CredentialStore } from "../credentials/credential-store.ts";
import type { ProviderCredential } from "../credentials/provider-credential.ts";
import type { Database } from "../db/database.ts";
import type { Clock } from "../lib/clock.ts";
import { RowBatch } from "../lib/row-batch.ts";
import type { AuthMethod, ProviderAuth } from "../providers/provider-auth.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { SessionManager } from "../sessions/session-manager.ts";
import type { CredentialSource, Session, SessionProvider } from "../sessions/session.ts";
import type { ServerKeys } from "./server-keys.ts";

/** How one session uses one provider, or would if it were chosen. */
export interface ProviderContext {
  readonly provider: ProviderAuth;
  readonly status: "authenticated" | "needs_auth";
  readonly method: AuthMethod | null;
  readonly source: CredentialSource | null;
  readonly credential: ProviderCredential | null;
  readonly model: string | null;
  /** Null where it was not chosen in the session. */
  readonly selectedAt: Date | null;
}

/** What a session's contexts are made of. */
interface Holdings {
  readonly choices: readonly SessionProvider[];
  /** What was chosen and is stored, by its key. */
  readonly chosen: ReadonlyMap<string, ProviderCredential>;
  /** What the chain would take, by provider. */
  readonly first: ReadonlyMap<string, ProviderCredential>;
}

function keyOf({ provider, authMethod, label }: Pick<ProviderCredential, "provider" | "authMethod" | "label">): string {
  return JSON.stringify([provider, authMethod, label]);
}

/** Tells what sessions can use: what was chosen in them, and else what `issueAccess` would take. */
export class ProviderContexts {
  readonly #database: Database;
  readonly #registry: ProviderRegistry;
  readonly #store: CredentialStore;
  readonly #sessions: SessionManager;
  readonly #serverKeys: ServerKeys;
  readonly #clock: Clock;
  readonly #holdings = new RowBatch((userId, ids) => this.#readHoldings(userId, ids));

  constructor(parts: {
    readonly database: Database;
    readonly registry: ProviderRegistry;
    readonly store: CredentialStore;
    readonly sessions: SessionManager;
    readonly serverKeys: ServerKeys;
    readonly clock: Clock;
  }) {
    this.#database = parts.database;
    this.#registry = parts.registry;
    this.#store = parts.store;
    this.#sessions = parts.sessions;
    this.#serverKeys = parts.serverKeys;
    this.#clock = parts.clock;
  }

  /** One context for each provider of the catalogue. */
  async list(session: Session): Promise<ProviderContext[]> {
    const holdings = await this.#holdingsOf(session);
    return this.#registry.list().map((provider) => this.#describe(provider, holdings));
  }

  /** Null for a name that is not in the catalogue. */
  async find(session: Session, name: string): Promise<ProviderContext | null> {
    const provider = this.#registry.find(name);
    return provider === null ? null : this.#describe(provider, await this.#holdingsOf(session));
  }

  /** The context of the session's active provider; null where none is active. */
  async active(session: Session): Promise<ProviderContext | null> {
    if (session.activeProvider == null) return null;
    return this.#describe(this.#registry.ofStored(session.activeProvider), await this.#holdingsOf(session));
  }

  async #holdingsOf({ userId, id }: Session): Promise<Holdings> {
    return (await this.#holdings.find(userId, id))!;
  }

  async #readHoldings(userId: string, sessionIds: readonly string[]): Promise<ReadonlyMap<string, Holdings>> {
    const em = () => this.#database.em();
    const [choices, first] = await Promise.all([
      this.#sessions.listProviders(userId, sessionIds),
      this.#store.listFirst(em(), userId),
    ]);
    const stored = choices.filter(({ source }) => source === "stored");
    const keys = [...new Map(stored.map((choice) => [keyOf(choice), choice])).values()];
    const chosen = await this.#store.findByKeys(em(), userId, keys);
    const bySession = Map.groupBy(choices, ({ sessionId }) => sessionId);
    const shared = {
      chosen: new Map(chosen.map((credential) => [keyOf(credential), credential])),
      first: new Map(first.map((credential) => [credential.provider, credential])),
    };
    return new Map(sessionIds.map((id) => [id, { ...shared, choices: bySession.get(id) ?? [] }]));
  }

  #describe(provider: ProviderAuth, holdings: Holdings): ProviderContext {
    const choice = holdings.choices.find((item) => item.provider === provider.name) ?? null;
    const first = holdings.first.get(provider.name) ?? null;
    const chosen = { model: choice?.model ?? null, selectedAt: choice?.selectedAt ?? null };
    const isFromEnvironment = choice === null ? first === null : choice.source === "environment";
    const environment = isFromEnvironment ? this.#serverKeys.find(provider) : null;
    if (environment !== null) {
      const { method } = environment;
      return { provider, status: "authenticated", method, source: "environment", credential: null, ...chosen };
    }
    const now = this.#clock.now();
    const ofChoice = choice?.source === "stored" ? (holdings.chosen.get(keyOf(choice)) ?? null) : null;
    const credential = choice === null ? first : ofChoice;
    const status = credential !== null && isUsable(credential, now) ? "authenticated" : "needs_auth";
    const method = credential?.authMethod ?? choice?.authMethod ?? null;
    const source = credential === null ? null : "stored";
    return { provider, status, method, source, credential, ...chosen };
  }
}
