import { setTimeout as delay } from "node:timers/promises";
import {
  AuthError,
  CredentialNotFoundError,
  KeyUnavailableError,
  MethodUnavailableError,
  ProviderUnavailableError,
  ReauthenticationRequiredError,
} from "../errors/auth-error.ts";
import type { Logger } from "../observability/logger.ts";
import type { OAuthCredentials, ProviderAuth } from "../providers/provider-auth.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { RefreshCycle } from "./cycle.ts";
import type { RefreshClaim, RefreshClaims, RefreshDemand, RefreshState, RefreshTarget } from "./lease.ts";
import { serverActor } from "./outcome.ts";
import { isLeased, postponement, underWay } from "./postponement.ts";
import type { ProviderGates } from "./provider-gates.ts";

/** How long a caller waits for a refresh, in milliseconds. The refresh itself goes on. */
const patienceMs = 5_000;
/** How long this process looks for the end of a refresh that another process makes. */
const lookForMs = 15_000;
const lookIntervalMs = 100;

/** Why somebody wants a refresh, and who. */
export interface RenewalRequest {
  readonly demand: RefreshDemand;
  /** The `sub` that caused it; the server itself unless it is given. */
  readonly actor?: string;
  /** Called before a renewal is begun that nobody else makes already; what it throws keeps it from being made. */
  readonly beforehand?: () => Promise<void>;
}

/** What came of a try to claim a credential and refresh it. */
interface Attempt {
  readonly claim: RefreshClaim;
  readonly sent: Promise<OAuthCredentials>;
}

/**
 * Refreshes credentials, each exactly once: claim, send, spool, store. Callers who want the same credential wait for
 * the same refresh, whichever process makes it.
 */
export class Refresher {
  readonly #registry: ProviderRegistry;
  readonly #gates: ProviderGates;
  readonly #claims: RefreshClaims;
  readonly #cycle: RefreshCycle;
  readonly #log: Logger;
  /** By the version that is being refreshed. */
  readonly #awaited = new Map<string, Promise<void>>();
  readonly #running = new Set<Promise<void>>();
  #isClosing = false;

  constructor(parts: {
    readonly registry: ProviderRegistry;
    readonly gates: ProviderGates;
    readonly claims: RefreshClaims;
    readonly cycle: RefreshCycle;
    readonly log: Logger;
  }) {
    this.#registry = parts.registry;
    this.#gates = parts.gates;
    this.#claims = parts.claims;
    this.#cycle = parts.cycle;
    this.#log = parts.log;
  }

