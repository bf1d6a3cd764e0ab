import { expect, test, vi } from "vitest";
import { inProcessDoorbell } from "../../src/events/doorbell.ts";
import { Outbox } from "../../src/events/outbox.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLogger } from "../../src/observability/logger.ts";
import { Metrics } from "../../src/observability/metrics.ts";
import { SessionSweeper } from "../../src/sessions/session-sweeper.ts";
import { sessionEventsSubscription, sessionsQuery } from "../client/operations.ts";
import type { OAuthStage, OAuthStageOptions } from "../connect/oauth/oauth-stage.ts";
import { cursorAt } from "../support/cursor.ts";
import { patience } from "../support/patience.ts";
import { startTestApp } from "../support/test-app.ts";
import { createTestDatabase } from "../support/test-database.ts";
import {
  chosen,
  end,
  eventTypes,
  issue,
  never,
  ownKeys,
  readSession,
  rowId,
  setSessionStage,
  startSession,
  StillClock,
  touch,
} from "./session-stage.ts";

const dayS = 86_400;
async function setStage(options: OAuthStageOptions = {}) {
  const clock = new StillClock();
  const environment = { ...ownKeys, SESSION_TIMEOUT: "100" };
  const stage = await setSessionStage({ clock, environment, sweepIntervalMs: 20, ...options });
  return { ...stage, clock, environment };
}

/**
 * A sweep that began after this call has ended: what it tells of a new session stands behind all that it told before.
 */
async function swept(stage: Pick<OAuthStage, "client" | "database">): Promise<void> {
  const client = await stage.client("witness");
  const session = await startSession(client);
  await stage.database.em().execute("update sessions set notice_at = '2000-01-01' where user_id = 'witness'");
  const count = (await eventTypes(stage, "witness", session)).length;
  await vi.waitFor(
    async () => expect((await eventTypes(stage, "witness", session)).length).toBeGreaterThan(count),
    patience,
  );
  await end(client, session);
}

test("a session is warned of a tenth of its timeout before, and told of once it has expired, each once", async () => {
  await using stage = await setStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  const { expiresAt } = await readSession(client, session);
  await using events = await client.subscribeSse(sessionEventsSubscription, { sessionId: session });
  stage.clock.advance(89.9);
  await swept(stage);
  expect(await eventTypes(stage, "alice")).toEqual(["SessionStarted"]);

  stage.clock.advance(0.1);
  expect((await events.next()).data?.sessionEvents).toMatchObject({
    __typename: "SessionExpiring",
    expiresAt,
    session: { id: session, status: "ACTIVE" },
  });
  stage.clock.advance(10);
  expect((await events.next()).data?.sessionEvents).toMatchObject({
    __typename: "SessionExpired",
    session: { id: session, status: "EXPIRED" },
  });
  await swept(stage);
  expect(await eventTypes(stage, "alice")).toEqual(["SessionStarted", "SessionExpiring", "SessionExpired"]);
});

test("three servers over one database tell of each session once", async () => {
  await using stage = await setStage();
  const { clock, database, environment } = stage;
  const more = { clock, database, environment, sweepIntervalMs: 20 };
  await using _second = await startTestApp(more);
  await using _third = await startTestApp(more);
  const client = await stage.client("alice");
  const sessions = await Promise.all(Array.from({ length: 12 }, () => startSession(client)));
  const told = async (type: string) => (await eventTypes(stage, "alice")).filter((item) => item === type).length;
  clock.advance(90);
  await vi.waitFor(async () => expect(await told("SessionExpiring")).toBe(sessions.length), patience);
  clock.advance(10);
  await vi.waitFor(async () => expect(await told("SessionExpired")).toBe(sessions.length), patience);
  await swept(stage);
  for (const session of sessions) {
    expect(await eventTypes(stage, "alice", session)).toEqual(["SessionStarted", "SessionExpiring", "SessionExpired"]);
  }
});

test("more sessions than a batch holds are all told of", async () => {
  await using stage = await setStage();
  await stage.database.em().execute(
    `insert into sessions (id, user_id, status, created_at, last_activity_at, expires_at, notice_at)
      select gen_random_uuid(), 'alice', 'active', '2026-01-01', '2026-01-01', '2026-01-02', '2026-01-01'
      from generate_series(1, 250)`,
  );
  await vi.waitFor(async () => expect(await eventTypes(stage, "alice")).toHaveLength(250), patience);
  expect(new Set(await eventTypes(stage, "alice"))).toEqual(new Set(["SessionExpired"]));
});

test.each(["ended", "expired"])(
  "rows that say %s keep no sweep from ending, whatever notice they wait for",
  async (status) => {
    await using stage = await setStage();
    // As many as a batch holds, and all of them before any other.
    await stage.database.em().execute(
      `insert into sessions (id, user_id, status, created_at, last_activity_at, expires_at, notice_at, ended_at)
      select gen_random_uuid(), 'bob', ?, '1999-01-01', '1999-01-01', '1999-01-02', '1999-01-01', clock_timestamp()
      from generate_series(1, 100)`,
      [status],
    );
    await swept(stage);
    expect(await eventTypes(stage, "bob")).toEqual([]);
  },
);

