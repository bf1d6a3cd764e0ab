import {
  BrokenCircuitError,
  bulkhead,
  type BulkheadPolicy,
  BulkheadRejectedError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  handleType,
  IsolatedCircuitError,
} from "cockatiel";
import { ProviderUnavailableError } from "../errors/auth-error.ts";
import { Witnesses } from "./witnesses.ts";

/** How many refreshes must fail in a row before a provider is left alone. */
const failuresUntilOpen = 3;
/** Milliseconds between two tries of a provider that is down. */
export const probeIntervalMs = 5_000;
/** Milliseconds until a provider that refuses this server's own client is tried again. */
export const pauseMs = 300_000;
const maxWaiting = 10_000;
/** The part of the room that one user may fill, and how many of his refreshes wait for it. */
const userShare = 0.25;
const maxWaitingPerUser = 100;

/** What one provider's refreshes may do to it. */
export interface GateLimits {
  /** Refreshes in flight at once. */
  readonly maxInFlight: number;
}

export const defaultGateLimits: GateLimits = { maxInFlight: 16 };

/** A failure that tells of the provider itself: the breaker counts these alone. */
class OutageError extends Error {
  override readonly cause: ProviderUnavailableError;

  constructor(cause: ProviderUnavailableError) {
    super(cause.message);
    this.cause = cause;
  }
}

/**
 * One provider's refreshes, as this process makes them: so many at once, of which each user may have a share, and none
 * while it does not answer, but for one try every five seconds.
 */
