import { RateLimiterMemory, RateLimiterPostgres } from "rate-limiter-flexible";
import type { Database } from "../db/database.ts";
import { RepeatedRemoval } from "../lib/repeated-removal.ts";
import type { Logger } from "../observability/logger.ts";
import { type CounterOptions, type RateLimitStore, StoreWatch } from "./store.ts";

// Windows go by the database's clock, so that processes whose clocks differ count in the same one. Points that are
// given back never make a debt of the counter.
const add = {
  name: "add_rate_limit_points",
  text: `insert into rate_limits as r (key, points, expires_at)
    values ($1, greatest($2::int, 0), statement_timestamp() + $3 * interval '1 millisecond')
    on conflict (key) do update set
      points = case when r.expires_at <= statement_timestamp() then excluded.points else greatest(r.points + $2, 0) end,
      expires_at = case when r.expires_at <= statement_timestamp() then excluded.expires_at else r.expires_at end
    returning points, (extract(epoch from expires_at - statement_timestamp()) * 1000)::float8 as "remainingMs"`,
};

// Rows that are being counted at the same time, or removed by another process, are left for the next time.
const removeExpired = {
  name: "remove_expired_rate_limits",
  text: `with old as (
      select key from rate_limits where expires_at < statement_timestamp() limit $1 for update skip locked
    ), removed as (
      delete from rate_limits r using old where r.key = old.key returning 1
    )
    select count(*)::int as removed from removed`,
};

const removalBatch = 1_000;

type Add = (key: string, points: number, durationMs: number) => Promise<{ points: number; remainingMs: number }>;

/** The library's counter with one statement of our own: the library's goes by each process's clock. */
class DatabaseCounter extends RateLimiterPostgres {
  readonly #add: Add;

  constructor(options: CounterOptions, add: Add) {
    // It only looks that there is a client; all statements go through `_upsert`.
    const storeClient = { query: () => Promise.reject(new Error("the library sends no statements of its own here")) };
    super({
      ...options,
      storeClient,
      storeType: "client",
      tableName: "rate_limits",
      tableCreated: true,
      clearExpiredByTimeout: false,
      insuranceLimiter: new RateLimiterMemory(options),
    });
    this.#add = add;
  }

  /** What the library asks of every store: adds points and answers in the form of its table. */
  async _upsert(key: string, points: number, durationMs: number) {
    const { points: consumed, remainingMs } = await this.#add(key, points, durationMs);
    return { rows: [{ points: consumed, expire: Date.now() + Math.max(Math.ceil(remainingMs), 1) }] };
  }
}

/** In the table `rate_limits`, for all processes on one PostgreSQL. Rows whose window has ended are removed from it. */
export class DatabaseLimits implements RateLimitStore {
  readonly #database: Database;
  readonly #watch: StoreWatch;
  readonly #removal: RepeatedRemoval;

  constructor(database: Database, log: Logger, { sweepIntervalMs = 300_000 } = {}) {
    this.#database = database;
    this.#watch = new StoreWatch(log);
    this.#removal = new RepeatedRemoval({
      intervalMs: sweepIntervalMs,
      removeBatch: async () => {
        const [row] = await database.query<{ removed: number }>(removeExpired, [removalBatch]);
        return row?.removed ?? 0;
      },
      onRemoved: (count) => log.tell("rate_limits.cleared", { count }),
      onFailure: (err) => log.tell("rate_limits.uncleared", { err }),
    });
  }

  createCounter(options: CounterOptions): RateLimiterPostgres {
    return new DatabaseCounter(options, (...values) => this.#add(values));
  }

  async #add(values: Parameters<Add>): Promise<Awaited<ReturnType<Add>>> {
    const ask = () => this.#database.query<{ points: number; remainingMs: number }>(add, values);
    const [row] = await this.#watch.ask(ask);
    return row!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#removal[Symbol.asyncDispose]();
  }
}
