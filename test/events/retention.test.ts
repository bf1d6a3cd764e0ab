import { expect, test } from "vitest";
import { openDatabase } from "../../src/app/database.ts";
import type { Database } from "../../src/db/database.ts";
import { migrate } from "../../src/db/migrate.ts";
import { inProcessDoorbell } from "../../src/events/doorbell.ts";
import { EventStream } from "../../src/events/event-stream.ts";
import { Outbox } from "../../src/events/outbox.ts";
import { startEventRetention } from "../../src/events/retention.ts";
import { StreamWatch } from "../../src/events/stream-watch.ts";
import { createLogger } from "../../src/observability/logger.ts";
import { EventSource } from "../http/graphql/event-source.ts";
import { ProtocolSocket } from "../http/websocket/protocol-socket.ts";
import { cursorAt, cursorsOf } from "../support/cursor.ts";
import { startTestApp } from "../support/test-app.ts";
import { createServerDatabase, createTestDatabase } from "../support/test-database.ts";

const log = createLogger("silent");
const serverUrl = await createServerDatabase();

async function createStream(database: Database) {
  const doorbell = inProcessDoorbell();
  const watch = new StreamWatch(database, doorbell, log, 20);
  const outbox = new Outbox(database, doorbell);
  return {
    stream: new EventStream(database, watch, log),
    emit: (user: string, count: number) =>
      outbox.transaction(user, async (_em, emit) => {
        for (let index = 0; index < count; index++) {
          const body = { credentialId: crypto.randomUUID(), provider: "anthropic", method: "api_key", label: "x" };
          emit({ type: "CredentialStored", body: { ...body, method: "api_key" } });
        }
      }),
    [Symbol.asyncDispose]: () => watch[Symbol.asyncDispose](),
  };
}

/** Makes a user's events up to `seq` eight days old. */
async function age(database: Database, user: string, seq: number): Promise<void> {
  await database
    .em()
    .execute("update events set created_at = now() - interval '8 days' where user_id = ? and seq <= ?", [user, seq]);
}

async function kept(database: Database, user: string) {
  const [row] = await database
    .em()
    .execute<{ floor: string; first: string | null; count: string }[]>(
      "select floor, (select min(seq) from events where user_id = ?) as first, (select count(*) from events where user_id = ?) as count from user_streams where user_id = ?",
      [user, user, user],
    );
  return {
    floor: Number(row!.floor),
    first: row!.first === null ? null : Number(row!.first),
    count: Number(row!.count),
  };
}

/** Looks all the time, and removes few at a time. */
function startSweeping(database: Database): AsyncDisposable {
  return startEventRetention(database, log, { intervalMs: 10, batchSize: 3 });
}

async function swept(database: Database, user: string, floor: number): Promise<void> {
  await expect.poll(async () => (await kept(database, user)).floor, { timeout: 60_000 }).toBe(floor);
}

test("events are removed a week after they were committed, and the floor stands at the last of them", async () => {
  const database = await createTestDatabase();
  await using streams = await createStream(database);
  await streams.emit("alice", 10);
  await streams.emit("bob", 4);
  await streams.emit("carol", 2);
  await age(database, "alice", 7);
  await age(database, "bob", 4);
  await using _retention = startSweeping(database);
  await swept(database, "alice", 7);
  await swept(database, "bob", 4);
  expect(await kept(database, "alice")).toEqual({ floor: 7, first: 8, count: 3 });
  expect(await kept(database, "bob")).toEqual({ floor: 4, first: null, count: 0 });
  expect(await kept(database, "carol")).toEqual({ floor: 0, first: 1, count: 2 });
});

test("numbers go on where they were, though every event is removed", async () => {
  const database = await createTestDatabase();
  await using streams = await createStream(database);
  await streams.emit("alice", 5);
  await age(database, "alice", 5);
  await using _retention = startSweeping(database);
  await swept(database, "alice", 5);
  const events = await streams.stream.read("alice", await cursorAt(database, "alice", 5));
  await streams.emit("alice", 1);
  expect((await events.next()).value).toMatchObject({ seq: 6 });
});

test("an older event behind a younger one takes what stands before it along: no stream has a hole", async () => {
  const database = await createTestDatabase();
  await using streams = await createStream(database);
  await streams.emit("alice", 4);
  await database.em().execute("update events set created_at = now() - interval '8 days' where seq = 3");
  await using _retention = startSweeping(database);
  await swept(database, "alice", 3);
  expect(await kept(database, "alice")).toEqual({ floor: 3, first: 4, count: 1 });
});

test.each([
  ["some of its next events", 150],
  ["all events", 250],
])("a reader that %s were removed from ends with CURSOR_EXPIRED, not with a gap", async (_name, floor) => {
  const database = await createTestDatabase();
  await using streams = await createStream(database);
  await streams.emit("alice", 250);
  const events = await streams.stream.read("alice", await cursorAt(database, "alice", 0));
  const seen = [(await events.next()).value!.seq];
  // One page is in memory; the rest goes while the reader stands still.
  await age(database, "alice", floor);
  await using _retention = startSweeping(database);
  await swept(database, "alice", floor);
  const reading = (async () => {
    for await (const event of events) seen.push(event.seq);
  })();
  await expect(reading).rejects.toMatchObject({ code: "CURSOR_EXPIRED" });
  expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
});