export class ProviderGate implements Disposable {
  readonly #displayName: string;
  readonly #bulkhead;
  readonly #breaker = circuitBreaker(handleType(OutageError), {
    halfOpenAfter: probeIntervalMs,
    breaker: new ConsecutiveBreaker(failuresUntilOpen),
  });
  readonly #witnesses = new Witnesses();
  /** How many refreshes a user may have in flight. */
  readonly perUser: number;
  readonly #users = new Map<string, BulkheadPolicy>();
  #openedAt = 0;
  #pause: { readonly reason: string; readonly timer: NodeJS.Timeout; readonly until: number } | null = null;

  constructor(displayName: string, { maxInFlight }: GateLimits) {
    this.#displayName = displayName;
    this.#bulkhead = bulkhead(maxInFlight, maxWaiting);
    this.perUser = Math.max(Math.floor(maxInFlight * userShare), 1);
    this.#breaker.onBreak(() => (this.#openedAt = Date.now()));
  }

  /** How many refreshes would start at once. */
  get free(): number {
    switch (this.#breaker.state) {
      case CircuitState.Closed:
        return this.#bulkhead.executionSlots;
      case CircuitState.Open:
        return Date.now() - this.#openedAt >= probeIntervalMs ? 1 : 0;
      default:
        return 0;
    }
  }

  /** The users who have refreshes in flight, each as often as there are. */
  get busyUsers(): readonly string[] {
    return [...this.#users].flatMap(([user, { executionSlots }]) =>
      Array.from({ length: this.perUser - executionSlots }, () => user),
    );
  }

  /** Whether requests go through, as far as the last ones tell. */
  get letsThrough(): boolean {
    return this.#breaker.state === CircuitState.Closed;
  }

  /** Milliseconds until a provider that is down may be tried again; null where it is not left alone, or for longer. */
  get untilProbeMs(): number | null {
    if (this.#breaker.state !== CircuitState.Open) return null;
    return Math.max(this.#openedAt + probeIntervalMs - Date.now(), 0);
  }

  /**
   * Runs `work` when there is room, for its user and at all; what it sends to the provider it sends through `call`.
   * @throws ProviderUnavailableError without running it while the provider is left alone; whatever `work` throws.
   */
  async admit<T>(user: string, work: () => Promise<T>): Promise<T> {
    try {
      this.#assertOpen();
      return await this.#inTurn(user, () =>
        this.#bulkhead.execute(() => {
          this.#assertOpen();
          return work();
        }),
      );
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async #inTurn<T>(user: string, work: () => Promise<T>): Promise<T> {
    const own = this.#users.get(user) ?? bulkhead(this.perUser, maxWaitingPerUser);
    this.#users.set(user, own);
    let hasTurn = false;
    try {
      return await own.execute(() => {
        hasTurn = true;
        return work();
      });
    } catch (error) {
      if (hasTurn || !(error instanceof BulkheadRejectedError)) throw error;
      throw withheld(`Too many of this user's sign-ins at ${this.#displayName} are waiting to be refreshed.`, 5, error);
    } finally {
      if (own.executionSlots === this.perUser && own.queueSlots === maxWaitingPerUser) this.#users.delete(user);
    }
  }

  /**
   * Makes one call, from whose outcome the next ones learn. @throws ProviderUnavailableError; whatever `send` throws.
   */
  async call<T>(user: string, send: () => Promise<T>): Promise<T> {
    try {
      return await this.#breaker.execute(async () => {
        try {
          const answer = await send();
          this.#witnesses.succeeded();
          return answer;
        } catch (error) {
          throw this.#isOutage(user, error) ? new OutageError(error) : error;
        }
      });
    } catch (error) {
      throw this.#explain(error);
    }
  }

  #isOutage(user: string, error: unknown): error is ProviderUnavailableError {
    if (!(error instanceof ProviderUnavailableError)) return false;
    const isSilence = error.failure === "refused" || error.failure === "unknown";
    if (!isSilence && error.failure !== "limited") return false;
    const tellsMore = isSilence ? this.#witnesses.silenced(user) : this.#witnesses.limited(user);
    // The one try of a provider that is down has to succeed.
    return tellsMore || !this.letsThrough;
  }

  /**
   * The provider has refused this server's own client for a grant of this user for which it once accepted it. Once
   * several users have met that in a row, the provider is left alone for a while. @returns whether it is now.
   */
  clientRefused(user: string, reason: string): boolean {
    const isSure = this.#witnesses.clientRefused(user);
    if (isSure) this.#leaveAlone(reason);
    return isSure;
  }

  #assertOpen(): void {
    const { state } = this.#breaker;
    if (state === CircuitState.Isolated) throw new IsolatedCircuitError();
    const isProbeDue = state === CircuitState.Open && Date.now() - this.#openedAt >= probeIntervalMs;
    if (state !== CircuitState.Closed && !isProbeDue) throw new BrokenCircuitError();
  }

  /** No request of this server can succeed there. */
  #leaveAlone(reason: string): void {
    if (this.#pause !== null) return;
    const isolation = this.#breaker.isolate();
    const timer = setTimeout(() => {
      this.#pause = null;
      isolation.dispose();
    }, pauseMs).unref();
    this.#pause = { reason, timer, until: Date.now() + pauseMs };
  }

  #explain(error: unknown): unknown {
    const name = this.#displayName;
    if (error instanceof OutageError) return error.cause;
    if (error instanceof IsolatedCircuitError) {
      return withheld(this.#pause?.reason ?? `${name} is paused.`, secondsUntil(this.#pause?.until ?? 0), error);
    }
    if (error instanceof BrokenCircuitError) {
      return withheld(
        `${name} has not answered the last requests.`,
        secondsUntil(this.#openedAt + probeIntervalMs),
        error,
      );
    }
    return error instanceof BulkheadRejectedError
      ? withheld(`Too many sign-ins at ${name} are waiting to be refreshed.`, 5, error)
      : error;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#pause?.timer);
  }
}

function withheld(detail: string, retryAfter: number, cause: Error): ProviderUnavailableError {
  const message = `${detail} Try again in ${retryAfter} s.`;
  return new ProviderUnavailableError(message, { failure: "withheld", cause, retryAfter, detail });
}

function secondsUntil(time: number): number {
  return Math.max(Math.ceil((time - Date.now()) / 1000), 1);
}
