import type { AuditTrail } from "../audit/audit-trail.ts";
import type { Caller } from "../callers/caller.ts";
import { credentialEventBody } from "../credentials/credential-event.ts";
import type { CredentialSealer } from "../credentials/credential-sealer.ts";
import type { CredentialStore } from "../credentials/credential-store.ts";
import { forgottenKeyId, type ProviderCredential, type StoredStatus } from "../credentials/provider-credential.ts";
import type { Database } from "../db/database.ts";
import {
  AuthError,
  InvalidCredentialError,
  KeyUnavailableError,
  ReauthenticationRequiredError,
} from "../errors/auth-error.ts";
import type { Outbox } from "../events/outbox.ts";
import type { Clock } from "../lib/clock.ts";
import type { ProviderCredentials } from "../providers/provider-auth.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { AttemptLimits } from "../rate-limits/attempt-limits.ts";
import type { RefreshDemand } from "../refresh/lease.ts";
import type { Refresher } from "../refresh/refresher.ts";

/** Asks providers whether they still accept stored credentials, and keeps what they say. */
export class CredentialChecker {
  readonly #database: Database;
  readonly #registry: ProviderRegistry;
  readonly #store: CredentialStore;
  readonly #sealer: CredentialSealer;
  readonly #outbox: Outbox;
  readonly #audit: AuditTrail;
  readonly #attempts: AttemptLimits;
  readonly #refresher: Refresher;
  readonly #clock: Clock;

  constructor(parts: {
    readonly database: Database;
    readonly registry: ProviderRegistry;
    readonly store: CredentialStore;
    readonly sealer: CredentialSealer;
    readonly outbox: Outbox;
    readonly audit: AuditTrail;
    readonly attempts: AttemptLimits;
    readonly refresher: Refresher;
    readonly clock: Clock;
  }) {
    this.#database = parts.database;
    this.#registry = parts.registry;
    this.#store = parts.store;
    this.#sealer = parts.sealer;
    this.#outbox = parts.outbox;
    this.#audit = parts.audit;
    this.#attempts = parts.attempts;
    this.#refresher = parts.refresher;
    this.#clock = parts.clock;
  }

  /**
   * Checks one credential of the caller's user.
   * @throws CredentialNotFoundError, ReauthenticationRequiredError (its secrets are kept no longer),
   * KeyUnavailableError, InvalidCredentialError (it is then marked as needing re-authentication, or gets a warning
   * where its account is disabled), ProviderUnavailableError or RateLimitedError (nothing is known, and nothing is
   * changed).
   */
  async check(caller: Caller, credentialId: string): Promise<ProviderCredential> {
    const found = await this.#find(caller, credentialId);
    const attempt = { action: "credential.validate", credential: found } as const;
    return this.#attempts.authentication(caller, attempt, () => this.#check(caller, found));
  }

  async #check(caller: Caller, found: ProviderCredential): Promise<ProviderCredential> {
    const isExpired = found.expiresAt != null && found.expiresAt <= this.#clock.now();
    let credential = isExpired && canRenew(found) ? await this.#renew(caller, found, "due") : found;
    let answer = await this.#ask(credential);
    // An access token may end before its time; the sign-in is over only when its refresh token is.
    if (canRefreshHelp(answer) && canRenew(credential)) {
      credential = await this.#renew(caller, credential, "rejected");
      answer = await this.#ask(credential);
    }
    if (answer instanceof AuthError) {
      await this.#refuse(caller, credential, answer);
      throw answer;
    }
    const { warning = null } = answer;
    await this.#outbox.transaction(caller.userId, async (em) => {
      await this.#store.markValidated(em, credential, warning);
      await this.#audit.write(em, caller, { action: "credential.validate", outcome: "succeeded", credential });
    });
    return this.#store.get(this.#database.em(), caller.userId, found.id);
  }

  /** A check puts itself on record. What is refused before it is put on record here. */
  async #find(caller: Caller, credentialId: string): Promise<ProviderCredential> {
    let credential: ProviderCredential | undefined;
    try {
      credential = await this.#store.get(this.#database.em(), caller.userId, credentialId);
      if (credential.keyId !== forgottenKeyId) return credential;
      throw new ReauthenticationRequiredError(credential.statusReason ?? "Connect the provider again.", credential);
    } catch (error) {
      const action = { action: "credential.validate" } as const;
      await this.#audit.writeFailure(caller, credential === undefined ? action : { ...action, credential }, error);
      throw error;
    }
  }

  /** What the provider accepts, or why it does not. */
  async #ask(credential: ProviderCredential): Promise<ProviderCredentials | AuthError> {
    const provider = this.#registry.ofStored(credential.provider);
    const details = { expiresAt: credential.expiresAt ?? null, scopes: credential.scopes };
    try {
      return await provider.validateCredentials(await this.#sealer.open(credential, details));
    } catch (error) {
      if (error instanceof AuthError) return error;
      throw error;
    }
  }

  async #renew(caller: Caller, credential: ProviderCredential, demand: RefreshDemand): Promise<ProviderCredential> {
    await this.#refresher.renew(credential, { demand, actor: caller.actor });
    return this.#store.get(this.#database.em(), caller.userId, credential.id);
  }

  async #refuse(caller: Caller, credential: ProviderCredential, error: AuthError): Promise<void> {
    const action = "credential.validate";
    const mark = () =>
      this.#outbox.transaction(caller.userId, async (em, emit) => {
        const status = statusAfter(error);
        if (isOfAccount(error)) await this.#store.warn(em, credential, error.message);
        const isChanged = status !== null && (await this.#store.markStatus(em, credential, status, error.message));
        await this.#audit.write(em, caller, { action, outcome: error.code, credential });
        if (isChanged && status === "needs_reauth") {
          const body = { ...credentialEventBody(credential), reason: error.message };
          emit({ type: "ReauthenticationRequired", body });
        }
      });
    await this.#audit.keepFailure(action, error, mark);
  }
}

function canRenew({ status, refreshable }: ProviderCredential): boolean {
  return status === "active" && refreshable;
}

function canRefreshHelp(answer: ProviderCredentials | AuthError): boolean {
  return answer instanceof InvalidCredentialError && answer.because === "refused";
}

/** A disabled account may be enabled again, and then the credential works as before. */
function isOfAccount(error: AuthError): boolean {
  return error instanceof InvalidCredentialError && error.because === "disabled";
}

/** Only what the provider's entry knows as the end of a credential ends it. */
function statusAfter(error: AuthError): StoredStatus | null {
  if (error instanceof InvalidCredentialError) return isOfAccount(error) ? null : "needs_reauth";
  return error instanceof KeyUnavailableError && !error.isOfProcess ? "unreadable" : null;
}
