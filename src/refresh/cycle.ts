import type { CredentialSealer } from "../credentials/credential-sealer.ts";
import { backoff, type RefreshScheduler } from "../credentials/refresh-schedule.ts";
import {
  AuthError,
  InvalidCredentialError,
  KeyUnavailableError,
  MethodUnavailableError,
  ProviderUnavailableError,
  ReauthenticationRequiredError,
} from "../errors/auth-error.ts";
import { outcomeOf } from "../errors/outcome.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../observability/logger.ts";
import type { RefreshMetrics } from "../observability/metrics.ts";
import type { OAuthCredentials, ProviderAuth } from "../providers/provider-auth.ts";
import type { FaultHandler } from "./fault-point.ts";
import { type RefreshClaim, sendWithinMs } from "./lease.ts";
import type { RefreshRecord } from "./outcome.ts";
import { underWay } from "./postponement.ts";
import type { ProviderGates } from "./provider-gates.ts";
import type { RenewalKeeper } from "./recovery.ts";
import type { Judgement, RefusalJudge } from "./refusal-judge.ts";
import { sealRenewal } from "./renewal.ts";

/** A claim that was not sent in time: its answer could come after the lease. */
class StaleClaimError extends Error {}

/** What follows a claim: send, spool, store; or write down what went wrong and when to try again. */
export class RefreshCycle {
  readonly #gates: ProviderGates;
  readonly #record: RefreshRecord;
  readonly #judge: RefusalJudge;
  readonly #keeper: RenewalKeeper;
  readonly #sealer: CredentialSealer;
  readonly #scheduler: RefreshScheduler;
  readonly #metrics: RefreshMetrics;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #faults: FaultHandler;

  constructor(parts: {
    readonly gates: ProviderGates;
    readonly record: RefreshRecord;
    readonly judge: RefusalJudge;
    readonly keeper: RenewalKeeper;
    readonly sealer: CredentialSealer;
    readonly scheduler: RefreshScheduler;
    readonly metrics: RefreshMetrics;
    readonly clock: Clock;
    readonly log: Logger;
    readonly faults: FaultHandler;
  }) {
    this.#gates = parts.gates;
    this.#record = parts.record;
    this.#judge = parts.judge;
    this.#keeper = parts.keeper;
    this.#sealer = parts.sealer;
    this.#scheduler = parts.scheduler;
    this.#metrics = parts.metrics;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#faults = parts.faults;
  }

  /** Sends the refresh token. Once it is sent, nothing cancels it but its deadline. */
  async send(provider: ProviderAuth, claim: RefreshClaim): Promise<OAuthCredentials> {
    await this.#faults("claimed");
    // This process may have been stopped in between.
    if (performance.now() - claim.claimedAt > sendWithinMs) throw new StaleClaimError();
    await this.#sealer.prepare();
    const secrets = await this.#sealer.open(claim, claim);
    const credentials = await this.#gates.of(provider).call(claim.userId, () => provider.refreshCredentials(secrets));
    await this.#faults("received");
    return credentials as OAuthCredentials;
  }

