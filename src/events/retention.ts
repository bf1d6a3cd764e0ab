import type { Database } from "../db/database.ts";
import { type RetentionSettings, startRetention } from "../lib/repeated-removal.ts";
import type { Logger } from "../observability/logger.ts";

const weekMs = 7 * 24 * 3_600_000;

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
      update user_streams s set floor = locked.last, floor_mark = e.mark
      from locked join events e on e.user_id = locked.user_id and e.seq = locked.last
      where s.user_id = locked.user_id and s.floor < locked.last
    ), removed as (
      delete from events e using locked where e.user_id = locked.user_id and e.seq <= locked.last returning 1
    )
    select count(*)::int as removed from removed`,
};

/**
 * Removes the events that are no longer kept: a week unless settings say otherwise. A batch holds up its users'
 * writers.
 */
export function startEventRetention(
  database: Database,
  log: Logger,
  settings: Partial<RetentionSettings> = {},
): AsyncDisposable {
  return startRetention(
    { keepMs: weekMs, ...settings },
    {
      remove: (values) => database.query(statement, values),
      onRemoved: (count) => log.tell("retention.removed", { table: "events", count }),
      onFailure: (err) => log.tell("retention.failed", { table: "events", err }),
    },
  );
}
