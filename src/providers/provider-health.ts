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
  #complaint: string | null = null;

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

  /** What is wrong though the provider answers, for the operator; null: nothing that is known. */
  get complaint(): string | null {
    return this.#complaint;
  }

  /** Notes that the provider answers and refuses this server as such. The next call that succeeds ends it. */
  complain(message: string): void {
    this.#complaint = message;
    this.#set("degraded");
  }

  /** A call has brought what it was made for. */
  recover(): void {
    if (this.#complaint === null) return;
    this.#complaint = null;
    this.#set("healthy");
  }

  record(answered: boolean): void {
    this.#failures = answered ? 0 : this.#failures + 1;
    const answering = this.#complaint === null ? "healthy" : "degraded";
    this.#set(answered ? answering : this.#failures < failuresUntilDown ? "degraded" : "down");
  }

  #set(status: ProviderHealthStatus): void {
    this.#lastCheckedAt = this.#clock.now();
    if (status !== this.#status) this.#since = this.#lastCheckedAt;
    this.#status = status;
  }
}
