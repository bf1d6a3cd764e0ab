import { parse } from "graphql";
import { describe, expect, test } from "vitest";
import { documentLimits } from "../../../src/graphql/limits/document-limits.ts";
import { eventsSubscription, viewerQuery } from "../../client/operations.ts";
import { startTestApp } from "../../support/test-app.ts";
import { ProtocolSocket } from "../websocket/protocol-socket.ts";
import { transports } from "./echo.ts";
import { EventSource } from "./event-source.ts";
import { limitedOperations } from "./limited-operations.ts";

const environment = { GET_QUERIES: "true" };

describe.each(Object.entries(transports))("over %s", (_name, send) => {
  test.each(Object.entries(limitedOperations))(
    "the limit of %s lets through what reaches it",
    async (_kind, limited) => {
      await using server = await startTestApp({ environment });
      const { errors } = await send(server, await server.token("alice"), limited.operation(limited.limit));
      expect(errors).toEqual([]);
    },
  );

  test.each(Object.entries(limitedOperations))(
    "the limit of %s refuses one more, and tells both",
    async (_kind, limited) => {
      await using server = await startTestApp({ environment });
      const { limit, code, requested, operation } = limited;
      const { errors, seen } = await send(server, await server.token("alice"), operation(limit + 1));
      expect(errors).toMatchObject([
        { message: expect.stringContaining(`${limit}`), extensions: { code, limit, requested } },
      ]);
      expect(errors[0]?.message).toContain(`${requested ?? limit}`);
      expect(seen).not.toContain('"data"');
    },
  );
});

const pages = {
  "the first of a page": (size: number) => `{ viewer { credentials(first: ${size}) { nodes { id } } } }`,
  "the last of a page": (size: number) => `{ viewer { sessions(last: ${size}) { nodes { id } } } }`,
  "nodes by their ids": (size: number) => `{ nodes(ids: [${'"a" '.repeat(size)}]) { id } }`,
};

describe.each(Object.entries(transports))("over %s", (_name, send) => {
  test.each(Object.entries(pages))("%s may be 100 and no more", async (_page, query) => {
    await using server = await startTestApp({ environment });
    const token = await server.token("alice");
    expect((await send(server, token, { query: query(100) })).errors).toEqual([]);
    const { errors } = await send(server, token, { query: query(101) });
    expect(errors).toMatchObject([
      {
        message: expect.stringContaining("100"),
        extensions: { code: "VALIDATION_FAILED", issues: [expect.anything()] },
      },
    ]);
  });
});

test("operations that are made to reach a limit have as many tokens as they say", () => {
  expect(parse(String(limitedOperations.tokens.operation(1_000).query)).tokenCount).toBe(1_000);
});

test("over HTTP what exceeds a limit is 400, or 200 for clients that know no other", async () => {
  await using server = await startTestApp();
  const client = await server.client("alice");
  for (const { limit, operation } of Object.values(limitedOperations)) {
    const statusFor = async (accept: string) => (await client.post(operation(limit + 1), { accept })).status;
    expect(await statusFor("application/graphql-response+json")).toBe(400);
    expect(await statusFor("application/json")).toBe(200);
  }
});

test("a subscription that costs too much is refused before it holds a place", async () => {
  await using server = await startTestApp({ documents: { cost: 25 }, connections: { streamsPerUser: 1 } });
  const token = await server.token("alice");
  const operation = { query: "subscription { events { cursor } }" };
  for (const send of [transports.SSE, transports.SSE, transports.WebSocket]) {
    expect((await send(server, token, operation)).errors).toMatchObject([
      { extensions: { code: "COST_LIMIT_EXCEEDED" } },
    ]);
  }
  await using dearer = await startTestApp({ documents: { cost: 26 } });
  await using events = await EventSource.open(dearer.baseUrl, token, operation.query);
  expect(events.response.status).toBe(200);
});

test("what exceeds a limit is not validated, and nothing of it is repeated", async () => {
  await using server = await startTestApp();
  const secret = "sk-ant-api03-a-secret-that-nobody-may-see";
  const query = `{ ${Array.from({ length: 31 }, (_, index) => `a${index}: nothing(x: "${secret}")`).join(" ")} }`;
  const { errors, seen } = await transports.HTTP(server, await server.token("alice"), { query });
  expect(errors).toMatchObject([{ extensions: { code: "ALIAS_LIMIT_EXCEEDED" } }]);
  expect(errors).toHaveLength(1);
  expect(seen).not.toContain("secret");
  expect(server.logs.join("")).not.toContain("secret");
});

test("MAX_QUERY_COST is the limit of the cost", async () => {
  await using server = await startTestApp({ environment: { MAX_QUERY_COST: "3" } });
  const send = async (query: string) => (await transports.HTTP(server, await server.token("alice"), { query })).errors;
  expect(await send("{ viewer { id userId } }")).toEqual([]);
  expect(await send("{ viewer { id userId __typename } }")).toMatchObject([
    { extensions: { code: "COST_LIMIT_EXCEEDED", limit: 3, requested: 4 } },
  ]);
});

const asks = { cost: true };
/** viewer, id, userId, and a cursor that is read from the database. */
const viewerCost = { requested: 28, limit: documentLimits.cost };

test.each(Object.entries(transports))("over %s the cost is told to a caller who asks", async (_name, send) => {
  await using server = await startTestApp({ environment });
  const token = await server.token("alice");
  const query = viewerQuery.toString();
  expect((await send(server, token, { query, extensions: asks })).seen).toContain(
    `"extensions":{"cost":${JSON.stringify(viewerCost)}}`,
  );
  for (const extensions of [undefined, {}, { cost: false }, { cost: "true" }]) {
    expect((await send(server, token, { query, ...(extensions && { extensions }) })).seen).not.toContain("cost");
  }
});

test("of a subscription the first result tells the cost", async () => {
  await using server = await startTestApp();
  const client = await server.client("alice");
  const token = await server.token("alice");
  const { viewer } = await client.execute(viewerQuery);
  await using socket = await ProtocolSocket.connect(server.baseUrl, token);
  const query = eventsSubscription.toString();
  socket.send({
    type: "subscribe",
    id: "1",
    payload: { query, variables: { after: viewer.eventCursor }, extensions: asks },
  });
  const start = { query: "mutation { startSession(input: {}) { __typename } }" };
  for (let count = 0; count < 2; count++) await client.post(start);
  const results = [await socket.next(), await socket.next()];
  expect(results.map(({ payload }) => (payload as { extensions?: unknown }).extensions)).toEqual([
    { cost: { requested: expect.any(Number), limit: documentLimits.cost } },
    undefined,
  ]);
});

test("what is refused is counted by its code, on every transport", async () => {
  await using server = await startTestApp({ environment: { ...environment, METRICS: "true" }, documents: { cost: 2 } });
  const token = await server.token("alice");
  for (const send of Object.values(transports)) {
    await send(server, token, { query: "{ viewer { id userId } }" });
    await send(server, token, { query: `{ ${"__typename ".repeat(11)} }` });
  }
  const metrics = await (await fetch(`${server.baseUrl}/metrics`)).text();
  expect(metrics).toContain('maestro_graphql_refused_total{code="COST_LIMIT_EXCEEDED"} 4');
  expect(metrics).toContain('maestro_graphql_refused_total{code="ROOT_FIELD_LIMIT_EXCEEDED"} 4');
});
