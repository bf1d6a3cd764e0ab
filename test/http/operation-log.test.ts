import { expect, test } from "vitest";
import { authenticateMutation, credentialEventsSubscription, viewerQuery } from "../client/operations.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp, type TestApp } from "../support/test-app.ts";
import { ProtocolSocket } from "./websocket/protocol-socket.ts";

type Line = Readonly<Record<string, unknown>>;

/** The lines of requests, once there are so many. */
async function requests({ logs }: TestApp, count: number): Promise<Line[]> {
  const lines = () => logs.map((line) => JSON.parse(line) as Line).filter(({ event }) => event === "request");
  await expect.poll(() => lines().length, { timeout: 60_000 }).toBe(count);
  return lines();
}

const logging = (LOG_REQUESTS: string, more: Record<string, string> = {}) =>
  startTestApp({ environment: { LOG_REQUESTS, ...more } });

test("each operation over HTTP has one line: what it was, how it ended, who sent it", async () => {
  await using server = await logging("all");
  const alice = await server.client("alice");
  await alice.post({ query: "query Who { mine: viewer { userId } }", operationName: "Who" });
  await alice.post({ query: "query Broken { viewer {" });
  await alice.post({ query: "query Wrong { viewer { nonesuch } }" });
  await alice.post({ query: "query A { viewer { userId } } query B { viewer { userId } }", operationName: "C" });
  const [first, ...refused] = await requests(server, 4);
  expect(first).toEqual({
    level: "info",
    time: expect.any(String),
    event: "request",
    msg: "an operation was answered",
    requestId: expect.stringMatching(/^[\da-f-]{36}$/),
    transport: "http",
    operationType: "query",
    operationName: "Who",
    fields: ["viewer"],
    status: 200,
    codes: [],
    seconds: expect.any(Number),
    userId: "alice",
    actor: "alice",
  });
  expect(refused).toMatchObject([
    { operationType: null, operationName: null, fields: [], codes: ["GRAPHQL_PARSE_FAILED"] },
    { operationType: "query", operationName: "Wrong", fields: [], codes: ["GRAPHQL_VALIDATION_FAILED"] },
    { operationType: null, operationName: null, codes: ["OPERATION_RESOLUTION_FAILURE"] },
  ]);
});

test("a refusal that is a value of a union counts as one, and so does a request that is none", async () => {
  await using provider = await startMockProvider("anthropic");
  await using server = await logging("errors", { ANTHROPIC_API_BASE_URL: provider.baseUrl });
  const alice = await server.client("alice");
  await alice.execute(viewerQuery);
  const input = { provider: "anthropic", credential: { apiKey: "sk-ant-api03-unknown" } };
  await alice.execute(authenticateMutation, { input });
  const headers = { authorization: `Bearer ${await server.token("alice")}`, "content-type": "text/plain" };
  await fetch(`${server.baseUrl}/graphql`, { method: "POST", headers, body: "{}" });
  const json = { ...headers, "content-type": "application/json" };
  await fetch(`${server.baseUrl}/graphql`, { method: "POST", headers: json, body: "no JSON" });
  expect(await requests(server, 2)).toMatchObject([
    { fields: ["authenticate"], codes: ["INVALID_CREDENTIAL"], status: 200 },
    { fields: [], codes: ["BAD_REQUEST"], status: 400, userId: "alice" },
  ]);
});

test("an operation over a WebSocket has one line too, and a subscription has it at its end, with its events", async () => {
  await using provider = await startMockProvider("anthropic");
  await using server = await logging("all", { ANTHROPIC_API_BASE_URL: provider.baseUrl });
  const alice = await server.client("alice");
  {
    await using socket = await alice.subscribeWebSocket(credentialEventsSubscription, {});
    await using stream = await alice.subscribeSse(credentialEventsSubscription, {});
    const input = { provider: "anthropic", credential: { apiKey: provider.key } };
    const connected = alice.execute(authenticateMutation, { input });
    await Promise.all([socket.next(), stream.next(), connected]);
    expect(await requests(server, 1)).toMatchObject([{ transport: "http", operationType: "mutation", codes: [] }]);
  }
  await using socket = await alice.subscribeWebSocket(viewerQuery, {});
  await socket.next();
  const lines = await requests(server, 4);
  const of = (transport: string) => lines.filter((line) => line["transport"] === transport);
  const ended = { operationType: "subscription", fields: ["credentialEvents"], codes: [], events: 1, userId: "alice" };
  expect(of("sse")).toMatchObject([{ ...ended, status: 200 }]);
  expect(of("websocket")).toMatchObject([ended, { operationType: "query", fields: ["viewer"] }]);
  expect(of("websocket")[0]).not.toHaveProperty("status");
});

test("a missing scope, and what a WebSocket is refused, are in their lines", async () => {
  await using server = await logging("errors");
  const alice = await server.client("alice", []);
  const mutation = `mutation { issueAccess(input: { provider: "anthropic" }) { __typename } }`;
  const { errors } = (await (await alice.post({ query: mutation })).json()) as { errors: Line[] };
  expect(errors).toHaveLength(1);
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  socket.subscribe("1", "{ nonesuch }");
  await socket.until(({ type }) => type === "error");
  expect(await requests(server, 2)).toMatchObject([
    { transport: "http", fields: ["issueAccess"], codes: ["FORBIDDEN"], status: 200 },
    { transport: "websocket", codes: ["GRAPHQL_VALIDATION_FAILED"] },
  ]);
});

test("a name that is as long as a key is left out, and a service is told from its user", async () => {
  await using server = await logging("all");
  const token = await server.token("backend", { scopes: ["users:act", "credentials:read"] });
  const send = (name: string) =>
    fetch(`${server.baseUrl}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "x-on-behalf-of": "alice" },
      body: JSON.stringify({ query: `query ${name} { viewer { userId } }` }),
    });
  await send(`k${"e".repeat(30)}y`);
  await send("short");
  expect(await requests(server, 2)).toMatchObject([
    { operationName: null, operationType: "query", userId: "alice", actor: "backend" },
    { operationName: "short" },
  ]);
});

test("without LOG_REQUESTS no operation has a line", async () => {
  await using server = await startTestApp();
  const alice = await server.client("alice");
  await alice.execute(viewerQuery);
  await alice.post({ query: "{ nonesuch }" });
  expect(server.logs.filter((line) => line.includes('"event":"request"'))).toEqual([]);
});
