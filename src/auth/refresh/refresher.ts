import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../clock.ts";
import type { CredentialSealer } from "../../credentials/credential-sealer.ts";
import { backoff, type RefreshScheduler } from "../../credentials/refresh-schedule.ts";
import {
  AuthError,
  CredentialNotFoundError,
  InvalidCredentialError,
  KeyUnavailableError,
  MethodUnavailableError,
  ProviderUnavailableError,
  ReauthenticationRequiredError,
} from "../../errors.ts";
import type { FaultHandler } from "../../fault-point.ts";
import type { Logger } from "../../observability/logger.ts";
import type { OAuthCredentials, ProviderAuth } from "../../providers/provider-auth.ts";
import type { ProviderRegistry } from "../../providers/registry.ts";
import type { ProviderGates } from "./provider-gates.ts";
import {
  type RefreshClaim,
  type RefreshClaims,
  type RefreshDemand,
  type RefreshState,
  type RefreshTarget,
  sendWithinMs,
} from "./refresh-claims.ts";
import { type RefreshRecord, serverActor } from "./refresh-record.ts";
import { type Renewal, sealRenewal } from "./renewal.ts";
import type { RenewalKeeper } from "./renewal-keeper.ts";

/** How long a caller waits for a refresh, in milliseconds. The refresh itself goes on. */
const patienceMs = 5_000;
/** Between two looks at a refresh that another process makes. */
const lookIntervalMs = 100;

/** A refresh that somebody waits for. */
export interface RenewalRequest {
  readonly demand: RefreshDemand;
  /** The `sub` that caused it. */
  readonly actor?: string;
}

/**
 * Refreshes credentials, each exactly once: claim, send, spool, store. Callers who want the same credential wait for the
 * same refresh, whichever process makes it.
 */
export class Refresher {
  readonly #registry: ProviderRegistry;
  readonly #gates: ProviderGates;
  readonly #claims: RefreshClaims;
  readonly #record: RefreshRecord;
  readonly #keeper: RenewalKeeper;
  readonly #sealer: CredentialSealer;
  readonly #scheduler: RefreshScheduler;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #faults: FaultHandler;
  /** By credential id. */
  readonly #awaited = new Map<string, Promise<void>>();
  readonly #running = new Set<Promise<void>>();

  constructor(parts: {
    readonly registry: ProviderRegistry;
    readonly gates: ProviderGates;
    readonly claims: RefreshClaims;
    readonly record: RefreshRecord;
    readonly keeper: RenewalKeeper;
    readonly sealer: CredentialSealer;
    readonly scheduler: RefreshScheduler;
    readonly clock: Clock;
    readonly log: Logger;
    readonly faults: FaultHandler;
  }) {
    this.#registry = parts.registry;
    this.#gates = parts.gates;
    this.#claims = parts.claims;
    this.#record = parts.record;
    this.#keeper = parts.keeper;
    this.#sealer = parts.sealer;
    this.#scheduler = parts.scheduler;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#faults = parts.faults;
  }

