import type { AuthMethod } from "../providers/provider-auth.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** The part of a lifetime that may be left when its refresh is due, where that is less than the threshold. */
const lifetimeShare = 0.2;
const jitter = 0.2;
/** Before the end of an API key that is known to end. */
const keyWarningsMs = [7 * dayMs, dayMs, 60 * minuteMs];

/** What the times of a credential follow from. */
export interface Lifetime {
  readonly method: AuthMethod;
  readonly refreshable: boolean;
  readonly expiresAt: Date | null;
  readonly earliestRefreshAt: Date | null;
  /** The provider says that the token has expired as it comes, so that a refresh is worth a try at once. */
  readonly isSpent?: boolean;
}

/** When something is to be done for a credential; null: never by itself. */
export interface RefreshSchedule {
  readonly refreshAfter: Date | null;
  /** When to look whether its user must be told of the expiry. */
  readonly expiryNoticeAt: Date | null;
}

/** Decides when credentials are refreshed and their users warned. */
export class RefreshScheduler {
  readonly #thresholdMs: number;
  readonly #random: () => number;

  /** @param threshold seconds before expiry. */
  constructor(threshold: number, random: () => number = Math.random) {
    this.#thresholdMs = threshold * 1000;
    this.#random = random;
  }

  /** The schedule of a credential that is stored at `now`. */
  plan({ method, refreshable, expiresAt, earliestRefreshAt, isSpent }: Lifetime, now: Date): RefreshSchedule {
    if (expiresAt === null) return { refreshAfter: null, expiryNoticeAt: null };
    const lifetime = Math.max(expiresAt.getTime() - now.getTime(), 0);
    // Spread, so that what was stored together does not fall due together.
    const margin = Math.min(this.#thresholdMs, lifetime * lifetimeShare) * (1 - jitter + 2 * jitter * this.#random());
    const planned = isSpent === true ? now.getTime() : expiresAt.getTime() - margin;
    const due = Math.max(planned, earliestRefreshAt?.getTime() ?? 0);
    return {
      refreshAfter: refreshable ? new Date(due) : null,
      expiryNoticeAt: this.nextNotice(method, expiresAt, now),
    };
  }

  /** The first moment after `now` to warn of the expiry, or to tell of it. */
  nextNotice(method: AuthMethod, expiresAt: Date, now: Date): Date {
    const warnings = method === "api_key" ? keyWarningsMs : [this.#thresholdMs];
    const times = warnings.map((before) => expiresAt.getTime() - before).filter((time) => time > now.getTime());
    return new Date(times[0] ?? expiresAt.getTime());
  }
}

const backoffBaseMs = 1_000;
const backoffLimitMs = 15 * minuteMs;

/** Milliseconds until the next try after so many failures in a row: full jitter from one second to fifteen minutes. */
export function backoff(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(backoffBaseMs * 2 ** failures, backoffLimitMs);
  return backoffBaseMs + random() * (ceiling - backoffBaseMs);
}
