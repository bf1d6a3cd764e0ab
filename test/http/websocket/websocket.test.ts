import { afterEach, expect, test, vi } from "vitest";
import { securityHeaders } from "../../../src/http/respond.ts";
import {
  authenticateMutation,
  credentialEventsSubscription,
  credentialsQuery,
  eventsSubscription,
  viewerQuery,
} from "../../client/operations.ts";
import { startMockProvider } from "../../support/mock-provider.ts";
import { startTestApp } from "../../support/test-app.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { PollSpy } from "../poll-spy.ts";
import { RawConnection } from "../raw-connection.ts";
import { TokenClock } from "../token-clock.ts";
import { ProtocolSocket, upgradeStatus } from "./protocol-socket.ts";

afterEach(() => {
  vi.useRealTimers();
});

const invalidMessages = {
  "no JSON": "{",
  "no object": "[]",
  "an unknown type": JSON.stringify({ type: "start" }),
  "a subscribe without an operation": JSON.stringify({ type: "subscribe", id: "1" }),
  "a message that only servers send": JSON.stringify({ type: "connection_ack" }),
};

test.each(Object.entries(invalidMessages))("%s closes the socket with 4400", async (_name, message) => {
  await using server = await startTestApp();
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  socket.send(message);
  expect(await socket.closed).toEqual([4400, "Invalid message received"]);
  expect(server.logs).toEqual([]);
});

test("an operation before the connection is acknowledged closes the socket with 4401", async () => {
  await using server = await startTestApp();
  await using socket = await ProtocolSocket.open(server.baseUrl);
  socket.subscribe("1", viewerQuery);
  expect(await socket.closed).toEqual([4401, "Unauthorized"]);
});

test("a connection that is not initialised in three seconds is closed with 4408", async () => {
  await using server = await startTestApp();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  await using socket = await ProtocolSocket.open(server.baseUrl);
  vi.advanceTimersByTime(3_000);
  expect(await socket.closed).toEqual([4408, "Connection initialisation timeout"]);
});

test.each(["1", "x".repeat(1_000)])("the id of an operation that runs closes the socket with 4409", async (id) => {
  await using server = await startTestApp();
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  socket.subscribe(id, eventsSubscription);
  socket.subscribe(id, viewerQuery);
  expect((await socket.closed)[0]).toBe(4409);
});

test("an id may be used again once its operation is complete", async () => {
  await using server = await startTestApp();
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  for (const _time of ["first", "second"]) {
    socket.subscribe("1", viewerQuery);
    expect(await socket.next()).toMatchObject({ type: "next", id: "1" });
    expect(await socket.next()).toEqual({ type: "complete", id: "1" });
  }
});

test("a second initialisation closes the socket with 4429", async () => {
  await using server = await startTestApp();
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  socket.send({ type: "connection_init" });
  expect(await socket.closed).toEqual([4429, "Too many initialisation requests"]);
});

test("a client that names no subprotocol is closed with 4406", async () => {
  await using server = await startTestApp();
  await using socket = await ProtocolSocket.open(server.baseUrl, { protocol: "" });
  expect(await socket.closed).toEqual([4406, "Subprotocol not acceptable"]);
});

test("of another subprotocol none is agreed on, and the client gives up", async () => {
  await using server = await startTestApp();
  await expect(ProtocolSocket.open(server.baseUrl, { protocol: "graphql-ws" })).rejects.toThrow(
    "Server sent no subprotocol",
  );
});

test("a frame of more than 64 KiB closes the socket with 1009, and is not logged", async () => {
  await using server = await startTestApp();
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  const ping = (size: number) => JSON.stringify({ type: "ping", payload: { text: "x".repeat(size - 37) } });
  expect(ping(65_536)).toHaveLength(65_536);
  socket.send(ping(65_536));
  expect(await socket.next()).toMatchObject({ type: "pong" });

  using console = vi.spyOn(globalThis.console, "error").mockReturnValue();
  socket.send(ping(65_537));
  expect(await socket.closed).toEqual([1009, "A message may have at most 65536 bytes."]);
  expect(console).not.toHaveBeenCalled();
  expect(server.logs).toEqual([]);
});

