import { createHmac, hkdfSync } from "node:crypto";
import { type RateLimiterAbstract, RateLimiterRes } from "rate-limiter-flexible";
import { RateLimitedError, type RateLimitPolicy } from "../errors/auth-error.ts";
import type { Secret } from "../lib/secret.ts";
import { type RateLimitName, rateLimitNames, rateLimits, type RateLimitSettings } from "./limits.ts";
import type { RateLimitStore } from "./store.ts";

/** Points that an attempt has taken. */
export interface Taken {
  /** Gives back all but one, unless the window that they were taken in has ended meanwhile. */
  giveBack(): Promise<void>;
}

interface Limit {
  readonly policy: RateLimitPolicy;
  readonly counter: RateLimiterAbstract;
  /** Counts to one: who comes first in a window tells of it. */
  readonly notices: RateLimiterAbstract;
}

const nothingTaken: Taken = { giveBack: () => Promise.resolve() };

/** Points are not given back so shortly before the end of their window that they could arrive in the next one. */
const marginMs = 2_000;

/**
 * Counts attempts against the limits. Points are taken before an attempt begins, so that attempts at the same moment,
 * in whatever process, cannot exceed a limit together.
 */
export class RateLimiter {
  readonly #limits: ReadonlyMap<RateLimitName, Limit>;
  readonly #key: Buffer;

  /**
   * @param secret 32 bytes in hex that all processes share; what is counted is known to the store by a keyed hash only
   */
  constructor(settings: RateLimitSettings, store: RateLimitStore, secret: Secret) {
    const limits = rateLimitNames.map((name) => [name, createLimit(name, settings, store)] as const);
    this.#limits = new Map(limits.filter((entry): entry is [RateLimitName, Limit] => entry[1] !== null));
    this.#key = Buffer.from(
      hkdfSync("sha256", Buffer.from(secret.reveal(), "hex"), "", "maestro-auth rate limits", 32),
    );
  }

  /** Takes what one attempt costs. @throws RateLimitedError */
  async take(name: RateLimitName, subject: string): Promise<Taken> {
    const limit = this.#limits.get(name);
    if (limit === undefined) return nothingTaken;
    const { cost, attempts } = rateLimits[name];
    const key = this.#keyOf(subject);
    const begun = performance.now();
    try {
      const { msBeforeNext } = await limit.counter.consume(key, cost);
      const isSameWindow = () => performance.now() - begun < msBeforeNext - marginMs;
      return {
        giveBack: async () => {
          if (cost > 1 && isSameWindow()) await limit.counter.reward(key, cost - 1);
        },
      };
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      throw new RateLimitedError(attempts, limit.policy, Math.max(Math.ceil(error.msBeforeNext / 1000), 1));
    }
  }

  /** Whether this is the first time in a window that a refusal by this limit concerns the subject. */
  async isFirstNotice(name: RateLimitName, subject: string): Promise<boolean> {
    const limit = this.#limits.get(name);
    if (limit === undefined) return false;
    try {
      await limit.notices.consume(this.#keyOf(subject));
      return true;
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      return false;
    }
  }

  #keyOf(subject: string): string {
    return createHmac("sha256", this.#key).update(subject).digest().subarray(0, 16).toString("base64url");
  }
}

function createLimit(name: RateLimitName, settings: RateLimitSettings, store: RateLimitStore): Limit | null {
  const setting = settings[name];
  if (setting === null) return null;
  const { points, seconds: duration } = setting;
  return {
    policy: { name, quota: points, windowSeconds: duration },
    // Whoever goes on at twice the limit costs the store nothing more.
    counter: store.createCounter({ keyPrefix: name, points, duration, inMemoryBlockOnConsumed: points * 2 }),
    notices: store.createCounter({ keyPrefix: `${name}-notice`, points: 1, duration, inMemoryBlockOnConsumed: 2 }),
  };
}
