import { calculateJwkThumbprint, createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from "jose";
import type { Clock } from "../clock.ts";
import { boundedFetch } from "./bounded-fetch.ts";

/** Milliseconds after which keys are read anew before a token is judged by them. */
const maxAgeMs = 30_000;

/**
 * Milliseconds between two readings for a key that is not known. Anybody can send a token that names one, so this bounds
 * what strangers can make this server ask; it is also the longest that a new key has to wait behind theirs.
 */
const unknownKeyIntervalMs = 5_000;

/**
 * The keys that an identity provider publishes (RFC 7517). They are read anew every thirty seconds, so that one that was
 * withdrawn is soon forgotten, and at once for a token that names a key which is not among them: the provider may have
 * begun to sign with a new one. While reading fails, the last ones do for ten minutes more.
 */
export class PublishedKeys {
  readonly #clock: Clock;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  #askedAt = -Infinity;
  #askedForUnknownAt = -Infinity;

  constructor(url: URL, clock: Clock) {
    this.#clock = clock;
    // The library's own age limit is how long keys do that cannot be read anew. It reads none by itself before that.
    this.#keys = createRemoteJWKSet(url, {
      timeoutDuration: 5_000,
      cacheMaxAge: 600_000,
      cooldownDuration: Number.POSITIVE_INFINITY,
      [customFetch]: boundedFetch,
    });
  }

  /** When the present keys were asked for; milliseconds since 1970. */
  get askedAt(): number {
    return this.#askedAt;
  }

  readonly find: JWTVerifyGetKey = async (header, token) => {
    await this.#renew();
    try {
      return await this.#keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !(await this.#renewForUnknown())) throw error;
      return this.#keys(header, token);
    }
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

  /** Reads the keys anew, or waits for a reading that is under way. `false`: it is too early, or there was no answer. */
  async #renewForUnknown(): Promise<boolean> {
    const now = this.#clock.now().getTime();
    const isUnderWay = this.#keys.reloading;
    if (!isUnderWay) {
      if (now - this.#askedForUnknownAt < unknownKeyIntervalMs) return false;
      this.#askedForUnknownAt = now;
    }
    try {
      await this.#keys.reload();
    } catch {
      return false;
    }
    if (!isUnderWay) this.#askedAt = now;
    return true;
  }
}
