import type { Database } from "../db/database.ts";
import type { Logger } from "../observability/logger.ts";
import { RepeatedRemoval } from "../repeated-removal.ts";

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
  readonly #removal: RepeatedRemoval;

  private constructor(database: Database, log: Logger, { keepMs, batchSize, intervalMs }: RetentionSettings) {
    this.#removal = new RepeatedRemoval({
      intervalMs,
      removeBatch: async () => {
        const [row] = await database.query<{ removed: number }>(statement, [keepMs, batchSize]);
        return row?.removed ?? 0;
      },
      onRemoved: (events) => log.info({ events }, "events past their retention are removed"),
      onFailure: (err) => log.warn({ err }, "old events could not be removed; trying again later"),
    });
  }

  static start(database: Database, log: Logger, settings: Partial<RetentionSettings> = {}): EventRetention {
    return new EventRetention(database, log, { ...defaults, ...settings });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#removal[Symbol.asyncDispose]();
  }
}
