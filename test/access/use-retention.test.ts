import { expect, test } from "vitest";
import { startUseRetention } from "../../src/access/use-retention.ts";
import { openDatabase } from "../../src/app/database.ts";
import type { Database } from "../../src/db/database.ts";
import { migrate } from "../../src/db/migrate.ts";
import { createLogger } from "../../src/observability/logger.ts";
import { startTestApp } from "../support/test-app.ts";
import { createServerDatabase, createTestDatabase } from "../support/test-database.ts";

const log = createLogger("silent");
const dayMs = 86_400_000;

/** Counts of each of the last days, of several credentials in the same hours. */
async function fill(database: Database, days: number): Promise<void> {
  await database.em().execute(
    `insert into credential_uses (credential_id, hour, user_id, uses)
      select gen_random_uuid(), date_trunc('hour', now() - i * interval '1 day'), 'alice', 5
      from generate_series(0, ? - 1) i, generate_series(1, 3)`,
    [days],
  );
}

/** How many rows there are of each age in days. */
async function ages(database: Database) {
  const rows = await database.em().execute<{ age: number; count: number }[]>(
    `select (extract(epoch from date_trunc('hour', now()) - hour) / 86400)::int as age, count(*)::int as count
        from credential_uses group by 1 order by 1`,
  );
  return rows.map(({ age, count }) => [age, count]);
}

const kept = [
  [0, 3],
  [1, 3],
  [2, 3],
];
/** The hour of the third day has begun before its moment. */
const settings = { keepMs: 2.5 * dayMs, intervalMs: 10 };

test("hourly counts are removed when their time is over, a few at a time, and the others stay", async () => {
  const database = await createTestDatabase();
  await fill(database, 10);
  await using _retention = startUseRetention(database, log, { ...settings, batchSize: 2 });
  await expect.poll(() => ages(database), { timeout: 60_000 }).toEqual(kept);
});

test("processes that sweep together remove the same as one", async ({ skip }) => {
  const url = await createServerDatabase();
  if (url === null) skip("the embedded database has one process");
  await using first = await openDatabase({ kind: "postgres", url: url! });
  await using second = await openDatabase({ kind: "postgres", url: url! });
  await migrate(first);
  await fill(first, 300);
  await using _here = startUseRetention(first, log, { ...settings, batchSize: 7 });
  await using _there = startUseRetention(second, log, { ...settings, batchSize: 7 });
  await expect.poll(() => ages(first), { timeout: 60_000 }).toEqual(kept);
});

test("a server keeps them as long as its audit log", async () => {
  const database = await createTestDatabase();
  await fill(database, 10);
  const environment = { AUDIT_RETENTION_DAYS: "5" };
  await using _server = await startTestApp({ database, environment, auditRetention: { intervalMs: 10 } });
  await expect
    .poll(async () => (await ages(database)).map(([age]) => age), { timeout: 60_000 })
    .toEqual([0, 1, 2, 3, 4]);
});
