import type { Database } from "../db/database.ts";
import { type RetentionSettings, startRetention } from "../lib/repeated-removal.ts";
import type { Logger } from "../observability/logger.ts";

// Rows that another process removes at the same time are left to it.
const statement = {
  name: "remove_old_credential_uses",
  text: `with old as (
      select credential_id, hour from credential_uses
      where hour < clock_timestamp() - $1 * interval '1 millisecond'
      order by hour limit $2 for update skip locked
    ), removed as (
      delete from credential_uses u using old
      where u.credential_id = old.credential_id and u.hour = old.hour returning 1
    )
    select count(*)::int as removed from removed`,
};

/** Removes the hourly counts of uses that are no longer kept. */
export function startUseRetention(database: Database, log: Logger, settings: RetentionSettings): AsyncDisposable {
  return startRetention(settings, {
    remove: (values) => database.query(statement, values),
    onRemoved: (hours) => log.tell("retention.removed", { table: "credential_uses", count: hours }),
    onFailure: (err) => log.tell("retention.failed", { table: "credential_uses", err }),
  });
}
