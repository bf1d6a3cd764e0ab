import type { Clock } from "../clock.ts";

export type ProviderHealthStatus = "unknown" | "healthy" | "degraded" | "down";

/** How many answers must fail in a row before a provider counts as down. */
const failuresUntilDown = 3;

/** Whether a provider answers, judged by the calls that were made anyway. A refusal is an answer. */
export class ProviderHealth {
  readonly #clock: Clock;
  #status: ProviderHealthStatus = "unknown";
  #since: Date | null = null;
  #lastCheckedAt: Date | null = null;
  #failures = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get status(): ProviderHealthStatus {
    return this.#status;
  }

  get since(): Date | null {
    return this.#since;
  }

  get lastCheckedAt(): Date | null {
    return this.#lastCheckedAt;
  }

  record(answered: boolean): void {
    this.#failures = answered ? 0 : this.#failures + 1;
    const status = answered ? "healthy" : this.#failures < failuresUntilDown ? "degraded" : "down";
    this.#lastCheckedAt = this.#clock.now();
    if (status !== this.#status) this.#since = this.#lastCheckedAt;
    this.#status = status;
  }
}
