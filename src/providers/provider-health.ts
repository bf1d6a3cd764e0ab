import type { Clock } from "../lib/clock.ts";

export type ProviderHealthStatus = "unknown" | "healthy" | "degraded" | "down";

/** How many answers must fail in a row before a provider counts as down. */
const failuresUntilDown = 3;

/** What a complaint is about: this server's OAuth client, or the address that the operator has set for the API. */
export type Grievance = "client" | "address";

/**
 * Whether a provider answers, judged by the calls that were made anyway. Silence, 5xx, bodies that cannot be read and
 * limits of the whole provider count against it. A refusal is an answer: what concerns one account says nothing of the
 * others.
 */
export class ProviderHealth {
  readonly #clock: Clock;
  readonly #complaints = new Map<Grievance, string>();
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

  /** What is wrong though the provider answers, for the operator; null: nothing that is known. */
  get complaint(): string | null {
    return this.#complaints.size === 0 ? null : [...this.#complaints.values()].join(" ");
  }

  /** Notes that the provider answers, and what the operator has to mend. The next call that succeeds ends it. */
  complain(message: string, about: Grievance = "client"): void {
    this.#complaints.set(about, message);
    this.#judge();
  }

  /** A call has brought what it was made for. */
  recover(about: Grievance = "client"): void {
    if (this.#complaints.delete(about)) this.#judge();
  }

  record(answered: boolean): void {
    this.#failures = answered ? 0 : this.#failures + 1;
    this.#judge();
  }

  #judge(): void {
    const isDegraded = this.#failures > 0 || this.#complaints.size > 0;
    const status = this.#failures >= failuresUntilDown ? "down" : isDegraded ? "degraded" : "healthy";
    this.#lastCheckedAt = this.#clock.now();
    if (status !== this.#status) this.#since = this.#lastCheckedAt;
    this.#status = status;
  }
}
