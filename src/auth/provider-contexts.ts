import type { Clock } from "../clock.ts";
import type { CredentialStore } from "../credentials/credential-store.ts";
import { isUsable } from "../credentials/credential-status.ts";
import type { ProviderCredential } from "../credentials/provider-credential.ts";
import type { Database } from "../db/database.ts";
import type { AuthMethod, ProviderAuth } from "../providers/provider-auth.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { CredentialSource, Session, SessionProvider } from "../sessions/session.ts";
import type { SessionManager } from "../sessions/session-manager.ts";

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

/** Tells what sessions can use: what was chosen in them, and else what `issueAccess` would take. */
export class ProviderContexts {
  readonly #database: Database;
  readonly #registry: ProviderRegistry;
  readonly #store: CredentialStore;
  readonly #sessions: SessionManager;
  readonly #clock: Clock;

  constructor(parts: {
    readonly database: Database;
    readonly registry: ProviderRegistry;
    readonly store: CredentialStore;
    readonly sessions: SessionManager;
    readonly clock: Clock;
  }) {
    this.#database = parts.database;
    this.#registry = parts.registry;
    this.#store = parts.store;
    this.#sessions = parts.sessions;
    this.#clock = parts.clock;
  }

  /** One context for each provider of the catalogue. */
  async list(session: Session): Promise<ProviderContext[]> {
    const [choices, credentials] = await Promise.all([
      this.#sessions.listProviders(session),
      this.#store.listPreferred(this.#database.em(), session.userId, {}),
    ]);
    return this.#registry.list().map((provider) => {
      const choice = choices.find((item) => item.provider === provider.name) ?? null;
      const own = credentials.filter((credential) => credential.provider === provider.name);
      return this.#describe(provider, choice, own);
    });
  }

  /** Null for a name that is not in the catalogue. */
  async find(session: Session, name: string): Promise<ProviderContext | null> {
    const provider = this.#registry.find(name);
    return provider === null ? null : this.#read(session, provider);
  }

  /** The context of the session's active provider; null where none is active. */
  async active(session: Session): Promise<ProviderContext | null> {
    return session.activeProvider == null ? null : this.#read(session, this.#registry.ofStored(session.activeProvider));
  }

  async #read(session: Session, provider: ProviderAuth): Promise<ProviderContext> {
    const [choices, credentials] = await Promise.all([
      this.#sessions.listProviders(session),
      this.#store.listPreferred(this.#database.em(), session.userId, { provider: provider.name }),
    ]);
    return this.#describe(provider, choices.find((item) => item.provider === provider.name) ?? null, credentials);
  }

  #describe(
    provider: ProviderAuth,
    choice: SessionProvider | null,
    credentials: readonly ProviderCredential[],
  ): ProviderContext {
    const chosen = { model: choice?.model ?? null, selectedAt: choice?.selectedAt ?? null };
    const fits = (credential: ProviderCredential) =>
      choice === null ||
      (choice.source === "stored" && credential.authMethod === choice.authMethod && credential.label === choice.label);
    const isFromEnvironment = choice === null ? credentials.length === 0 : choice.source === "environment";
    const environment = isFromEnvironment ? provider.environmentCredentials() : null;
    if (environment !== null) {
      const { method } = environment;
      return { provider, status: "authenticated", method, source: "environment", credential: null, ...chosen };
    }
    const now = this.#clock.now();
    const own = credentials.filter(fits);
    const credential = own.find((item) => isUsable(item, now)) ?? own[0] ?? null;
    const status = credential !== null && isUsable(credential, now) ? "authenticated" : "needs_auth";
    const method = credential?.authMethod ?? choice?.authMethod ?? null;
    const source = credential === null ? null : "stored";
    return { provider, status, method, source, credential, ...chosen };
  }
}