  /**
   * Resolves once the credential has a newer version than the target's.
   * @throws CredentialNotFoundError, MethodUnavailableError, ReauthenticationRequiredError, KeyUnavailableError, or
   * ProviderUnavailableError where there is none yet: what was stored before is untouched then.
   */
  async renew(target: RefreshTarget, request: RenewalRequest): Promise<void> {
    await withPatience(this.#awaited.get(target.id) ?? this.#share(target.id, this.#renew(target, request)));
  }

  /** Refreshes what the worker has claimed. Never rejects: what went wrong stands in the row. */
  async run(claim: RefreshClaim): Promise<void> {
    const provider = this.#registry.ofStored(claim.provider);
    const attempt = this.#gates.of(provider).run(() => this.#send(provider, claim));
    await this.#share(claim.id, this.#settle(provider, claim, attempt, serverActor)).catch((error: unknown) => {
      if (!(error instanceof AuthError)) this.#log.error({ err: error, credentialId: claim.id }, "a refresh failed");
    });
  }

  /** Resolves when no refresh of this process is under way any more. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  /** Lets others wait for the same refresh. */
  async #share(credentialId: string, work: Promise<void>): Promise<void> {
    this.#running.add(work);
    this.#awaited.set(credentialId, work);
    try {
      await work;
    } finally {
      this.#running.delete(work);
      if (this.#awaited.get(credentialId) === work) this.#awaited.delete(credentialId);
    }
  }

  async #renew(target: RefreshTarget, { demand, actor = serverActor }: RenewalRequest): Promise<void> {
    const provider = this.#registry.ofStored(target.provider);
    assertRefreshes(provider);
    const deadline = performance.now() + 2 * patienceMs;
    for (;;) {
      let claim: RefreshClaim | null = null;
      const attempt = this.#gates.of(provider).run(async () => {
        claim = await this.#claims.claim(target, demand, provider.replayWindow);
        return claim === null ? null : this.#send(provider, claim);
      });
      if (await this.#settleIfClaimed(provider, () => claim, attempt, actor)) return;
      const state = await this.#claims.readState(target);
      if (isRenewed(state, target, provider)) return;
      if (state.leaseMs === null || state.leaseMs <= 0 || performance.now() > deadline)
        throw postponed(provider, state);
      await delay(lookIntervalMs);
    }
  }

  async #settleIfClaimed(
    provider: ProviderAuth,
    claimed: () => RefreshClaim | null,
    attempt: Promise<OAuthCredentials | null>,
    actor: string,
  ): Promise<boolean> {
    const [result] = await Promise.allSettled([attempt]);
    const claim = claimed();
    if (claim !== null) {
      await this.#settle(provider, claim, attempt as Promise<OAuthCredentials>, actor);
      return true;
    }
    if (result.status === "rejected") throw result.reason;
    return false;
  }

  /** Sends the refresh token. Once it is sent, nothing cancels it but its deadline. */
  async #send(provider: ProviderAuth, claim: RefreshClaim): Promise<OAuthCredentials> {
    await this.#faults("claimed");
    // This process may have been stopped in between.
    if (performance.now() - claim.claimedAt > sendWithinMs) throw new StaleClaimError();
    const credentials = await provider.refreshCredentials(this.#sealer.open(claim, claim));
    await this.#faults("received");
    return credentials as OAuthCredentials;
  }

  /** Writes down how an attempt ended. @throws what `renew` throws */
  async #settle(
    provider: ProviderAuth,
    claim: RefreshClaim,
    attempt: Promise<OAuthCredentials>,
    actor: string,
  ): Promise<void> {
    let renewal: Renewal;
    try {
      const credentials = await attempt;
      provider.health.recover();
      const parts = { sealer: this.#sealer, scheduler: this.#scheduler };
      renewal = sealRenewal(claim, credentials, parts, { now: this.#clock.now(), actor });
    } catch (error) {
      throw await this.#refuse(provider, claim, error, actor);
    }
    await this.#keeper.keep(renewal);
  }

  /** @returns what to tell those who wait. */
  async #refuse(provider: ProviderAuth, claim: RefreshClaim, error: unknown, actor: string): Promise<unknown> {
    if (error instanceof InvalidCredentialError) return this.#end(provider, claim, error, actor);
    if (error instanceof KeyUnavailableError) {
      await this.#record.ended(claim, "unreadable", { reason: error.message, outcome: error.code, actor });
      return error;
    }
    if (error instanceof ProviderUnavailableError && error.failure === "misconfigured") {
      this.#log.error({ err: error, provider: provider.name }, "refreshes at this provider are paused");
      this.#gates.of(provider).pause(error.message);
      provider.health.complain(error.message);
    }
    if (hadNoEffect(error)) {
      await this.#record.released(claim);
      return error instanceof StaleClaimError ? new ProviderUnavailableError("Try again.", { retryAfter: 1 }) : error;
    }
    if (!(error instanceof ProviderUnavailableError)) {
      this.#log.error({ err: error, credentialId: claim.id }, "a refresh failed for a reason that nobody foresaw");
    }
    return this.#postpone(provider, claim, error, actor);
  }

  /** The provider has ended the grant, unless another process has refreshed it in the meantime. */
  async #end(
    provider: ProviderAuth,
    claim: RefreshClaim,
    error: InvalidCredentialError,
    actor: string,
  ): Promise<unknown> {
    const isLost = claim.isReplay && Number.isFinite(provider.replayWindow);
    const reason = isLost
      ? `The answer to an earlier renewal was lost, and ${provider.displayName} takes no refresh token a second time (rotation_lost). Connect the provider again.`
      : error.message;
    const details = { reason, outcome: "REAUTHENTICATION_REQUIRED", actor } as const;
    if (!(await this.#record.ended(claim, "needs_reauth", details))) return superseded(provider);
    return new ReauthenticationRequiredError(reason, claim, { cause: error });
  }

  async #postpone(provider: ProviderAuth, claim: RefreshClaim, error: unknown, actor: string): Promise<unknown> {
    const known = error instanceof ProviderUnavailableError ? error : null;
    const isUnknown = known === null || known.failure === "unknown";
    const isFirst = claim.failCount === 0;
    // What is harmless to repeat is repeated at once.
    const wait = isUnknown && isFirst && provider.replayWindow > 0 ? 0 : backoff(claim.failCount + 1);
    const retryInMs = Math.max(wait, (known?.retryAfter ?? 0) * 1000);
    const reason = known?.detail ?? "The renewal failed inside this server.";
    const { replayWindow } = provider;
    await this.#record.failed(claim, { reason, retryInMs, isUnknown, replayWindow, actor });
    this.#log.warn(
      { err: error, credentialId: claim.id, provider: claim.provider },
      "a refresh failed and is tried again",
    );
    return known ?? new ProviderUnavailableError(`${reason} Try again later.`, { cause: error, failure: "unknown" });
  }
}

