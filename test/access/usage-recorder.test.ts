import { expect, test } from "vitest";
import { UsageRecorder } from "../../src/access/usage-recorder.ts";
import type { Database } from "../../src/db/database.ts";
import { createLogger } from "../../src/observability/logger.ts";
import { createTestDatabase } from "../support/test-database.ts";

const log = createLogger("silent");
const credentialId = crypto.randomUUID();

const readUses = (database: Database) =>
  database.em().execute("select extract(epoch from hour)::int as hour, uses from credential_uses order by hour");

test("uses are counted by the hour, and added to what is there", async () => {
  await using database = await createTestDatabase();
  await using recorder = new UsageRecorder(database, log);
  const at = (time: string) => recorder.record("alice", credentialId, new Date(`2026-11-22T${time}Z`));
  at("10:00:00.000");
  at("10:59:59.999");
  at("11:00:00.000");
  await recorder.flush();
  at("10:30:00.000");
  await recorder.flush();
  expect(await readUses(database)).toEqual([
    { hour: Date.parse("2026-11-22T10:00:00Z") / 1000, uses: 3 },
    { hour: Date.parse("2026-11-22T11:00:00Z") / 1000, uses: 1 },
  ]);
});

test("what cannot be written is kept, and counted once when it can", async () => {
  const real = await createTestDatabase();
  let isAway = true;
  const flaky: Database = {
    ...real,
    query: (statement, values) => (isAway ? Promise.reject(new Error("away")) : real.query(statement, values)),
  };
  await using recorder = new UsageRecorder(flaky, log);
  const at = new Date("2026-11-22T10:00:00Z");
  recorder.record("alice", credentialId, at);
  await recorder.flush();
  recorder.record("alice", credentialId, at);
  await recorder.flush();
  isAway = false;
  await recorder.flush();
  await recorder.flush();
  expect(await readUses(real)).toEqual([{ hour: at.getTime() / 1000, uses: 2 }]);
});
