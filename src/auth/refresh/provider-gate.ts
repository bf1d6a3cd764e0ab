import {
  BrokenCircuitError,
  bulkhead,
  BulkheadRejectedError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  handleWhen,
  IsolatedCircuitError,
} from "cockatiel";
import { ProviderUnavailableError } from "../../errors.ts";

/** How many refreshes must fail in a row before a provider is left alone. */
const failuresUntilOpen = 3;
/** Milliseconds between two tries of a provider that is down. */
export const probeIntervalMs = 5_000;
/** Milliseconds until a provider that refuses this server's own client is tried again. */
const pauseMs = 300_000;
const maxWaiting = 10_000;

/** What one provider's refreshes may do to it. */
export interface GateLimits {
  /** Refreshes in flight at once. */
  readonly maxInFlight: number;
}

export const defaultGateLimits: GateLimits = { maxInFlight: 16 };

/**
 * One provider's refreshes, as this process makes them: so many at once, and none while it does not answer, but for one
 * try every five seconds.
 */
export class ProviderGate implements Disposable {
  readonly #displayName: string;
  readonly #bulkhead;
  readonly #breaker = circuitBreaker(
    handleWhen((error) => error instanceof ProviderUnavailableError),
    { halfOpenAfter: probeIntervalMs, breaker: new ConsecutiveBreaker(failuresUntilOpen) },
  );
  #openedAt = 0;
  #pause: { readonly reason: string; readonly timer: NodeJS.Timeout; readonly until: number } | null = null;

  constructor(displayName: string, { maxInFlight }: GateLimits) {
    this.#displayName = displayName;
    this.#bulkhead = bulkhead(maxInFlight, maxWaiting);
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

  /**
   * Runs `call` when there is room.
   * @throws ProviderUnavailableError without running it while the provider is left alone; whatever `call` throws.
   */
  async run<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await this.#bulkhead.execute(() => this.#breaker.execute(call));
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Leaves the provider alone for a while, as no request of this server can succeed there. */
  pause(reason: string): void {
    if (this.#pause !== null) return;
    const isolation = this.#breaker.isolate();
    const timer = setTimeout(() => {
      this.#pause = null;
      isolation.dispose();
    }, pauseMs).unref();
    this.#pause = { reason, timer, until: Date.now() + pauseMs };
  }

  #explain(error: unknown): unknown {
    if (error instanceof IsolatedCircuitError) {
      const { reason, until } = this.#pause ?? { reason: `${this.#displayName} is paused.`, until: Date.now() };
      return new ProviderUnavailableError(reason, { cause: error, retryAfter: secondsUntil(until) });
    }
    if (error instanceof BrokenCircuitError) {
      const retryAfter = secondsUntil(this.#openedAt + probeIntervalMs);
      const detail = `${this.#displayName} has not answered the last requests.`;
      return new ProviderUnavailableError(`${detail} Try again in ${retryAfter} s.`, {
        cause: error,
        retryAfter,
        detail,
      });
    }
    if (error instanceof BulkheadRejectedError) {
      const detail = `Too many sign-ins at ${this.#displayName} wait to be renewed.`;
      return new ProviderUnavailableError(`${detail} Try again in 5 s.`, { cause: error, retryAfter: 5, detail });
    }
    return error;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#pause?.timer);
  }
}

function secondsUntil(time: number): number {
  return Math.max(Math.ceil((time - Date.now()) / 1000), 1);
}
