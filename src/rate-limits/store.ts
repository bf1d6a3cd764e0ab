import { type RateLimiterAbstract, RateLimiterMemory } from "rate-limiter-flexible";
import { describeForLog, OperatorError } from "../errors/operator-error.ts";
import type { Logger } from "../observability/logger.ts";
import { OutageLog } from "../observability/outage-log.ts";

/** How one counter is kept. */
export interface CounterOptions {
  readonly keyPrefix: string;
  readonly points: number;
  /** Seconds. */
  readonly duration: number;
  /** Points from which a key is refused without asking the store, until its window ends. */
  readonly inMemoryBlockOnConsumed: number;
}

/** Where counters are kept. A store that is away must neither stop nor slow anybody: its counters go on in memory. */
export interface RateLimitStore extends AsyncDisposable {
  createCounter(options: CounterOptions): RateLimiterAbstract;
}

/** Within this process: for the embedded database, which has no other processes. */
export function memoryStore(): RateLimitStore {
  return {
    createCounter: (options) => new RateLimiterMemory(options),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Milliseconds that a store may take to answer. */
const deadlineMs = 2_000;
/** Milliseconds for which a store that failed is not asked again: nobody is to wait for it one after the other. */
const restMs = 2_000;

/** Asks a store of several processes, and knows when it is away. */
export class StoreWatch {
  readonly #outage: OutageLog<"rate_limits.lost", "rate_limits.regained">;
  readonly #explain: (error: unknown) => unknown;
  #restsUntil = -Infinity;

  /** @param explain puts a failure into words for the operator, where it can */
  constructor(log: Logger, explain: (error: unknown) => unknown = (error) => error) {
    this.#outage = new OutageLog(log, { lost: "rate_limits.lost", regained: "rate_limits.regained" });
    this.#explain = explain;
  }

  /** Rejects where the store is away, or has not answered in time; what it answers later is dropped. */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    if (performance.now() < this.#restsUntil) throw new Error("the store of rate limits was away a moment ago");
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error("the store of rate limits did not answer in time")), deadlineMs);
    try {
      const answer = await Promise.race([question(), late]);
      this.#outage.regained();
      return answer;
    } catch (error) {
      this.#restsUntil = performance.now() + restMs;
      this.tell(error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Tells the log, of each cause once a minute at most. */
  tell(error: unknown): void {
    const explained = this.#explain(error);
    this.#outage.lost(explained instanceof OperatorError ? explained.reason : "", describeForLog(explained));
  }
}
