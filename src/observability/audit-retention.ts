import type { Database } from "../db/database.ts";
import { RepeatedRemoval } from "../repeated-removal.ts";
import type { Logger } from "./logger.ts";

export interface AuditRetentionSettings {
  /** Milliseconds that an entry is kept, by the database's clock. */
  readonly keepMs: number;
  /** Milliseconds from one look for older ones to the next, about. */
  readonly intervalMs?: number;
  /** Entries that one transaction removes. */
  readonly batchSize?: number;
}

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
export function startAuditRetention(
  database: Database,
  log: Logger,
  { keepMs, intervalMs = 3_600_000, batchSize = 1_000 }: AuditRetentionSettings,
): AsyncDisposable {
  return new RepeatedRemoval({
    intervalMs,
    removeBatch: async () => {
      const [row] = await database.query<{ removed: number }>(statement, [keepMs, batchSize]);
      return row?.removed ?? 0;
    },
    onRemoved: (entries) => log.info({ entries }, "audit entries past their retention are removed"),
    onFailure: (err) => log.warn({ err }, "old audit entries could not be removed; trying again later"),
  });
}
