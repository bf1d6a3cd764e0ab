import { afterEach, expect, test, vi } from "vitest";
import { systemClock } from "../../src/lib/clock.ts";
import { authenticateMutation, eventsSubscription } from "../client/operations.ts";
import { breakableDatabase } from "../support/breakable-database.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp } from "../support/test-app.ts";
import { createTestDatabase } from "../support/test-database.ts";
import { EventSource } from "./graphql/event-source.ts";
import { codeOf, post } from "./http-request.ts";
import { RawConnection } from "./raw-connection.ts";
import { ProtocolSocket } from "./websocket/protocol-socket.ts";

test("/health answers while the server runs, and /ready while the database does", async () => {
  await using server = await startTestApp();
  for (const path of ["/health", "/ready"]) expect((await fetch(server.baseUrl + path)).status).toBe(200);
});

test("/ready is 503 while the database does not answer, and does not say why", async () => {
  const breakable = breakableDatabase(await createTestDatabase(), new Error("password of postgres://alice:secret@db"));
  await using server = await startTestApp({ clock: systemClock, database: breakable.database });
  expect((await fetch(`${server.baseUrl}/ready`)).status).toBe(200);
  breakable.break();
  expect((await fetch(`${server.baseUrl}/health`)).status).toBe(200);
  const response = await fetch(`${server.baseUrl}/ready`);
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({ status: "unavailable", reason: "The database does not answer." });
});

test.each(["/nothing", "/graphql/", "/graphql/x", "//graphql"])("%s is 404", async (path) => {
  await using server = await startTestApp();
  const response = await fetch(server.baseUrl + path);
  expect(response.status).toBe(404);
  expect(await codeOf(response)).toBe("NOT_FOUND");
});

test("every answer forbids sniffing, framing, referring and storing", async () => {
  await using server = await startTestApp();
  await using events = await EventSource.open(server.baseUrl, await server.token("alice"), eventsSubscription);
  const answers = [
    await post(server),
    await post(server, { headers: { authorization: null } }),
    await post(server, { headers: { "content-type": "text/plain" } }),
    await post(server, { body: "{" }),
    await post(server, { body: "x".repeat(100_001) }),
    await post(server, { body: JSON.stringify({ query: "{ nothing }" }) }),
    await fetch(`${server.baseUrl}/graphql`),
    await fetch(`${server.baseUrl}/graphql`, { method: "OPTIONS" }),
    await fetch(`${server.baseUrl}/graphql`, { method: "HEAD" }),
    await post(server, { headers: { accept: "text/html" } }),
    await post(server, { body: JSON.stringify({ query: `{ ${"__typename ".repeat(11)} }` }) }),
    ...(await Promise.all(
      ["/", "/health", "/ready", "/nothing", "/auth/anthropic/callback"].map((path) =>
        fetch(server.baseUrl + path, { redirect: "manual" }),
      ),
    )),
    events.response,
  ];
  for (const { headers } of answers) {
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(headers.get("cache-control")).toMatch(/^(private, )?no-(store|cache)$/);
    expect(headers.get("x-powered-by")).toBeNull();
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'; .*frame-ancestors 'none'/);
    expect(headers.get("set-cookie")).toBeNull();
  }
});

afterEach(() => {
  vi.useRealTimers();
});

/** From here on no time passes but what the test lets pass, so that whoever waits for a timer waits for ever. */
function stopTime(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
}

test("the server closes at once with streams and sockets open, in a way that makes clients come back", async () => {
  const server = await startTestApp();
  const token = await server.token("alice");
  await using events = await EventSource.open(server.baseUrl, token, eventsSubscription);
  await using anything = await EventSource.open(server.baseUrl, token, eventsSubscription, { accept: "*/*" });
  await using socket = await ProtocolSocket.connect(server.baseUrl, token);
  socket.subscribe("1", eventsSubscription);
  socket.send({ type: "ping" });
  expect(await socket.next()).toEqual({ type: "pong" });

  stopTime();
  await server[Symbol.asyncDispose]();
  await expect(events.next()).rejects.toThrow("terminated");
  await expect(anything.next()).rejects.toThrow("terminated");
  expect(await socket.rest()).toEqual([]);
  expect(await socket.closed).toEqual([1001, "Going away"]);
});

test("the server closes within seconds when clients do not answer", async () => {
  const server = await startTestApp();
  const head = ["host: localhost", "connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13"];
  const key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
  await using silent = await RawConnection.open(server.baseUrl);
  silent.write(["GET /graphql HTTP/1.1", ...head, key, "sec-websocket-protocol: graphql-transport-ws"]);
  await using refused = await RawConnection.open(server.baseUrl);
  refused.write(["GET /nothing HTTP/1.1", ...head, key]);
  await using foreign = await RawConnection.open(server.baseUrl);
  foreign.write(["GET /graphql HTTP/1.1", ...head, key, "origin: https://evil.example"]);
  for (const connection of [silent, refused, foreign]) await connection.next();

  stopTime();
  const closed = server[Symbol.asyncDispose]();
  await vi.advanceTimersByTimeAsync(4_000);
  await closed;
  expect(server.app.server.listening).toBe(false);
});

test("a request that is being answered when the server closes is answered", async () => {
  await using provider = await startMockProvider("anthropic");
  provider.next({ kind: "slow", ms: 300 });
  const server = await startTestApp({ environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl } });
  const client = await server.client("alice");
  const answer = client.execute(authenticateMutation, {
    input: { provider: "anthropic", credential: { apiKey: provider.key } },
  });
  const started = Promise.withResolvers<void>();
  server.app.server.once("request", () => started.resolve());
  await started.promise;
  await server[Symbol.asyncDispose]();
  expect((await answer).authenticate.__typename).toBe("AuthenticatePayload");
});