  /**
   * Writes down how a claim's `send` ended. `false`: the credential was changed or claimed by another meanwhile, so
   * that nothing was written, and the row tells how things stand. @throws AuthError for those who wait where there are
   * no new tokens.
   */
  async finish(
    provider: ProviderAuth,
    claim: RefreshClaim,
    sent: Promise<OAuthCredentials>,
    actor: string,
  ): Promise<boolean> {
    let credentials: OAuthCredentials;
    try {
      credentials = await sent;
    } catch (error) {
      const refusal = await this.#refuse(provider, claim, error, actor);
      this.#count(claim, refusal === null ? "superseded" : outcomeOf(refusal));
      if (refusal === null) return false;
      throw refusal;
    }
    provider.health.recover();
    const parts = { sealer: this.#sealer, scheduler: this.#scheduler };
    const renewal = sealRenewal(claim, credentials, parts, { now: this.#clock.now(), actor });
    const fate = await this.#keeper.keep(renewal);
    this.#count(claim, fate === "stored" ? "succeeded" : fate);
    // Its user has removed the credential: nobody shall use what has come for it.
    if (fate === "gone") await provider.revokeCredentials(credentials);
    return fate !== "superseded";
  }

  #count({ provider, expiresAt, lag }: RefreshClaim, outcome: string): void {
    const isLate = expiresAt !== null && expiresAt <= this.#clock.now();
    this.#metrics.refreshEnded({ provider, outcome, isLate, lag: lag === null || lag < 0 ? null : lag });
  }

  /** @returns what to tell those who wait; null where the claim no longer held. */
  async #refuse(provider: ProviderAuth, claim: RefreshClaim, error: unknown, actor: string): Promise<unknown> {
    if (error instanceof InvalidCredentialError) {
      return this.#endGrant(provider, claim, error, { reason: error.message, code: null, actor });
    }
    if (error instanceof KeyUnavailableError && !error.isOfProcess) {
      await this.#record.ended(claim, "unreadable", { reason: error.message, outcome: error.code, actor });
      this.#log.tell("refresh.unreadable", { ...idsOf(claim), reason: error.message });
      return error;
    }
    if (hadNoEffect(error)) {
      await this.#record.released(claim);
      if (error instanceof AuthError) {
        this.#log.tell("refresh.withheld", { ...idsOf(claim), code: error.code, reason: error.message });
      }
      return error instanceof StaleClaimError ? underWay(provider) : error;
    }
    const judgement = await this.#judged(provider, claim, error);
    if (judgement?.isOver) return this.#endGrant(provider, claim, error as Error, { ...judgement, actor });
    return this.#postpone(provider, claim, error, { actor, ...judgement });
  }

  /** Null: it is no refusal, or none that could mean more than another try. */
  async #judged(provider: ProviderAuth, claim: RefreshClaim, error: unknown): Promise<Judgement | null> {
    const failure = error instanceof ProviderUnavailableError ? error.failure : null;
    if (failure === "declined") return this.#judge.ofGrant(provider, claim, error as ProviderUnavailableError);
    if (failure === "misconfigured") return this.#judge.ofClient(provider, claim, error as ProviderUnavailableError);
    return null;
  }

  /** The provider has ended the grant, unless another process has refreshed it in the meantime. */
  async #endGrant(
    provider: ProviderAuth,
    claim: RefreshClaim,
    cause: Error,
    { reason, code, actor }: { readonly reason: string; readonly code: string | null; readonly actor: string },
  ): Promise<AuthError | null> {
    const isLost = claim.isReplay && Number.isFinite(provider.replayWindow);
    const lost = `The response to an earlier refresh was lost, and ${provider.displayName} accepts no refresh token twice (rotation_lost). Connect the provider again.`;
    const told = isLost ? lost : reason;
    const details = { reason: told, outcome: "REAUTHENTICATION_REQUIRED", actor } as const;
    if (!(await this.#record.ended(claim, "needs_reauth", details))) return null;
    this.#log.tell("refresh.ended", { ...idsOf(claim), vendorCode: code, reason: told });
    return new ReauthenticationRequiredError(told, claim, { cause });
  }

  async #postpone(
    provider: ProviderAuth,
    claim: RefreshClaim,
    failure: unknown,
    { actor, ...judged }: { readonly actor: string } & Partial<Extract<Judgement, { isOver: false }>>,
  ): Promise<AuthError | null> {
    const { error = failure, refusals = 0 } = judged;
    const { replayWindow } = provider;
    const known = error instanceof ProviderUnavailableError ? error : null;
    const isUnknown = known === null || known.failure === "unknown";
    // What is harmless to repeat is repeated at once.
    const usualWait = isUnknown && claim.failCount === 0 && replayWindow > 0 ? 0 : backoff(claim.failCount + 1);
    const retryInMs = Math.max(judged.retryInMs ?? usualWait, (known?.retryAfter ?? 0) * 1000);
    const reason = known?.detail ?? "The refresh failed inside this server.";
    const refusalCode = known?.vendorCode ?? null;
    const setback = { reason, retryInMs, isUnknown, replayWindow, refusals, refusalCode, actor };
    if (!(await this.#record.failed(claim, setback))) return null;
    const ids = idsOf(claim);
    if (known === null) this.#log.tell("refresh.broken", { ...ids, err: error });
    else this.#log.tell("refresh.failed", { ...ids, failure: known.failure, vendorCode: refusalCode, reason });
    return known ?? new ProviderUnavailableError(`${reason} Try again later.`, { cause: error, failure: "unknown" });
  }
}

function idsOf({ id, provider }: RefreshClaim) {
  return { credentialId: id, provider };
}

/** Whether nothing has reached the provider that could have had an effect, and another try needs no waiting. */
function hadNoEffect(error: unknown): boolean {
  if (error instanceof StaleClaimError || error instanceof MethodUnavailableError) return true;
  // Another process may have the key that this one lacks.
  if (error instanceof KeyUnavailableError) return true;
  if (!(error instanceof ProviderUnavailableError)) return false;
  return error.failure === "withheld";
}
