import type { Database, EntityManager } from "../db/database.ts";
import type { Page, Position } from "../lib/pagination.ts";
import type { AuditEntry } from "./audit-log.ts";

/** An entry as it stands in the table. Its place is told by its time, then by its number. */
export interface StoredAuditEntry extends AuditEntry, Position {}

/** Which entries an export has. */
export interface AuditSelection {
  readonly userId: string | null;
  /** From it on. */
  readonly since: Date | null;
  /** Up to it, and without it. */
  readonly until: Date | null;
}

interface Columns {
  entry_id: string;
  at_ms: number;
  user_id: string | null;
  actor: string;
  action: AuditEntry["action"];
  outcome: AuditEntry["outcome"];
  provider: string | null;
  credential_id: string | null;
  key_id: number | null;
  ip: string | null;
  user_agent: string | null;
}

interface Condition {
  readonly sql: string;
  readonly values: readonly unknown[];
}

// Another name than the column's: `order by id` would mean the text.
const columns = `id::text as entry_id, (extract(epoch from at) * 1000)::float8 as at_ms, user_id, actor, action, outcome, provider,
  credential_id, key_id, ip, user_agent`;

// Compared as rows, so that an index on both leads straight to the place.
const beyond = (sign: ">" | "<", { createdAt, id }: Position): Condition => ({
  sql: `(at, id) ${sign} (?, ?::bigint)`,
  values: [createdAt, id],
});

async function read(
  em: EntityManager,
  conditions: readonly Condition[],
  limit: number,
  direction: "asc" | "desc",
): Promise<StoredAuditEntry[]> {
  const where = conditions.length === 0 ? "true" : conditions.map(({ sql }) => sql).join(" and ");
  const rows = await em.execute<Columns[]>(
    `select ${columns} from audit_log where ${where} order by at ${direction}, id ${direction} limit ?`,
    [...conditions.flatMap(({ values }) => values), limit],
  );
  return rows.map(
    ({
      entry_id: id,
      at_ms,
      user_id: userId,
      credential_id: credentialId,
      key_id: keyId,
      user_agent: userAgent,
      ...row
    }) => ({ ...row, id, createdAt: new Date(at_ms), userId, credentialId, keyId, userAgent }),
  );
}

/** Reads the table `audit_log`, the oldest entries first. */
export class AuditReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** One page of a user's entries; from the end backwards where the page is inverted. */
  async list(userId: string, { after, before, limit, inverted }: Page): Promise<StoredAuditEntry[]> {
    const conditions = [
      { sql: "user_id = ?", values: [userId] },
      ...(after === undefined ? [] : [beyond(">", after)]),
      ...(before === undefined ? [] : [beyond("<", before)]),
    ];
    return read(this.#database.em(), conditions, limit, inverted ? "desc" : "asc");
  }

  /**
   * All selected entries in batches, each read when the one before is used up: memory does not grow with their number.
   */
  async *batches({ userId, since, until }: AuditSelection, batchSize: number): AsyncGenerator<StoredAuditEntry[]> {
    const selected = [
      ...(userId === null ? [] : [{ sql: "user_id = ?", values: [userId] }]),
      ...(since === null ? [] : [{ sql: "at >= ?", values: [since] }]),
      ...(until === null ? [] : [{ sql: "at < ?", values: [until] }]),
    ];
    let last: StoredAuditEntry | undefined;
    do {
      const conditions = [...selected, ...(last === undefined ? [] : [beyond(">", last)])];
      const batch = await this.#database.transaction(async (em) => {
        // Of a table that it has no statistics of, as after a restore, PostgreSQL expects few rows between two times or
        // of one user, and would sort all that are left for each batch. The indexes have them in order.
        await em.execute("set local enable_sort = off");
        return read(em, conditions, batchSize, "asc");
      });
      if (batch.length > 0) yield batch;
      last = batch.length < batchSize ? undefined : batch.at(-1);
    } while (last !== undefined);
  }

  async count({ userId, since, until }: AuditSelection): Promise<number> {
    const [row] = await this.#database.em().execute<{ count: number }[]>(
      `select count(*)::int as count from audit_log
          where (?::text is null or user_id = ?) and (?::timestamptz is null or at >= ?) and (?::timestamptz is null or at < ?)`,
      [userId, userId, since, since, until, until],
    );
    return row!.count;
  }
}