/** A claim that was not sent in time: its answer could come after the lease. */
class StaleClaimError extends Error {}

/** Whether nothing has reached the provider that could have had an effect, and another try needs no waiting. */
function hadNoEffect(error: unknown): boolean {
  if (error instanceof StaleClaimError || error instanceof MethodUnavailableError) return true;
  return error instanceof ProviderUnavailableError && error.failure === "misconfigured";
}

function assertRefreshes(provider: ProviderAuth): void {
  const methods = provider.getAvailableMethods();
  const oauth = methods.find(({ method }) => method === "oauth");
  if (oauth?.available) return;
  const reason = oauth?.unavailableReason ?? `${provider.displayName} cannot be connected by OAuth.`;
  const others = methods.flatMap(({ method, available }) => (available ? [method] : []));
  throw new MethodUnavailableError(reason, others);
}

/** @throws where no newer version can be waited for. */
function isRenewed(state: RefreshState | null, target: RefreshTarget, provider: ProviderAuth): state is null {
  if (state === null) throw new CredentialNotFoundError();
  if (state.tokenVersion > target.tokenVersion) return true;
  if (state.status === "active") return false;
  const message = state.statusReason ?? `${provider.displayName} no longer accepts the credential "${state.label}".`;
  if (state.status === "unreadable") throw new KeyUnavailableError(message);
  throw new ReauthenticationRequiredError(message, target);
}

function seconds(milliseconds: number): number {
  return Math.max(Math.ceil(milliseconds / 1000), 1);
}

/** Why a credential cannot be claimed now. */
function postponed(provider: ProviderAuth, state: RefreshState): ProviderUnavailableError {
  if (state.leaseMs !== null && state.leaseMs > 0) return superseded(provider);
  if (state.isSent && state.replayMs !== null && state.replayMs > 0) {
    const detail = `The outcome of the last renewal at ${provider.displayName} is not known, and repeating it now could end the sign-in.`;
    const retryAfter = seconds(state.replayMs);
    return new ProviderUnavailableError(`${detail} The server repeats it in ${retryAfter} s.`, { detail, retryAfter });
  }
  if (state.earliestMs !== null && state.earliestMs > 0) {
    const detail = `${provider.displayName} allows no renewal yet.`;
    const retryAfter = seconds(state.earliestMs);
    return new ProviderUnavailableError(`${detail} It allows one in ${retryAfter} s.`, { detail, retryAfter });
  }
  const retryAfter = seconds(state.nextTryMs ?? 0);
  const detail = state.statusReason ?? `The renewal at ${provider.displayName} has to wait.`;
  return new ProviderUnavailableError(`${detail} The server tries again in ${retryAfter} s.`, { detail, retryAfter });
}

function superseded(provider: ProviderAuth): ProviderUnavailableError {
  const detail = `A renewal at ${provider.displayName} is under way.`;
  return new ProviderUnavailableError(`${detail} Try again in a moment.`, { detail, retryAfter: 1 });
}

async function withPatience(renewal: Promise<void>): Promise<void> {
  using patience = new Patience();
  await Promise.race([renewal, patience.over]);
}

/** Rejects after a while; the timer ends with it. */
class Patience implements Disposable {
  readonly #timer: NodeJS.Timeout;
  readonly over: Promise<never>;

  constructor() {
    const { promise, reject } = Promise.withResolvers<never>();
    this.over = promise;
    const detail = "The provider has not answered yet; the renewal goes on.";
    const error = () => new ProviderUnavailableError(`${detail} Try again in a moment.`, { detail, retryAfter: 1 });
    this.#timer = setTimeout(() => reject(error()), patienceMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
