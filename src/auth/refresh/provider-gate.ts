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
   * Runs `work` when there is room; what it sends to the provider it sends through `call`.
   * @throws ProviderUnavailableError without running it while the provider is left alone; whatever `work` throws.
   */
  async admit<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#bulkhead.execute(() => {
        this.#assertOpen();
        return work();
      });
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Makes one call, from whose failure the next ones learn. @throws ProviderUnavailableError; whatever `send` throws. */
  async call<T>(send: () => Promise<T>): Promise<T> {
    try {
      return await this.#breaker.execute(send);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  #assertOpen(): void {
    const { state } = this.#breaker;
    if (state === CircuitState.Isolated) throw new IsolatedCircuitError();
    const isProbeDue = state === CircuitState.Open && Date.now() - this.#openedAt >= probeIntervalMs;
    if (state !== CircuitState.Closed && !isProbeDue) throw new BrokenCircuitError();
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
    const name = this.#displayName;
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
      ? withheld(`Too many sign-ins at ${name} wait to be renewed.`, 5, error)
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
