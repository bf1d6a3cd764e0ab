import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "../db/database.ts";
import type { Logger } from "../observability/logger.ts";

export interface RetentionSettings {
  /** Milliseconds that an event is kept, by the database's clock. */
  readonly keepMs: number;
  /** Milliseconds from one look for older ones to the next; about, so that processes do not look together. */
  readonly intervalMs: number;
  /** Events that one transaction removes; it holds up the writers of their users. */
  readonly batchSize: number;
}

const hourMs = 3_600_000;
const defaults: RetentionSettings = { keepMs: 7 * 24 * hourMs, intervalMs: hourMs, batchSize: 1_000 };

// One statement, and so one transaction: nobody sees the events gone and the floor below them. The lock on a stream's
// row keeps its writers and other processes' sweeps away; one that is locked is left for the next time. What is removed
// is always the beginning of a stream, whatever clock stamped its events.
const statement = {
  name: "remove_old_events",
  text: `with old as (
      select user_id, max(seq) as last from (
        select user_id, seq from events where created_at < clock_timestamp() - $1 * interval '1 millisecond'
        order by created_at limit $2
      ) oldest group by user_id
    ), locked as (
      select s.user_id, old.last from user_streams s join old on old.user_id = s.user_id
      order by s.user_id for update of s skip locked
    ), raised as (
      update user_streams s set floor = greatest(s.floor, locked.last) from locked where s.user_id = locked.user_id
    ), removed as (
      delete from events e using locked where e.user_id = locked.user_id and e.seq <= locked.last returning 1
    )
    select count(*)::int as removed from removed`,
};

/** Removes the events that are no longer kept. Every process does it; none leads. */
export class EventRetention implements AsyncDisposable {
  readonly #database: Database;
  readonly #log: Logger;
  readonly #settings: RetentionSettings;
  readonly #stopped = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(database: Database, log: Logger, settings: RetentionSettings) {
    this.#database = database;
    this.#log = log;
    this.#settings = settings;
  }

  static start(database: Database, log: Logger, settings: Partial<RetentionSettings> = {}): EventRetention {
    const retention = new EventRetention(database, log, { ...defaults, ...settings });
    retention.#running = retention.#run();
    return retention;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    const { intervalMs } = this.#settings;
    // The first look comes soon: a process that is often started anew would else never get to it.
    let waitMs = (Math.random() * intervalMs) / 60;
    for (;;) {
      await delay(waitMs, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      await this.#sweep();
      waitMs = intervalMs * (0.75 + Math.random() / 2);
    }
  }

  async #sweep(): Promise<void> {
    const { keepMs, batchSize } = this.#settings;
    try {
      let total = 0;
      for (let removed = 1; removed > 0 && !this.#stopped.signal.aborted; total += removed) {
        const [row] = await this.#database.query<{ removed: number }>(statement, [keepMs, batchSize]);
        removed = row?.removed ?? 0;
      }
      if (total > 0) this.#log.info({ events: total }, "events past their retention are removed");
    } catch (error) {
      this.#log.warn({ err: error }, "old events could not be removed; trying again later");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }
}
