import { calculateJwkThumbprint, createRemoteJWKSet, type JWTVerifyGetKey } from "jose";
import type { Clock } from "../clock.ts";

/** Milliseconds after which keys are read anew before a token is judged by them. */
const maxAgeMs = 30_000;

/**
 * The keys that an identity provider publishes (RFC 7517). They are read anew every thirty seconds, so that one that was
 * withdrawn is soon forgotten; while that fails, the last ones do for ten minutes more.
 */
export class PublishedKeys {
  readonly #clock: Clock;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  #askedAt = -Infinity;

  constructor(url: URL, clock: Clock) {
    this.#clock = clock;
    // The library's own age limit is how long keys do that cannot be read anew.
    this.#keys = createRemoteJWKSet(url, { timeoutDuration: 5_000, cacheMaxAge: 600_000 });
  }

  /** When the present keys were asked for; milliseconds since 1970. */
  get askedAt(): number {
    return this.#askedAt;
  }

  readonly find: JWTVerifyGetKey = async (header, token) => {
    await this.#renew();
    return this.#keys(header, token);
  };

  /** The thumbprints of the keys that are published now (RFC 7638); null before any could be read. */
  async thumbprints(): Promise<ReadonlySet<string> | null> {
    await this.#renew().catch(() => {});
    const keys = this.#keys.jwks()?.keys;
    return keys === undefined ? null : new Set(await Promise.all(keys.map((key) => calculateJwkThumbprint(key))));
  }

  async #renew(): Promise<void> {
    const now = this.#clock.now().getTime();
    if (now - this.#askedAt < maxAgeMs && !this.#keys.reloading) return;
    const isFirst = this.#keys.jwks() === undefined;
    if (!this.#keys.reloading) this.#askedAt = now;
    try {
      await this.#keys.reload();
    } catch (error) {
      if (isFirst) {
        this.#askedAt = -Infinity;
        throw error;
      }
    }
  }
}