test("activity after the warning postpones the expiry, and a later warning comes again", async () => {
  await using stage = await setStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  const types = () => eventTypes(stage, "alice", session);
  const told = (...expected: string[]) =>
    vi.waitFor(async () => expect(await types()).toEqual(["SessionStarted", ...expected]), patience);

  stage.clock.advance(95);
  await told("SessionExpiring");
  await touch(client, session);
  stage.clock.advance(50);
  await swept(stage);
  await told("SessionExpiring");
  stage.clock.advance(45);
  await told("SessionExpiring", "SessionExpiring");
  // Through issueAccess as well; so close to the expiry it is written at once.
  stage.clock.advance(4);
  await issue(client, { sessionId: session, provider: "openai" });
  stage.clock.advance(85);
  await swept(stage);
  await told("SessionExpiring", "SessionExpiring");
  stage.clock.advance(15);
  await told("SessionExpiring", "SessionExpiring", "SessionExpired");
});

test("a session that was ended is neither warned of nor told to expire", async () => {
  await using stage = await setStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  await end(client, session);
  stage.clock.advance(200);
  await swept(stage);
  expect(await eventTypes(stage, "alice")).toEqual(["SessionStarted", "SessionEnded"]);
  expect(await readSession(client, session)).toMatchObject({ status: "ENDED" });
});

test("a session whose warning nobody could send is told to have expired, and can be looked at from then on", async () => {
  const clock = new StillClock();
  const environment = { SESSION_TIMEOUT: "100" };
  await using asleep = await setSessionStage({ clock, environment });
  const session = await startSession(await asleep.client("alice"));
  // Longer than ended sessions are kept.
  clock.advance(9 * dayS);
  const { database } = asleep;
  await using awake = await startTestApp({ clock, database, environment, sweepIntervalMs: 20 });
  await vi.waitFor(async () => expect(await eventTypes(asleep, "alice")).toContain("SessionExpired"), patience);
  // The first look has ended, and with it the removal of what is old.
  await swept({ ...awake, database });
  const client = await awake.client("alice");
  await using events = await client.subscribeSse(sessionEventsSubscription, {
    after: await cursorAt(database, "alice", 1),
  });
  expect(await events.next()).toMatchObject({
    data: { sessionEvents: { __typename: "SessionExpired", session: { id: session, status: "EXPIRED" } } },
  });
});

test("sessions that are over are removed after eight days; until then their events still resolve them", async () => {
  const clock = new StillClock();
  const environment = { SESSION_TIMEOUT: "100" };
  await using stage = await setSessionStage({ clock, environment: { ...environment, ...ownKeys } });
  const { database } = stage;
  const before = await stage.client("alice");
  const [ended, kept] = [await startSession(before), await startSession(before)];
  await end(before, ended);

  const list = async (server: Pick<typeof stage, "client">) => {
    const { viewer } = await (await server.client("alice")).execute(sessionsQuery, {});
    return viewer.sessions.nodes.map(({ id }) => id);
  };
  clock.advance(8 * dayS - 1);
  // A server removes what is old with its first sweep.
  {
    await using server = await startTestApp({ clock, database, environment, sweepIntervalMs: 20 });
    const client = await server.client("alice");
    await vi.waitFor(async () => expect(await eventTypes(stage, "alice", kept)).toContain("SessionExpired"), patience);
    expect(await list(server)).toEqual(expect.arrayContaining([ended, kept]));
    await using events = await client.subscribeSse(sessionEventsSubscription, {
      after: await cursorAt(database, "alice", 0),
    });
    expect((await events.next()).data?.sessionEvents.session).toMatchObject({ id: ended, status: "ENDED" });
  }
  clock.advance(2);
  await using server = await startTestApp({ clock, database, environment, sweepIntervalMs: 20 });
  await vi.waitFor(async () => expect(await list(server)).toEqual([kept]), patience);
});

test("what a removed session used at its providers is removed with it, and other sessions keep theirs", async () => {
  const clock = new StillClock();
  await using stage = await setSessionStage({ clock, environment: { ...ownKeys } });
  const client = await stage.client("alice");
  const [ended, kept] = [await startSession(client), await startSession(client)];
  for (const session of [ended, kept]) await chosen(client, session, { provider: "openai" });
  await end(client, ended);
  clock.advance(8 * dayS + 1);
  await stage.database.em().execute("update sessions set expires_at = ? where id = ?", [clock.now(), rowId(kept)]);
  await using _server = await startTestApp({ clock, database: stage.database, sweepIntervalMs: 20 });
  await vi.waitFor(
    async () => expect(await stage.database.em().execute("select id from sessions")).toEqual([{ id: rowId(kept) }]),
    patience,
  );
  const choices = await stage.database.em().execute("select session_id from session_providers");
  expect(choices).toEqual([{ session_id: rowId(kept) }]);
});

test("one sweep tells of all that are due, however many batches they fill", async () => {
  const database = await createTestDatabase();
  await database.em().execute(
    `insert into sessions (id, user_id, status, created_at, last_activity_at, expires_at, notice_at)
      select gen_random_uuid(), 'alice', 'active', '2026-01-01', '2026-01-01', '2026-01-02', '2026-01-01'
      from generate_series(1, 101)`,
  );
  const outbox = new Outbox(database, inProcessDoorbell());
  const log = createLogger("silent");
  await using sweeper = new SessionSweeper({
    database,
    outbox,
    clock: systemClock,
    log,
    metrics: new Metrics(),
    intervalMs: never,
  });
  await sweeper.sweep();
  expect(await eventTypes({ database }, "alice")).toHaveLength(101);
});
