import type { AuditTrail } from "../audit/audit-trail.ts";
import type { Caller } from "../callers/caller.ts";
import type { CredentialStore } from "../credentials/credential-store.ts";
import type { ProviderCredential } from "../credentials/provider-credential.ts";
import type { Database } from "../db/database.ts";
import {
  AuthError,
  KeyUnavailableError,
  MethodUnavailableError,
  ReauthenticationRequiredError,
} from "../errors/auth-error.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { AttemptLimits } from "../rate-limits/attempt-limits.ts";
import type { Refresher } from "./refresher.ts";

/** A credential that could not be refreshed, as it is now, and why. */
export interface RefreshFailure {
  readonly credential: ProviderCredential;
  readonly error: AuthError;
}

/** What became of each of a user's credentials. */
export interface RefreshReport {
  readonly refreshed: readonly ProviderCredential[];
  readonly failed: readonly RefreshFailure[];
  /** Whether some were left, for another call. */
  readonly hasMore: boolean;
}

/** Credentials that one call refreshes, and how many of them at a time. */
const maxRefreshed = 100;
const atATime = 10;

/** Refreshes that people ask for. */
export class RefreshRequests {
  readonly #database: Database;
  readonly #registry: ProviderRegistry;
  readonly #store: CredentialStore;
  readonly #refresher: Refresher;
  readonly #attempts: AttemptLimits;
  readonly #audit: AuditTrail;

  constructor(parts: {
    readonly database: Database;
    readonly registry: ProviderRegistry;
    readonly store: CredentialStore;
    readonly refresher: Refresher;
    readonly attempts: AttemptLimits;
    readonly audit: AuditTrail;
  }) {
    this.#database = parts.database;
    this.#registry = parts.registry;
    this.#store = parts.store;
    this.#refresher = parts.refresher;
    this.#attempts = parts.attempts;
    this.#audit = parts.audit;
  }

  /** Refreshes one credential now, due or not. @throws AuthError; what was stored before is untouched then. */
  async refresh(caller: Caller, credentialId: string): Promise<ProviderCredential> {
    return this.#refresh(caller, await this.#find(caller, credentialId));
  }

  /** Refreshes a user's credentials that can be, those first that were refreshed longest ago. */
  async refreshAll(caller: Caller): Promise<RefreshReport> {
    const found = await this.#store.listRefreshable(this.#database.em(), caller.userId, maxRefreshed + 1);
    const credentials = found.slice(0, maxRefreshed);
    const refreshed: ProviderCredential[] = [];
    const failed: RefreshFailure[] = [];
    const refresh = async (credential: ProviderCredential) => {
      try {
        refreshed.push(await this.#refresh(caller, credential));
      } catch (error) {
        if (!(error instanceof AuthError)) throw error;
        const now = await this.#store.find(this.#database.em(), caller.userId, credential.id);
        if (now !== null) failed.push({ credential: now, error });
      }
    };
    for (let from = 0; from < credentials.length; from += atATime)
      await Promise.all(credentials.slice(from, from + atATime).map(refresh));
    return { refreshed, failed, hasMore: found.length > maxRefreshed };
  }

  async #refresh(caller: Caller, credential: ProviderCredential): Promise<ProviderCredential> {
    await this.#expectRefreshable(caller, credential);
    await this.#attempts.refresh(caller, credential);
    await this.#refresher.renew(credential, { demand: "asked", actor: caller.actor });
    return this.#get(caller.userId, credential.id);
  }

  // A refresh puts itself on record, how many ever have asked for it. What is refused before it is put on record here.

  async #find(caller: Caller, id: string): Promise<ProviderCredential> {
    try {
      return await this.#get(caller.userId, id);
    } catch (error) {
      await this.#audit.writeFailure(caller, { action: "credential.refresh" }, error);
      throw error;
    }
  }

  async #expectRefreshable(caller: Caller, credential: ProviderCredential): Promise<void> {
    try {
      this.#assertRefreshable(credential);
    } catch (error) {
      await this.#audit.writeFailure(caller, { action: "credential.refresh", credential }, error);
      throw error;
    }
  }

  #get(userId: string, id: string): Promise<ProviderCredential> {
    return this.#store.get(this.#database.em(), userId, id);
  }

  #assertRefreshable(credential: ProviderCredential): void {
    const provider = this.#registry.ofStored(credential.provider);
    const reason = credential.statusReason ?? "Connect the provider again.";
    if (credential.status === "needs_reauth") throw new ReauthenticationRequiredError(reason, credential);
    if (credential.status === "unreadable") throw new KeyUnavailableError(reason);
    if (credential.refreshable) return;
    const methods = provider.getAvailableMethods().flatMap(({ method, available }) => (available ? [method] : []));
    const what =
      credential.authMethod === "api_key"
        ? "An API key is not refreshed: it works until it is deleted at the provider."
        : `This sign-in at ${provider.displayName} came without a refresh token. Connect again when it expires.`;
    throw new MethodUnavailableError(what, methods);
  }
}
