import { expect, test } from "vitest";
import { eventsSubscription, viewerQuery } from "../../client/operations.ts";
import { startTestApp, type TestApp } from "../../support/test-app.ts";
import { EventSource } from "../graphql/event-source.ts";
import { ProtocolSocket } from "../websocket/protocol-socket.ts";

const tooManySockets = (limit: number) => [
  1013,
  `Too many sockets: this user has ${limit} open here, which is the limit.`,
];

async function connectMany(server: TestApp, user: string, count: number) {
  await using stack = new AsyncDisposableStack();
  const token = await server.token(user);
  const sockets: ProtocolSocket[] = [];
  for (let index = 0; index < count; index++) {
    sockets.push(stack.use(await ProtocolSocket.connect(server.baseUrl, token)));
  }
  const opened = stack.move();
  return { sockets, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** How a connection with this token is answered: with the type of a message, or with a close. */
async function answerOf(server: TestApp, token: string, params: object = {}): Promise<unknown> {
  await using socket = await ProtocolSocket.open(server.baseUrl);
  socket.send({ type: "connection_init", payload: { authorization: `Bearer ${token}`, ...params } });
  return await Promise.race([
    socket.next().then(
      ({ type }) => type,
      () => socket.closed,
    ),
    socket.closed,
  ]);
}

test("a user's sixth socket is closed with 1013, and nobody else's sockets are disturbed", async () => {
  await using server = await startTestApp();
  await using alice = await connectMany(server, "alice", 5);
  expect(await answerOf(server, await server.token("alice"))).toEqual(tooManySockets(5));
  expect(await answerOf(server, await server.token("bob"))).toBe("connection_ack");
  for (const socket of alice.sockets) {
    socket.subscribe("1", viewerQuery);
    expect(await socket.next()).toMatchObject({ payload: { data: { viewer: { userId: "alice" } } } });
  }
});

test("a socket that is closed makes room for another", async () => {
  await using server = await startTestApp({ connections: { socketsPerUser: 1 } });
  const token = await server.token("alice");
  {
    await using _socket = await ProtocolSocket.connect(server.baseUrl, token);
    expect(await answerOf(server, token)).toEqual(tooManySockets(1));
  }
  await expect.poll(() => answerOf(server, token), { timeout: 60_000 }).toBe("connection_ack");
});

test("sockets that are not let in hold no room", async () => {
  await using server = await startTestApp({ connections: { socketsPerUser: 1 } });
  const expired = await server.token("alice", { lifetime: -60 });
  for (let count = 0; count < 3; count++)
    expect(await answerOf(server, expired)).toMatchObject([4403, expect.anything()]);
  expect(await answerOf(server, await server.token("alice"))).toBe("connection_ack");
});

test("a service that acts for a user does not take the user's room", async () => {
  await using server = await startTestApp({ connections: { socketsPerUser: 1, streamsPerUser: 1 } });
  const service = await server.token("service", { scopes: ["users:act", "credentials:read"] });
  await using _socket = await ProtocolSocket.connect(server.baseUrl, service, { "x-on-behalf-of": "alice" });
  expect(await answerOf(server, service, { "x-on-behalf-of": "alice" })).toEqual(tooManySockets(1));
  expect(await answerOf(server, service, { "x-on-behalf-of": "bob" })).toBe("connection_ack");
  expect(await answerOf(server, await server.token("alice"))).toBe("connection_ack");
});

test("a socket's twenty-first operation is refused with an error of its own, and the others go on", async () => {
  await using server = await startTestApp();
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  for (let id = 1; id <= 20; id++) socket.subscribe(String(id), eventsSubscription);
  socket.subscribe("21", viewerQuery);
  expect(await socket.next()).toMatchObject({
    type: "error",
    id: "21",
    payload: [
      { message: expect.stringMatching(/^20 operations/), extensions: { code: "TOO_MANY_OPERATIONS", limit: 20 } },
    ],
  });
  socket.send({ type: "complete", id: "7" });
  socket.subscribe("22", viewerQuery);
  expect(await socket.next()).toMatchObject({ type: "next", id: "22", payload: { data: { viewer: {} } } });
  expect(await socket.next()).toEqual({ type: "complete", id: "22" });
});

/** Each accept header by which clients ask for a stream. */
const streamAccepts = ["text/event-stream", "application/json, text/event-stream", "*/*"];

test.each(streamAccepts)("a stream too many is refused with 429 and JSON (accept: %s)", async (accept) => {
  await using server = await startTestApp({ connections: { streamsPerUser: 2 } });
  const token = await server.token("alice");
  await using _first = await EventSource.open(server.baseUrl, token, eventsSubscription);
  await using _second = await EventSource.open(server.baseUrl, token, eventsSubscription);
  const client = await server.client("alice");
  const refused = await client.post({ query: eventsSubscription.toString() }, { accept });
  expect(refused.status).toBe(429);
  expect(refused.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(await refused.json()).toEqual({
    errors: [
      {
        message: expect.stringMatching(/^This user has 2 open event streams/),
        extensions: { code: "TOO_MANY_STREAMS", limit: 2 },
      },
    ],
  });
  // Queries need no place, and other users have places of their own.
  expect((await client.post({ query: viewerQuery.toString() }, { accept })).status).toBe(200);
  await using bob = await EventSource.open(server.baseUrl, await server.token("bob"), eventsSubscription);
  expect(bob.response.status).toBe(200);
});

test("a stream that has ended makes room for another", async () => {
  await using server = await startTestApp({ connections: { streamsPerUser: 1 } });
  const token = await server.token("alice");
  const statusOf = async () => {
    await using events = await EventSource.open(server.baseUrl, token, eventsSubscription);
    return events.response.status;
  };
  const bad = { query: eventsSubscription.toString(), variables: { after: "nowhere" } };
  const client = await server.client("alice");
  await (await client.post(bad, { accept: "text/event-stream" })).text();
  await expect.poll(statusOf, { timeout: 60_000 }).toBe(200);
  await expect.poll(statusOf, { timeout: 60_000 }).toBe(200);
});
