import pg from "pg";
import { expect, test } from "vitest";
import { openDatabase } from "../../src/app/database.ts";
import { AuditReader, type AuditSelection } from "../../src/audit/audit-reader.ts";
import { migrate } from "../../src/db/migrate.ts";
import { createServerDatabase } from "../support/test-database.ts";

const entries = 20_000;
const everything: AuditSelection = { userId: null, since: null, until: null };

/** Reads a table that PostgreSQL knows nothing of yet, as after a restore. @returns rows read for each entry. */
async function rowsReadForEachEntry(url: string, selection: AuditSelection): Promise<number> {
  {
    await using database = await openDatabase({ kind: "postgres", url });
    await migrate(database);
    await database.em().execute("alter table audit_log set (autovacuum_enabled = false)");
    await database.em().execute(
      `insert into audit_log (at, user_id, actor, action, outcome)
        select '2026-01-01T00:00:00Z'::timestamptz + i * interval '1 minute', 'alice', 'alice', 'x', 'succeeded'
        from generate_series(1, ?) i`,
      [entries],
    );
    let read = 0;
    for await (const batch of new AuditReader(database).batches(selection, 500)) read += batch.length;
    expect(read).toBe(entries);
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const others = "select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    // A connection has told what it has read once it is gone.
    await expect.poll(async () => (await client.query(others)).rowCount, { timeout: 60_000 }).toBe(0);
    const statistics =
      "select seq_tup_read + idx_tup_fetch as read from pg_stat_user_tables where relname = 'audit_log'";
    const { rows } = await client.query<{ read: string }>(statistics);
    return Number(rows[0]!.read) / entries;
  } finally {
    await client.end();
  }
}

const times = { since: new Date("2020-01-01"), until: new Date("2040-01-01") };

test.for<[what: string, selection: AuditSelection]>([
  ["everything", everything],
  ["what lies between two times", { ...everything, ...times }],
  ["one user's", { ...everything, userId: "alice" }],
  ["one user's between two times", { ...times, userId: "alice" }],
])(
  "an export of %s reads each entry about once, without statistics of the table too",
  { timeout: 120_000 },
  async ([_what, selection], { skip }) => {
    const url = await createServerDatabase();
    if (url === null) skip("there is no PostgreSQL in this run");
    expect(await rowsReadForEachEntry(url!, selection)).toBeLessThan(2);
  },
);
