import { expect, test } from "vitest";
import { openDatabase } from "../../src/app/database.ts";
import { startAuditRetention } from "../../src/audit/audit-retention.ts";
import type { Database } from "../../src/db/database.ts";
import { migrate } from "../../src/db/migrate.ts";
import { createLogger } from "../../src/observability/logger.ts";
import { startTestApp } from "../support/test-app.ts";
import { faultsOf, load } from "../support/test-config.ts";
import { createServerDatabase, createTestDatabase } from "../support/test-database.ts";

const log = createLogger("silent");
const dayMs = 86_400_000;

/** Entries of each of the last days, of two users and of nobody. */
async function fill(database: Database, days: number): Promise<void> {
  await database.em().execute(
    `insert into audit_log (at, user_id, actor, action, outcome)
      select now() - i * interval '1 day' - interval '1 minute', u, 'x', 'session.start', 'succeeded'
      from generate_series(0, ? - 1) i, unnest(array['alice', 'bob', null]) u`,
    [days],
  );
}

/** How many entries there are of each age in days. */
async function ages(database: Database) {
  const rows = await database
    .em()
    .execute<{ age: number; count: number }[]>(
      "select extract(day from now() - at)::int as age, count(*)::int as count from audit_log group by 1 order by 1",
    );
  return rows.map(({ age, count }) => [age, count]);
}

const kept = [
  [0, 3],
  [1, 3],
  [2, 3],
];

test("entries are removed when their time of keeping is over, a few at a time, and the others stay", async () => {
  const database = await createTestDatabase();
  await fill(database, 10);
  await using _retention = startAuditRetention(database, log, { keepMs: 3 * dayMs, intervalMs: 10, batchSize: 2 });
  await expect.poll(() => ages(database), { timeout: 60_000 }).toEqual(kept);
});

test("the oldest entries go first, and none that is still kept", async () => {
  const database = await createTestDatabase();
  await fill(database, 10);
  const removed: number[][] = [];
  const watched: Database = {
    ...database,
    query: async (statement, values) => {
      const rows = await database.query(statement, values);
      removed.push((await ages(database)).map(([age]) => age!));
      return rows as never;
    },
  };
  await using _retention = startAuditRetention(watched, log, { keepMs: 3 * dayMs, intervalMs: 10, batchSize: 3 });
  await expect.poll(() => removed.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(7);
  expect(removed.slice(0, 7)).toEqual(
    [9, 8, 7, 6, 5, 4, 3].map((days) => Array.from({ length: days }, (_, age) => age)),
  );
});

test("processes that sweep together remove the same as one", async ({ skip }) => {
  const url = await createServerDatabase();
  if (url === null) skip("the embedded database has one process");
  await using first = await openDatabase({ kind: "postgres", url: url! });
  await using second = await openDatabase({ kind: "postgres", url: url! });
  await migrate(first);
  await fill(first, 300);
  const settings = { keepMs: 3 * dayMs, intervalMs: 10, batchSize: 7 };
  await using _here = startAuditRetention(first, log, settings);
  await using _there = startAuditRetention(second, log, settings);
  await expect.poll(() => ages(first), { timeout: 60_000 }).toEqual(kept);
});

test("a server keeps entries for AUDIT_RETENTION_DAYS, 400 unless it is set", async () => {
  expect(load().auditRetentionDays).toBe(400);
  expect(faultsOf({ AUDIT_RETENTION_DAYS: "0" })).toEqual(["AUDIT_RETENTION_DAYS"]);
  const database = await createTestDatabase();
  await fill(database, 5);
  const environment = { AUDIT_RETENTION_DAYS: "3" };
  await using _server = await startTestApp({ database, environment, auditRetention: { intervalMs: 10 } });
  await expect.poll(() => ages(database), { timeout: 60_000 }).toEqual(kept);
});