const refusals: Record<string, (token: (lifetime?: number) => Promise<string>) => Promise<object> | object> = {
  "no parameters": () => ({}),
  "no token": () => ({ payload: {} }),
  "a token of another form": () => ({ payload: { authorization: "Basic YWxpY2U6c2VjcmV0" } }),
  "a token that is no text": () => ({ payload: { authorization: ["Bearer x"] } }),
  "a token that nobody signed": () => ({ payload: { authorization: "Bearer e30.e30.x" } }),
  "an expired token": async (token) => ({ payload: { authorization: `Bearer ${await token(-60)}` } }),
  "another user without the scope for it": async (token) => ({
    payload: { authorization: `Bearer ${await token()}`, "x-on-behalf-of": "bob" },
  }),
};

test.each(Object.entries(refusals))("%s closes the socket with 4403 and a reason", async (_name, init) => {
  await using server = await startTestApp();
  await using socket = await ProtocolSocket.open(server.baseUrl);
  const params = await init((lifetime = 60) => server.token("alice", { lifetime }));
  socket.send({ type: "connection_init", ...params });
  const [code, reason] = await socket.closed;
  expect(code).toBe(4403);
  expect(reason).toMatch(/token/i);
});

test.each([["\0"], ["\ud800"], [""], ["x".repeat(256)], [["bob"]], [7]])(
  "a user id that cannot be one (%j) closes the socket with 4403",
  async (onBehalfOf) => {
    await using server = await startTestApp();
    await using socket = await ProtocolSocket.open(server.baseUrl);
    const authorization = `Bearer ${await server.token("service", { scopes: ["users:act"] })}`;
    socket.send({ type: "connection_init", payload: { authorization, "x-on-behalf-of": onBehalfOf } });
    expect(await socket.closed).toEqual([4403, "`x-on-behalf-of` must be one user id."]);
  },
);

test("when the token expires the open socket is closed with 4403, and no subscription on it ends before", async () => {
  const clock = new TokenClock();
  await using server = await startTestApp({ clock });
  clock.setNextSecondIn(300);
  const token = await server.token("alice", { lifetime: 3 });
  await using socket = await ProtocolSocket.connect(server.baseUrl, token);
  for (const id of ["1", "2", "3"]) socket.subscribe(id, eventsSubscription);
  expect(await socket.rest()).toEqual([]);
  expect(await socket.closed).toEqual([4403, "The token has expired."]);
});

test("no result goes out after the token has expired, whatever the timers do", async () => {
  let now = new Date();
  await using server = await startTestApp({ clock: { now: () => now } });
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice", { lifetime: 60 }));
  now = new Date(now.getTime() + 60_000);
  socket.subscribe("1", viewerQuery);
  expect(await socket.rest()).toEqual([]);
  expect(await socket.closed).toEqual([4403, "The token has expired."]);
});

test("a page of another origin is refused at the upgrade", async () => {
  await using server = await startTestApp({ environment: { ALLOWED_ORIGINS: "https://app.example.com" } });
  for (const origin of ["https://evil.example", "https://app.example.com.evil.example", "null"]) {
    expect(await upgradeStatus(`${server.baseUrl}/graphql`, { origin })).toBe(403);
  }
});

test("the refusal of an upgrade says why, and has the headers of every answer", async () => {
  await using server = await startTestApp();
  await using connection = await RawConnection.open(server.baseUrl);
  const upgrade = ["connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13"];
  const key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
  connection.write(["GET /graphql HTTP/1.1", "host: localhost", ...upgrade, key, "origin: https://evil.example"]);
  const [head = "", body = ""] = (await connection.received()).split("\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1.1 403 Forbidden\r\n/);
  for (const [name, value] of Object.entries(securityHeaders)) expect(head).toContain(`${name}: ${value}`);
  expect(head).toContain(`content-length: ${body.length}`);
  expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: "ORIGIN_NOT_ALLOWED" } }] });
});

test("a page of a listed origin is let in", async () => {
  const origin = "https://app.example.com";
  await using server = await startTestApp({ environment: { ALLOWED_ORIGINS: origin } });
  await using socket = await ProtocolSocket.open(server.baseUrl, { origin });
  socket.send({ type: "ping" });
  expect(await socket.next()).toEqual({ type: "pong" });
});

test("an upgrade on another path is answered with 404", async () => {
  await using server = await startTestApp();
  expect(await upgradeStatus(`${server.baseUrl}/`)).toBe(404);
  expect(await upgradeStatus(`${server.baseUrl}/graphql/stream`)).toBe(404);
});

