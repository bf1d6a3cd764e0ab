import { expect, inject, test, vi } from "vitest";
import type { Database } from "../../src/db/database.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLogger } from "../../src/observability/logger.ts";
import { ActivityRecorder } from "../../src/sessions/activity-recorder.ts";
import { SessionStore } from "../../src/sessions/session-store.ts";
import { SessionTimeout } from "../../src/sessions/session-timeout.ts";
import { patience } from "../support/patience.ts";
import { createTestDatabase } from "../support/test-database.ts";

const timeout = new SessionTimeout(100);
const store = new SessionStore(timeout, systemClock);

const [low, high] = ["11111111-1111-4111-8111-111111111111", "ffffffff-ffff-4fff-8fff-ffffffffffff"];

/** Two sessions of one user; the one with the higher id comes first wherever nothing is sorted. */
async function twoSessions(): Promise<Database> {
  const database = await createTestDatabase();
  for (const id of [high, low]) {
    await database.em().execute(
      `insert into sessions (id, user_id, status, created_at, last_activity_at, expires_at)
        values (?, 'alice', 'active', now(), now(), now() + interval '1 h')`,
      [id],
    );
  }
  return database;
}

/** What locks both rows at once, given its database. */
const batches: readonly (readonly [string, (database: Database) => Promise<unknown>])[] = [
  ["ending all other sessions", (database) => database.transaction((em) => store.lockSome(em, "alice", {}, 100))],
  [
    "writing activity",
    async (database) => {
      await using recorder = new ActivityRecorder(database, timeout, createLogger("silent"));
      const expiresAt = new Date(Date.now() + 3_600_000);
      for (const id of [high, low]) await recorder.record({ id, userId: "alice", expiresAt }, new Date());
    },
  ],
];

test.skipIf(inject("testRun").databaseUrl === null).each(batches)(
  "%s locks the rows in the order of their ids: two batches never wait for each other",
  async (_name, run) => {
    const database = await twoSessions();
    const batch = await database.transaction(async (em) => {
      await em.execute("select 1 from sessions where id = ? for update", [low]);
      const running = run(database);
      const waiting = {
        name: "waiting_for_locks",
        text: "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      };
      await vi.waitFor(async () => expect(await database.query(waiting, [])).toHaveLength(1), patience);
      // While the batch waits for the first row it does not hold the second.
      await database.transaction(async (other) => {
        const rows = await other.execute("select id from sessions where id = ? for update nowait", [high]);
        expect(rows).toEqual([{ id: high }]);
      });
      return { running };
    });
    await batch.running;
  },
);
