import { Writable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import type { Database } from "../../src/db/database.ts";
import { createLogger } from "../../src/observability/logger.ts";
import { ActivityRecorder } from "../../src/sessions/activity-recorder.ts";
import { SessionTimeout } from "../../src/sessions/session-timeout.ts";
import { createTestDatabase } from "../support/test-database.ts";
import {
  chosen,
  end,
  issue,
  ownKeys,
  readSession,
  rowId,
  setSessionStage,
  startSession,
  StillClock,
  touch,
} from "./session-stage.ts";

/** The same database, and how often activity was written to it. */
async function countingDatabase() {
  const database = await createTestDatabase();
  const counted = { writes: 0, isDown: false };
  const query: Database["query"] = (statement, values) => {
    if (statement.name !== "record_session_activity") return database.query(statement, values);
    counted.writes += 1;
    return counted.isDown ? Promise.reject(new Error("down")) : database.query(statement, values);
  };
  return { counted, database: { ...database, query } };
}

/** All times of the one session. */
const stored = (database: Database) =>
  database.em().execute("select last_activity_at, expires_at, notice_at from sessions");

const farAway = new Date(8e15);

function recorderOf(database: Database, log = createLogger("silent")): ActivityRecorder {
  const recorder = new ActivityRecorder(database, new SessionTimeout(100), log);
  onTestFinished(() => recorder[Symbol.asyncDispose]());
  return recorder;
}

test("access counts as activity: the session lives on from there", async () => {
  const clock = new StillClock();
  const environment = { ...ownKeys, SESSION_TIMEOUT: "100" };
  const database = await createTestDatabase();
  let session: string;
  {
    await using stage = await setSessionStage({ database, clock, environment });
    const client = await stage.client("alice");
    session = await startSession(client);
    await chosen(client, session, { provider: "openai" });
    clock.advance(60);
    await issue(client, { sessionId: session });
  }
  // What the first server had noted it has written by its end.
  await using stage = await setSessionStage({ database, clock, environment });
  const { lastActivityAt, expiresAt } = await readSession(await stage.client("alice"), session);
  expect(new Date(lastActivityAt)).toEqual(clock.now());
  expect(new Date(expiresAt).getTime() - clock.now().getTime()).toBe(100_000);
});

test("many calls are one write", async () => {
  const { database, counted } = await countingDatabase();
  const clock = new StillClock();
  let session: string;
  {
    await using stage = await setSessionStage({ database, clock, environment: ownKeys });
    session = await startSession(await stage.client("alice"));
  }
  const recorder = recorderOf(database);
  const expiresAt = new Date(clock.now().getTime() + 100_000);
  for (let call = 0; call < 200; call += 1) {
    clock.advance(0.1);
    await recorder.record({ id: rowId(session), userId: "alice", expiresAt }, clock.now());
  }
  expect(counted.writes).toBe(0);
  await recorder.flush();
  await recorder.flush();
  expect(counted.writes).toBe(1);
  const [row] = await database.em().execute("select last_activity_at from sessions");
  expect(new Date((row as { last_activity_at: string }).last_activity_at)).toEqual(clock.now());
});

test("calls of issueAccess cause no more than a write in five seconds", async () => {
  const { database, counted } = await countingDatabase();
  await using stage = await setSessionStage({ database, environment: ownKeys });
  const client = await stage.client("alice");
  const sessionId = await startSession(client);
  await chosen(client, sessionId, { provider: "openai" });
  const began = performance.now();
  await Promise.all(Array.from({ length: 30 }, () => issue(client, { sessionId })));
  // A timer may be a little early.
  expect(counted.writes).toBeLessThanOrEqual((performance.now() - began + 100) / 5_000);
});

test("activity just before the expiry is written before the answer", async () => {
  const clock = new StillClock();
  await using stage = await setSessionStage({ clock, environment: { ...ownKeys, SESSION_TIMEOUT: "100" } });
  const client = await stage.client("alice");
  const sessionId = await startSession(client);
  clock.advance(99);
  await issue(client, { sessionId, provider: "openai" });
  const { lastActivityAt } = await readSession(client, sessionId);
  expect(new Date(lastActivityAt)).toEqual(clock.now());
  clock.advance(99);
  expect(await readSession(client, sessionId)).toMatchObject({ status: "ACTIVE" });
});

test("what cannot be written is kept and written later, and is never moved back", async () => {
  const { database, counted } = await countingDatabase();
  const clock = new StillClock();
  await using stage = await setSessionStage({ database, clock, environment: { SESSION_TIMEOUT: "100" } });
  const client = await stage.client("alice");
  const session = await startSession(client);
  const recorder = recorderOf(database);
  const record = () => recorder.record({ id: rowId(session), userId: "alice", expiresAt: farAway }, clock.now());
  const lastActivity = async () => new Date((await readSession(client, session)).lastActivityAt);

  clock.advance(10);
  await record();
  counted.isDown = true;
  await recorder.flush();
  expect(await lastActivity()).not.toEqual(clock.now());
  counted.isDown = false;
  await recorder.flush();
  expect(await lastActivity()).toEqual(clock.now());

  await record();
  clock.advance(20);
  await touch(client, session);
  const touched = await stored(database);
  await recorder.flush();
  expect(await stored(database)).toEqual(touched);
  expect(await lastActivity()).toEqual(clock.now());
});

test("activity that is written late does not bring back a session that has ended", async () => {
  const database = await createTestDatabase();
  const clock = new StillClock();
  await using stage = await setSessionStage({ database, clock, environment: { SESSION_TIMEOUT: "100" } });
  const client = await stage.client("alice");
  const session = await startSession(client);
  const recorder = recorderOf(database);
  clock.advance(10);
  await recorder.record({ id: rowId(session), userId: "alice", expiresAt: farAway }, clock.now());
  await end(client, session);
  const before = await readSession(client, session);
  await recorder.flush();
  expect(await readSession(client, session)).toEqual(before);
});

test("processes that write the same sessions in different orders do not stop each other", async () => {
  const database = await createTestDatabase();
  await database.em().execute(
    `insert into sessions (id, user_id, status, created_at, last_activity_at, expires_at, notice_at)
      select gen_random_uuid(), 'alice', 'active', now(), now(), now() + interval '1 hour', now() + interval '1 hour'
      from generate_series(1, 1000)`,
  );
  const ids = await database.em().execute<{ id: string }[]>("select id from sessions order by id");
  const warnings: string[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      warnings.push(chunk.toString());
      done();
    },
  });
  const log = createLogger("warn", sink);
  const orders = [ids, ids.toReversed(), ids, ids.toReversed()];
  for (let round = 0; round < 4; round += 1) {
    await Promise.all(
      orders.map(async (order) => {
        const recorder = recorderOf(database, log);
        for (const { id } of order) await recorder.record({ id, userId: "alice", expiresAt: farAway }, new Date());
        await recorder.flush();
      }),
    );
  }
  expect(warnings).toEqual([]);
});