const badOperations: Record<string, { query: string; variables?: object; operationName?: string; code: string }> = {
  "a syntax error": { query: "query {", code: "GRAPHQL_PARSE_FAILED" },
  "a validation error": { query: "{ nothing }", code: "GRAPHQL_VALIDATION_FAILED" },
  "two operations and no name": {
    query: "query A { __typename } query B { __typename }",
    code: "OPERATION_RESOLUTION_FAILURE",
  },
  "an unknown operation name": {
    query: "query A { __typename }",
    operationName: "B",
    code: "OPERATION_RESOLUTION_FAILURE",
  },
  "a bad variable": {
    query: credentialsQuery.toString(),
    variables: { first: "many" },
    code: "BAD_USER_INPUT",
  },
  "a bad variable of a subscription": {
    query: eventsSubscription.toString(),
    variables: { after: 7 },
    code: "BAD_USER_INPUT",
  },
  "a forbidden field": { query: '{ user(id: "bob") { userId } }', code: "FORBIDDEN" },
  "a bad cursor": {
    query: eventsSubscription.toString(),
    variables: { after: "nowhere" },
    code: "CURSOR_INVALID",
  },
};

test.each(Object.entries(badOperations))(
  "%s is an error of its own operation, and the socket's other subscriptions go on",
  async (_name, { code, ...payload }) => {
    await using provider = await startMockProvider("anthropic");
    await using server = await startTestApp({ environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl } });
    const client = await server.client("alice");
    const { viewer } = await client.execute(viewerQuery);
    await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
    socket.subscribe("events", credentialEventsSubscription, { after: viewer.eventCursor });

    socket.send({ type: "subscribe", id: "bad", payload });
    const messages = await socket.until(({ type }) => type !== "next");
    expect(messages.map(({ id }) => id)).toEqual(messages.map(() => "bad"));
    const [{ type, payload: answer } = { type: "nothing" }] = messages;
    const errors = type === "error" ? answer : (answer as { errors: unknown }).errors;
    expect(errors).toMatchObject([{ extensions: { code } }]);
    expect(JSON.stringify(errors)).not.toContain("http");

    await client.execute(authenticateMutation, {
      input: { provider: "anthropic", credential: { apiKey: provider.key } },
    });
    expect(await socket.next()).toMatchObject({
      id: "events",
      type: "next",
      payload: { data: { credentialEvents: { __typename: "CredentialStored" } } },
    });
    expect(server.logs.filter((line) => line.includes("unexpectedly"))).toEqual([]);
  },
);

test("queries and mutations work over the socket", async () => {
  await using provider = await startMockProvider("anthropic");
  await using server = await startTestApp({ environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl } });
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  socket.subscribe("mutation", authenticateMutation, {
    input: { provider: "anthropic", credential: { apiKey: provider.key } },
  });
  expect(await socket.next()).toMatchObject({
    id: "mutation",
    payload: { data: { authenticate: { __typename: "AuthenticatePayload" } } },
  });
  expect(await socket.next()).toEqual({ type: "complete", id: "mutation" });
  socket.subscribe("query", credentialsQuery);
  expect(await socket.next()).toMatchObject({
    id: "query",
    payload: { data: { viewer: { credentials: { nodes: [{ provider: { name: "anthropic" } }] } } } },
  });
  expect(await socket.next()).toEqual({ type: "complete", id: "query" });
});

test("a service acts for the user that its connection parameters name", async () => {
  await using server = await startTestApp();
  const token = await server.token("service", { scopes: ["users:act", "credentials:read"] });
  await using socket = await ProtocolSocket.connect(server.baseUrl, token, { "x-on-behalf-of": "alice" });
  socket.subscribe("1", viewerQuery);
  expect(await socket.next()).toMatchObject({ payload: { data: { viewer: { userId: "alice" } } } });
});

const endings: Record<string, (socket: ProtocolSocket) => Promise<void> | void> = {
  "completing the subscription": (socket) => socket.send({ type: "complete", id: "1" }),
  "cutting the connection": (socket) => socket[Symbol.asyncDispose](),
};

test.each(Object.entries(endings))("%s ends the watch over the user's stream", async (_name, end) => {
  const spy = new PollSpy(await createTestDatabase());
  await using server = await startTestApp({ database: spy.database, pollIntervalMs: 10 });
  await using bob = await ProtocolSocket.connect(server.baseUrl, await server.token("bob"));
  await using alice = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  bob.subscribe("1", eventsSubscription);
  alice.subscribe("1", eventsSubscription);
  await spy.polled("alice", "bob");
  await end(alice);
  await expect(spy.polled("bob")).resolves.toBeUndefined();
});
