import { expect, test } from "vitest";
import { setSessionStage } from "../../sessions/session-stage.ts";
import { holdable } from "../../support/holdable-database.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { ProtocolSocket } from "../websocket/protocol-socket.ts";

const slow = "mutation { startSession(input: {}) { __typename } }";
const quick = "{ viewer { userId } }";

interface Body {
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
}

/** A server on which one operation of Alice's is under way, and no second one may be. */
async function setStage() {
  const { database, hold } = holdable(await createTestDatabase());
  const stage = await setSessionStage({ database, environment: { QUOTA_OPERATIONS: "1" } });
  const alice = await stage.client("alice");
  const held = hold();
  const running = alice.post({ query: slow });
  await held.reached;
  return {
    ...stage,
    alice,
    /** Lets the operation go on, and waits for its answer. */
    finish: async () => {
      held.release();
      return (await running).text();
    },
    async [Symbol.asyncDispose]() {
      held.release();
      await running;
      await stage[Symbol.asyncDispose]();
    },
  };
}

test("over HTTP one operation too many is refused with 429 and when to come again, and later ones run", async () => {
  await using stage = await setStage();
  const refused = await stage.alice.post({ query: quick }, { accept: "application/graphql-response+json" });
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("1");
  const { errors } = (await refused.json()) as Body;
  expect(errors).toMatchObject([{ extensions: { code: "TOO_MANY_OPERATIONS", limit: 1, retryAfter: 1 } }]);
  const bob = await (await stage.client("bob")).post({ query: quick });
  expect(await bob.json()).toEqual({ data: { viewer: { userId: "bob" } } });
  expect(await stage.finish()).toContain("StartSessionPayload");
  expect(await (await stage.alice.post({ query: quick })).json()).toEqual({ data: { viewer: { userId: "alice" } } });
});

test("a service that acts for the user finds the user's places taken", async () => {
  await using stage = await setStage();
  const service = await stage.client("backend", ["credentials:read", "users:act"]);
  const refused = await service.post({ query: quick }, { "x-on-behalf-of": "alice" });
  expect(((await refused.json()) as Body).errors).toMatchObject([{ extensions: { code: "TOO_MANY_OPERATIONS" } }]);
  const other = await service.post({ query: quick }, { "x-on-behalf-of": "carol" });
  expect(await other.json()).toEqual({ data: { viewer: { userId: "carol" } } });
});

test.each([
  ["a query", quick],
  ["a subscription to the stream", "subscription { sessionEvents { occurredAt } }"],
])("over a WebSocket %s is refused alike", async (_name, query) => {
  await using stage = await setStage();
  await using socket = await ProtocolSocket.connect(stage.baseUrl, await stage.token("alice"));
  socket.send({ type: "subscribe", id: "1", payload: { query } });
  const message = await socket.next();
  expect(JSON.stringify(message)).toContain("TOO_MANY_OPERATIONS");
});

test("over SSE a subscription is refused alike", async () => {
  await using stage = await setStage();
  const query = "subscription { sessionEvents { occurredAt } }";
  const refused = await stage.alice.post({ query }, { accept: "text/event-stream" });
  expect(refused.headers.get("retry-after")).toBe("1");
  expect(await refused.text()).toContain("TOO_MANY_OPERATIONS");
});

test("an open subscription holds no place", async () => {
  await using stage = await setSessionStage({ environment: { QUOTA_OPERATIONS: "1" } });
  await using socket = await ProtocolSocket.connect(stage.baseUrl, await stage.token("alice"));
  socket.send({ type: "subscribe", id: "1", payload: { query: "subscription { sessionEvents { occurredAt } }" } });
  const alice = await stage.client("alice");
  expect(await (await alice.post({ query: slow })).text()).toContain("StartSessionPayload");
  expect(await socket.next()).toMatchObject({ type: "next", id: "1" });
});
