import { setTimeout as delay } from "node:timers/promises";
import type { TokenExpiries } from "./token-expiries.ts";
import type { TokenVerifier } from "./token-verifier.ts";

/**
 * Looks again and again whether the identity provider still publishes the keys that open subscriptions were allowed by:
 * what depends on one that is withdrawn ends, though its token has not expired. While the keys cannot be read, the last
 * ones count.
 */
export class KeyWatch implements AsyncDisposable {
  readonly #stopped = new AbortController();
  readonly #running: Promise<void>;

  /** @param intervalMs milliseconds from one look to the next */
  constructor(verifier: TokenVerifier, expiries: TokenExpiries, intervalMs: number) {
    this.#running = this.#watch(verifier, expiries, intervalMs);
  }

  async #watch(verifier: TokenVerifier, expiries: TokenExpiries, intervalMs: number): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await delay(intervalMs, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted || expiries.isEmpty) continue;
      const presentKeys = await verifier.presentKeys();
      if (presentKeys !== null) expiries.keepOnly(presentKeys);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }
}
