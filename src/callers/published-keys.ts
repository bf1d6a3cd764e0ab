import { calculateJwkThumbprint, createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from "jose";
import type { Clock } from "../lib/clock.ts";
import { boundedFetch } from "./bounded-fetch.ts";

/** Milliseconds after which keys are read anew before a token is judged by them. */
const maxAgeMs = 30_000;

/**
 * Milliseconds between two readings for a key that is not known. Anybody can send a token that names one, so this
 * bounds what strangers can make this server ask; it is also the longest that a new key has to wait behind theirs.
 */
const unknownKeyIntervalMs = 5_000;

/** Told of each reading: null where it succeeded, else why not. */
export type OnReading = (error: unknown) => void;

/** Why keys could not be read, as a sentence, with the code of the library or the system. */
export function describeReading(error: unknown): { readonly reason: string; readonly code: string | null } {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: { readonly code?: unknown } };
  const known = [code, cause?.code].find((value) => typeof value === "string") ?? null;
  if (error instanceof errors.JWKSTimeout) return { reason: "It did not answer in time.", code: known };
  if (error instanceof errors.JWKSInvalid) return { reason: "Its answer is not a set of keys.", code: known };
  if (error instanceof errors.JOSEError) {
    return { reason: "It answered with an error status, or with something that is not JSON.", code: known };
  }
  return { reason: known === null ? "Its answer is too large or broke off." : "It could not be reached.", code: known };
}

/**
 * The keys that an identity provider publishes (RFC 7517). They are read anew every thirty seconds, so that one that
 * was withdrawn is soon forgotten, and at once for a token that names a key which is not among them: the provider may
 * have begun to sign with a new one. While reading fails, the last ones do for ten minutes more.
 */
export class PublishedKeys {
  readonly #clock: Clock;
  readonly #onReading: OnReading;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  #askedAt = -Infinity;
  #askedForUnknownAt = -Infinity;

  constructor(url: URL, clock: Clock, onReading: OnReading = () => {}) {
    this.#clock = clock;
    this.#onReading = onReading;
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

  async #reload(): Promise<void> {
    try {
      await this.#keys.reload();
    } catch (error) {
      this.#onReading(error);
      throw error;
    }
    this.#onReading(null);
  }

  async #renew(): Promise<void> {
    const now = this.#clock.now().getTime();
    if (now - this.#askedAt < maxAgeMs && !this.#keys.reloading) return;
    const isFirst = this.#keys.jwks() === undefined;
    if (!this.#keys.reloading) this.#askedAt = now;
    try {
      await this.#reload();
    } catch (error) {
      if (isFirst) {
        this.#askedAt = -Infinity;
        throw error;
      }
    }
  }

  /**
   * Reads the keys anew, or waits for a reading that is under way. `false`: it is too early, or there was no answer.
   */
  async #renewForUnknown(): Promise<boolean> {
    const now = this.#clock.now().getTime();
    const isUnderWay = this.#keys.reloading;
    if (!isUnderWay) {
      if (now - this.#askedForUnknownAt < unknownKeyIntervalMs) return false;
      this.#askedForUnknownAt = now;
    }
    try {
      await this.#reload();
    } catch {
      return false;
    }
    if (!isUnderWay) this.#askedAt = now;
    return true;
  }
}