test("a hole that somebody has made in the database ends a reader with CURSOR_EXPIRED, and is not skipped", async () => {
  const database = await createTestDatabase();
  await using streams = await createStream(database);
  await streams.emit("alice", 5);
  await database.em().execute("delete from events where seq = 3");
  const events = await streams.stream.read("alice", await cursorAt(database, "alice", 0));
  await expect(events.next()).rejects.toMatchObject({ code: "CURSOR_EXPIRED" });
});

test("a reader that has read everything goes on, whatever is removed behind it", async () => {
  const database = await createTestDatabase();
  await using streams = await createStream(database);
  await streams.emit("alice", 3);
  const events = await streams.stream.read("alice", await cursorAt(database, "alice", 0));
  for (const seq of [1, 2, 3]) expect((await events.next()).value).toMatchObject({ seq });
  const next = events.next();
  await age(database, "alice", 3);
  await using _retention = startSweeping(database);
  await swept(database, "alice", 3);
  await streams.emit("alice", 1);
  expect((await next).value).toMatchObject({ seq: 4 });
});

/** Bodies so large that nothing holds a page of them on the way to a client that does not read. */
async function emitLarge(database: Database): Promise<void> {
  await database.em().execute(
    `insert into events (user_id, seq, type, body, created_at)
     select 'alice', n, 'ReauthenticationRequired',
       jsonb_build_object('credentialId', gen_random_uuid(), 'provider', 'anthropic', 'method', 'api_key', 'label', 'x',
         'reason', repeat('x', 200000)), now()
     from generate_series(1, 400) n`,
  );
  await database.em().execute("insert into user_streams (user_id, seq) values ('alice', 400)");
}

const withReason = `subscription ($after: String) {
  credentialEvents(after: $after) { cursor ... on ReauthenticationRequired { reason } }
}`;

/** What is removed before the subscriber, who has the first event, reads on. */
async function overtake(database: Database): Promise<void> {
  await age(database, "alice", 350);
  await using _retention = startSweeping(database);
  await swept(database, "alice", 350);
}

const cursorOf = (result: unknown) =>
  (result as { data: { credentialEvents: { cursor: string } } | null }).data?.credentialEvents.cursor;

test("over WebSocket a slow subscriber is told CURSOR_EXPIRED, and its subscription is complete", async () => {
  const database = await createTestDatabase();
  await emitLarge(database);
  await using server = await startTestApp({ database });
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  socket.subscribe("1", withReason, { after: await cursorAt(database, "alice", 0) });
  const cursors = await cursorsOf(database, "alice", 1, 400);
  const first = await socket.next();
  socket.pause();
  await overtake(database);
  socket.resume();
  const results = [first, ...(await socket.until(({ type }) => type === "complete"))].map(({ payload }) => payload);
  expect(results.pop()).toBeUndefined();
  expect(results.pop()).toMatchObject({ errors: [{ extensions: { code: "CURSOR_EXPIRED" } }] });
  expect(results.map(cursorOf)).toEqual(cursors.slice(0, results.length));
});

test("over SSE a slow subscriber is told CURSOR_EXPIRED, and its stream is complete", async () => {
  const database = await createTestDatabase();
  await emitLarge(database);
  await using server = await startTestApp({ database });
  await using events = await EventSource.open(server.baseUrl, await server.token("alice"), withReason, {
    variables: { after: await cursorAt(database, "alice", 0) },
  });
  const cursors = await cursorsOf(database, "alice", 1, 400);
  const results = [(await events.next())![1]];
  await overtake(database);
  for (let next = await events.next(); next?.[0] === "next"; next = await events.next()) results.push(next[1]);
  expect(results.pop()).toMatchObject({ errors: [{ extensions: { code: "CURSOR_EXPIRED" } }] });
  expect(results.map(cursorOf)).toEqual(cursors.slice(0, results.length));
  expect(await events.next()).toBeNull();
});

test.skipIf(serverUrl === null)(
  "processes that sweep together, while others write, leave every stream whole",
  async () => {
    await using here = await openDatabase({ kind: "postgres", url: serverUrl! });
    await using there = await openDatabase({ kind: "postgres", url: serverUrl! });
    await migrate(here);
    await using streams = await createStream(here);
    const users = ["a", "b", "c", "d"];
    for (const user of users) await streams.emit(user, 60);
    for (const user of users) await age(here, user, 50);
    await using _first = startSweeping(here);
    await using _second = startSweeping(there);
    for (let round = 0; round < 20; round++) await Promise.all(users.map((user) => streams.emit(user, 1)));
    for (const user of users) {
      await swept(here, user, 50);
      expect(await kept(here, user)).toEqual({ floor: 50, first: 51, count: 30 });
    }
  },
);
