import { RateLimiterMemory, RateLimiterRedis } from "rate-limiter-flexible";
import { connectRedis, createRedisClient, type RedisClient } from "../connections/redis-client.ts";
import { explainRedisFailure } from "../connections/redis-failure.ts";
import type { Secret } from "../lib/secret.ts";
import type { Logger } from "../observability/logger.ts";
import { type CounterOptions, type RateLimitStore, StoreWatch } from "./store.ts";

/** As the library's own, but for points that are given back: they never make a debt of the counter. */
const addScript = `
redis.call('set', KEYS[1], 0, 'EX', ARGV[2], 'NX')
local consumed = redis.call('incrby', KEYS[1], ARGV[1])
if consumed < 0 then
  redis.call('set', KEYS[1], 0, 'KEEPTTL')
  consumed = 0
end
return {consumed, redis.call('pttl', KEYS[1])}`;

const connectTimeoutMs = 1_000;
const reconnectDelayMs = 1_000;

interface EvalOptions {
  readonly keys: string[];
  readonly arguments: string[];
}

/**
 * In Redis, whose keys end by themselves. A connection that is lost is opened again by whoever counts next, a second
 * later at the earliest, and nobody waits for it: the client's own reconnecting has waits that cannot be cut short.
 */
export class RedisLimits implements RateLimitStore {
  readonly #url: Secret;
  readonly #watch: StoreWatch;
  #client: RedisClient | null = null;
  #opening: Promise<void> | null = null;
  /** Why it is not connected. */
  #failure: unknown = new Error("Redis is not connected");
  #triedAt = -Infinity;
  #isStopped = false;

  private constructor(url: Secret, log: Logger) {
    this.#url = url;
    this.#watch = new StoreWatch(log, (error) => explainRedisFailure(error, url));
  }

  /** Resolves once it is connected, or once the first try has failed. */
  static async connect(url: Secret, log: Logger): Promise<RedisLimits> {
    const limits = new RedisLimits(url, log);
    limits.#reopen();
    await limits.#watch.ask(() => limits.#opening ?? Promise.resolve()).catch(() => {});
    return limits;
  }

  createCounter(options: CounterOptions): RateLimiterRedis {
    return new RateLimiterRedis({
      ...options,
      // Other applications may keep their own counters there.
      keyPrefix: `maestro-auth:${options.keyPrefix}`,
      storeClient: { eval: (script: string, values: EvalOptions) => this.#eval(script, values) },
      useRedisPackage: true,
      customIncrTtlLuaScript: addScript,
      insuranceLimiter: new RateLimiterMemory(options),
    });
  }

  async #eval(script: string, values: EvalOptions): Promise<unknown> {
    if (this.#client?.isReady !== true) this.#reopen();
    return this.#watch.ask(async () => {
      if (this.#client?.isReady !== true) throw this.#failure;
      return this.#client.eval(script, values);
    });
  }

  #reopen(): void {
    const now = performance.now();
    if (this.#isStopped || this.#opening !== null || now - this.#triedAt < reconnectDelayMs) return;
    this.#triedAt = now;
    this.#opening = this.#open().finally(() => (this.#opening = null));
  }

  async #open(): Promise<void> {
    this.#destroy();
    // Nobody waits for this, so that nothing here may reject.
    try {
      const client = createRedisClient(this.#url, "maestro-auth-limits", connectTimeoutMs);
      client.on("error", (error: unknown) => this.#watch.tell(error));
      this.#client = client;
      await connectRedis(client, connectTimeoutMs);
    } catch (error) {
      this.#failure = error;
      this.#watch.tell(error);
    }
    if (this.#isStopped) this.#destroy();
  }

  #destroy(): void {
    if (this.#client?.isOpen === true) this.#client.destroy();
    this.#client = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.#destroy();
    await this.#opening;
  }
}