  /**
   * Resolves once the credential has a newer version than the target's.
   * @throws CredentialNotFoundError, MethodUnavailableError (only where it was asked for),
   * ReauthenticationRequiredError, KeyUnavailableError, what `beforehand` throws, or ProviderUnavailableError where
   * there is none yet: what was stored before is untouched then.
   */
  async renew(target: RefreshTarget, request: RenewalRequest): Promise<void> {
    await withPatience(this.#awaited.get(keyOf(target)) ?? this.#share(target, this.#renew(target, request)));
  }

  /** Refreshes what the worker has claimed. Never rejects: what went wrong stands in the row. */
  async run(claim: RefreshClaim): Promise<void> {
    const provider = this.#registry.ofStored(claim.provider);
    const sent = this.#gates.of(provider).admit(claim.userId, () => this.#cycle.send(provider, claim));
    try {
      await this.#share(claim, this.#finish(provider, claim, sent));
    } catch (error) {
      // Refusals have been written down. Anything else, such as a database that is away, ends with the lease.
      if (!(error instanceof AuthError)) {
        this.#log.tell("refresh.unrecorded", { credentialId: claim.id, err: error });
      }
    }
  }

  async #finish(provider: ProviderAuth, claim: RefreshClaim, sent: Promise<OAuthCredentials>): Promise<void> {
    if (!(await this.#cycle.finish(provider, claim, sent, serverActor))) throw underWay(provider);
  }

  /** Resolves when no refresh of this process is under way any more. Those of others are no longer waited for. */
  async close(): Promise<void> {
    this.#isClosing = true;
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  /** Lets others wait for the same refresh. */
  async #share(target: Pick<RefreshTarget, "id" | "tokenVersion">, work: Promise<void>): Promise<void> {
    const key = keyOf(target);
    this.#running.add(work);
    this.#awaited.set(key, work);
    try {
      await work;
    } finally {
      this.#running.delete(work);
      if (this.#awaited.get(key) === work) this.#awaited.delete(key);
    }
  }

  async #renew(target: RefreshTarget, request: RenewalRequest): Promise<void> {
    const { demand, actor = serverActor } = request;
    const provider = this.#registry.ofStored(target.provider);
    assertCanRefresh(provider, demand);
    if (request.beforehand !== undefined) await this.#prepare(provider, target, request);
    const deadline = performance.now() + lookForMs;
    const isOver = () => this.#isClosing || performance.now() >= deadline;
    for (;;) {
      const attempt = await this.#attempt(provider, target, demand);
      if (attempt !== null && (await this.#cycle.finish(provider, attempt.claim, attempt.sent, actor))) return;
      let state = await this.#read(target);
      while (isLeased(state) && state.tokenVersion === target.tokenVersion && !isOver()) {
        await delay(lookIntervalMs);
        state = await this.#read(target);
      }
      if (state.tokenVersion > target.tokenVersion) return;
      if (!canBeClaimed(state, demand) || isOver()) throw postponement(provider, state);
      await delay(lookIntervalMs);
    }
  }

  /** Where the renewal could not be begun now, that comes first: nothing is counted that is not made. */
  async #prepare(provider: ProviderAuth, target: RefreshTarget, { demand, beforehand }: RenewalRequest): Promise<void> {
    const state = await this.#read(target);
    if (isLeased(state) || state.tokenVersion > target.tokenVersion) return;
    if (!canBeClaimed(state, demand)) throw postponement(provider, state);
    await beforehand?.();
  }

  /** Null: the credential could not be claimed. */
  async #attempt(provider: ProviderAuth, target: RefreshTarget, demand: RefreshDemand): Promise<Attempt | null> {
    return this.#gates.of(provider).admit(target.userId, async () => {
      const claim = await this.#claims.claim(target, demand, provider.replayWindow);
      if (claim === null) return null;
      const sent = this.#cycle.send(provider, claim);
      // The room is taken until there is an answer.
      await Promise.allSettled([sent]);
      return { claim, sent };
    });
  }

  /** @throws where the credential is gone, or nothing can be refreshed any more. */
  async #read(target: RefreshTarget): Promise<RefreshState> {
    const state = await this.#claims.readState(target);
    if (state === null) throw new CredentialNotFoundError();
    const message = state.statusReason ?? "Connect the provider again.";
    if (state.status === "unreadable") throw new KeyUnavailableError(message);
    if (state.status === "needs_reauth") throw new ReauthenticationRequiredError(message, target);
    return state;
  }
}

function keyOf({ id, tokenVersion }: Pick<RefreshTarget, "id" | "tokenVersion">): string {
  return `${id} ${tokenVersion}`;
}

/** Whether a claim was in vain only because a lease had not ended yet, or the time had not come. */
function canBeClaimed(state: RefreshState, demand: RefreshDemand): boolean {
  const isPast = (ms: number | null) => ms === null || ms <= 0;
  if (!isPast(state.leaseMs) || (state.isSent && !isPast(state.replayMs))) return false;
  if (demand === "due") return state.nextTryMs !== null && state.nextTryMs <= 0;
  return isPast(state.earliestMs) && (demand === "asked" || state.failCount === 0 || isPast(state.nextTryMs));
}

/** A person who asks is told of other ways to connect; whoever needs a token only that there is none now. */
function assertCanRefresh(provider: ProviderAuth, demand: RefreshDemand): void {
  const methods = provider.getAvailableMethods();
  const oauth = methods.find(({ method }) => method === "oauth");
  if (oauth?.available) return;
  const reason = oauth?.unavailableReason ?? `${provider.displayName} cannot be connected by OAuth.`;
  if (demand !== "asked") {
    const detail = `The token must be refreshed, but that failed: ${reason}`;
    throw new ProviderUnavailableError(detail, { failure: "withheld", detail });
  }
  const others = methods.flatMap(({ method, available }) => (available ? [method] : []));
  throw new MethodUnavailableError(reason, others);
}

async function withPatience(renewal: Promise<void>): Promise<void> {
  const { promise: impatience, reject } = Promise.withResolvers<never>();
  const detail = "The provider has not responded yet; the refresh continues.";
  const refusal = () =>
    new ProviderUnavailableError(`${detail} Try again in a moment.`, { failure: "withheld", detail, retryAfter: 1 });
  const timer = setTimeout(() => reject(refusal()), patienceMs);
  try {
    await Promise.race([renewal, impatience]);
  } finally {
    clearTimeout(timer);
  }
}
