import { once } from "node:events";
import { expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import type { Database } from "../../../src/db/database.ts";
import { inProcessDoorbell } from "../../../src/events/doorbell.ts";
import { Outbox } from "../../../src/events/outbox.ts";
import { eventsSubscription } from "../../client/operations.ts";
import { cursorAt, cursorsOf } from "../../support/cursor.ts";
import { startTestApp, type TestApp } from "../../support/test-app.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { RawConnection } from "../raw-connection.ts";
import { ProtocolSocket } from "../websocket/protocol-socket.ts";

const pageSize = 100;
const eventCount = 1_000;

const withReason = `subscription ($after: String) {
  credentialEvents(after: $after) { cursor ... on ReauthenticationRequired { reason } }
}`;

/** Alice's stream holds far more than the buffers between two sockets, and counts how many pages are read of it. */
async function createLargeStream() {
  const database = await createTestDatabase();
  await database.em().execute(
    `insert into events (user_id, seq, type, body, created_at)
     select 'alice', n, 'ReauthenticationRequired',
       jsonb_build_object('credentialId', gen_random_uuid(), 'provider', 'anthropic', 'method', 'api_key', 'label', 'x',
         'reason', repeat('x', 50000)), now()
     from generate_series(1, ?::int) n`,
    [eventCount],
  );
  await database.em().execute("insert into user_streams (user_id, seq) values ('alice', ?)", [eventCount]);
  let pages = 0;
  const counting: Database = {
    ...database,
    query: (statement, values) => {
      if (statement.name === "event_stream_page") pages += 1;
      return database.query(statement, values);
    },
  };
  return { database: counting, pagesRead: () => pages };
}

async function logged(server: TestApp, text: string): Promise<void> {
  await expect.poll(() => server.logs.some((line) => line.includes(text)), { timeout: 60_000 }).toBe(true);
}

/** A subscription over SSE of which nothing is read yet. */
async function openStream(server: TestApp, after: string): Promise<RawConnection> {
  const connection = await RawConnection.open(server.baseUrl);
  connection.socket.pause();
  const body = JSON.stringify({ query: withReason, variables: { after } });
  connection.write(
    [
      "POST /graphql HTTP/1.1",
      "host: localhost",
      "content-type: application/json",
      "accept: text/event-stream",
      `authorization: Bearer ${await server.token("alice")}`,
      `content-length: ${body.length}`,
    ],
    body,
  );
  return connection;
}

test("a WebSocket whose client reads nothing is closed with 1013; until then its stream is not read on", async () => {
  const { database, pagesRead } = await createLargeStream();
  await using server = await startTestApp({ database, connections: { unreadMs: 1_000 } });
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  await using other = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  socket.subscribe("1", withReason, { after: await cursorAt(database, "alice", 0) });
  await socket.next();
  socket.pause();
  await logged(server, `"event":"connection.unread"`);
  const read = pagesRead();
  expect(read * pageSize).toBeLessThan(eventCount / 2);

  socket.resume();
  const rest = await socket.rest();
  expect(await socket.closed).toEqual([
    1013,
    "Too slow: data has waited for 1 s. Subscribe again after your last cursor.",
  ]);
  // What was sent before the close is whole, and nothing of what came after it.
  expect(rest.length).toBeLessThan(eventCount / 2);
  expect(pagesRead()).toBe(read);
  other.send({ type: "ping" });
  expect(await other.next()).toEqual({ type: "pong" });
});

type Sent = (error?: Error) => void;

/** Sees how many bytes each of the server's sockets was given that have not left this process. */
function watchWaiting() {
  const waiting = new Map<WebSocket, number>();
  let most = 0;
  const send = Reflect.get(WebSocket.prototype, "send") as (data: string, done?: Sent) => void;
  const watched = function (this: WebSocket, data: string, done?: Sent) {
    // Only the server's sends have a callback.
    if (done === undefined) return send.call(this, data);
    const add = (bytes: number) => waiting.set(this, (waiting.get(this) ?? 0) + bytes);
    add(data.length);
    most = Math.max(most, waiting.get(this)!);
    send.call(this, data, (error) => {
      add(-data.length);
      done(error);
    });
  };
  const spy = vi.spyOn(WebSocket.prototype, "send").mockImplementation(watched as WebSocket["send"]);
  return { most: () => most, [Symbol.dispose]: () => spy.mockRestore() };
}

test("one that stands still holds up none of those it shares with, and one message at most waits for it", async () => {
  const [total, batch] = [400, 20];
  const database = await createTestDatabase();
  const doorbell = inProcessDoorbell();
  await using server = await startTestApp({ database, doorbell, connections: { unreadMs: 3_000 } });
  await using stack = new AsyncDisposableStack();
  const sockets: ProtocolSocket[] = [];
  for (let count = 0; count < 5; count++) {
    const socket = stack.use(await ProtocolSocket.connect(server.baseUrl, await server.token("alice")));
    socket.subscribe("1", withReason, { after: await cursorAt(database, "alice", 0) });
    sockets.push(socket);
  }
  const [stalled, ...readers] = sockets;
  using waiting = watchWaiting();
  stalled!.pause();
  // The server gives it some seconds to read what was sent before the close.
  const rest = logged(server, `"event":"connection.unread"`).then(() => {
    stalled!.resume();
    return stalled!.rest();
  });
  const outbox = new Outbox(database, doorbell);
  const body = { credentialId: crypto.randomUUID(), provider: "anthropic", method: "api_key", label: "x" } as const;
  for (let written = 0; written < total; written += batch) {
    await outbox.transaction("alice", async (_em, emit) => {
      for (let count = 0; count < batch; count++)
        emit({ type: "ReauthenticationRequired", body: { ...body, reason: "x".repeat(50_000) } });
    });
    const numbers = await cursorsOf(database, "alice", written + 1, written + batch);
    for (const reader of readers) {
      const messages = await reader.until(({ payload }) => cursorOf(payload) === numbers.at(-1));
      expect(messages.map(({ payload }) => cursorOf(payload))).toEqual(numbers);
    }
  }

  expect((await rest).length).toBeLessThan(total);
  expect((await stalled!.closed)[0]).toBe(1013);
  expect(waiting.most()).toBeLessThan(51_000);
});

test("an SSE response whose client reads nothing is cut; until then its stream is not read on", async () => {
  const { database, pagesRead } = await createLargeStream();
  await using server = await startTestApp({ database, connections: { unreadMs: 1_000, streamsPerUser: 1 } });
  await using connection = await openStream(server, await cursorAt(database, "alice", 0));
  await logged(server, `"event":"connection.unread"`);
  expect(pagesRead() * pageSize).toBeLessThan(eventCount / 2);

  // The cut is no end in good order, which a client would take for the subscription's.
  let received = "";
  connection.socket.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")));
  connection.socket.on("error", () => {});
  if (!connection.socket.closed) {
    connection.socket.resume();
    await Promise.race([once(connection.socket, "end"), once(connection.socket, "close")]);
  }
  expect(received).toContain("event: next");
  expect(received).not.toContain("event: complete");
});

test("a client that reads slowly, and goes on reading, is not closed", async () => {
  const { database } = await createLargeStream();
  await using server = await startTestApp({ database, connections: { unreadMs: 1_000 } });
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  socket.subscribe("1", withReason, { after: await cursorAt(database, "alice", 0) });
  const sipping = setInterval(() => {
    socket.resume();
    setImmediate(() => socket.pause());
  }, 20);
  const cursors = await cursorsOf(database, "alice", 1, eventCount);
  const messages = await socket.until(({ payload }) => cursorOf(payload) === cursors.at(-1));
  clearInterval(sipping);
  expect(messages.map(({ payload }) => cursorOf(payload))).toEqual(cursors);
});

test("a client that has nothing to read may be silent as long as it likes", async () => {
  await using server = await startTestApp({ connections: { unreadMs: 50 } });
  await using idle = await ProtocolSocket.connect(server.baseUrl, await server.token("bob"));
  idle.subscribe("1", eventsSubscription);
  // A slow one meets the rule; by then the idle one would have as well.
  const { database } = await createLargeStream();
  await using other = await startTestApp({ database, connections: { unreadMs: 1_000 } });
  await using slow = await ProtocolSocket.connect(other.baseUrl, await other.token("alice"));
  slow.subscribe("1", withReason, { after: await cursorAt(database, "alice", 0) });
  slow.pause();
  await logged(other, `"event":"connection.unread"`);
  idle.send({ type: "ping" });
  expect(await idle.next()).toEqual({ type: "pong" });
});

test("of a client that asks on and reads no answers nothing more is taken", async () => {
  await using server = await startTestApp();
  const socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  await using _socket = socket;
  socket.pause();
  const ping = JSON.stringify({ type: "ping", payload: { text: "x".repeat(60_000) } });
  for (let count = 0; count < 1_000; count++) socket.send(ping);
  // The answers pile up in buffers of fixed size, and then what the client sends piles up at the client, for good.
  const waits: number[] = [];
  await expect
    .poll(
      () => {
        waits.push(socket.unsentBytes);
        const recent = waits.slice(-20);
        return recent.length === 20 && recent[0]! > 0 && recent.every((bytes) => bytes === recent[0]);
      },
      { timeout: 60_000, interval: 50 },
    )
    .toBe(true);
});

function cursorOf(result: unknown): string | undefined {
  return (result as { data: { credentialEvents: { cursor: string } } | null }).data?.credentialEvents.cursor;
}
