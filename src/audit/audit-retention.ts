import type { Database } from "../db/database.ts";
import { type RetentionSettings, startRetention } from "../lib/repeated-removal.ts";
import type { Logger } from "../observability/logger.ts";

// Rows that another process removes at the same time are left to it.
const statement = {
  name: "remove_old_audit_entries",
  text: `with old as (
      select id from audit_log where at < clock_timestamp() - $1 * interval '1 millisecond'
      order by at, id limit $2 for update skip locked
    ), removed as (
      delete from audit_log a using old where a.id = old.id returning 1
    )
    select count(*)::int as removed from removed`,
};

/** Removes the audit entries that are no longer kept. */
export function startAuditRetention(database: Database, log: Logger, settings: RetentionSettings): AsyncDisposable {
  return startRetention(settings, {
    remove: (values) => database.query(statement, values),
    onRemoved: (count) => log.tell("retention.removed", { table: "audit_log", count }),
    onFailure: (err) => log.tell("retention.failed", { table: "audit_log", err }),
  });
}
