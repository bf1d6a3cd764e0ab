import type { AuditTrail } from "../audit/audit-trail.ts";
import type { Caller } from "../callers/caller.ts";
import { credentialEventBody } from "../credentials/credential-event.ts";
import type { CredentialSealer } from "../credentials/credential-sealer.ts";
import type { CredentialStore } from "../credentials/credential-store.ts";
import type { ProviderCredential } from "../credentials/provider-credential.ts";
import type { Database } from "../db/database.ts";
import { AuthError, CredentialNotFoundError } from "../errors/auth-error.ts";
import type { Outbox } from "../events/outbox.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { SessionManager } from "../sessions/session-manager.ts";
import type { Session } from "../sessions/session.ts";

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
  /** Whether some were left, for another call. */
  readonly hasMore: boolean;
}

/** Credentials that one call removes: more than a provider's usual quota. */
const maxCleared = 200;

/** Removes credentials for good: here, at the provider, and from every session that uses them. */
export class CredentialRevoker {
  readonly #database: Database;
  readonly #registry: ProviderRegistry;
  readonly #store: CredentialStore;
  readonly #sealer: CredentialSealer;
  readonly #outbox: Outbox;
  readonly #audit: AuditTrail;
  readonly #sessions: SessionManager;

  constructor(parts: {
    readonly database: Database;
    readonly registry: ProviderRegistry;
    readonly store: CredentialStore;
    readonly sealer: CredentialSealer;
    readonly outbox: Outbox;
    readonly audit: AuditTrail;
    readonly sessions: SessionManager;
  }) {
    this.#database = parts.database;
    this.#registry = parts.registry;
    this.#store = parts.store;
    this.#sealer = parts.sealer;
    this.#outbox = parts.outbox;
    this.#audit = parts.audit;
    this.#sessions = parts.sessions;
  }

  /**
   * A provider that is down does not keep the user from removing the local copy.
   * @throws CredentialNotFoundError also when another call removed it first.
   */
  async revoke(caller: Caller, credentialId: string): Promise<Revocation> {
    return this.#audit.attempt(caller, { action: "credential.revoke" }, async () => {
      const stored = await this.#store.get(this.#database.em(), caller.userId, credentialId);
      const revokedAtProvider = await this.#revokeAtProvider(stored);
      await this.#sessions.forgetBeforehand(stored);
      return { credential: await this.#remove(caller, credentialId), revokedAtProvider };
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
    const em = this.#database.em();
    const stored = await this.#store.listPreferred(em, caller.userId, { provider: name }, maxCleared + 1);
    for (const { id } of stored.slice(0, maxCleared)) {
      try {
        await this.revoke(caller, id);
        revokedIds.push(id);
      } catch (error) {
        // Another call was faster.
        if (!(error instanceof CredentialNotFoundError)) throw error;
      }
    }
    const session = await this.#sessions.drop(caller.userId, sessionId, name);
    return { session, revokedIds, hasMore: stored.length > maxCleared };
  }

  async #remove(caller: Caller, credentialId: string): Promise<ProviderCredential> {
    return this.#outbox.transaction(caller.userId, async (em, emit) => {
      const credential = await this.#store.get(em, caller.userId, credentialId);
      if (!(await this.#store.remove(em, caller.userId, credentialId))) throw new CredentialNotFoundError();
      await this.#audit.write(em, caller, { action: "credential.revoke", outcome: "succeeded", credential });
      emit({ type: "CredentialRevoked", body: credentialEventBody(credential) });
      await this.#sessions.forgetCredential(em, emit, credential);
      return credential;
    });
  }

  async #revokeAtProvider(credential: ProviderCredential): Promise<boolean | null> {
    const provider = this.#registry.find(credential.provider);
    if (provider === null) return null;
    try {
      const details = { expiresAt: credential.expiresAt ?? null, scopes: credential.scopes };
      return await provider.revokeCredentials(await this.#sealer.open(credential, details));
    } catch (error) {
      // Whatever keeps the provider from being asked, the user may remove the local copy.
      if (error instanceof AuthError) return false;
      throw error;
    }
  }
}
