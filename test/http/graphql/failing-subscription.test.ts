import { expect, test } from "vitest";
import type { Database } from "../../../src/db/database.ts";
import { initiateOAuthMutation, oauthFlowSubscription } from "../../client/operations.ts";
import { startTestApp } from "../../support/test-app.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { ProtocolSocket } from "../websocket/protocol-socket.ts";
import { EventSource } from "./event-source.ts";

/** A flow whose subscription has begun, and a switch that takes the database away. */
async function startFlow() {
  const database = await createTestDatabase();
  let isAway = false;
  const flaky: Database = {
    ...database,
    em: () => {
      if (isAway) throw new Error("the database said something internal");
      return database.em();
    },
  };
  const server = await startTestApp({ database: flaky, environment: { SANDBOX: "true" } });
  const client = await server.client("alice");
  const { initiateOAuth } = await client.execute(initiateOAuthMutation, { input: { provider: "sandbox" } });
  const id = (initiateOAuth as { flow: { id: string } }).flow.id;
  return { server, id, cut: () => (isAway = true), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const internal = [{ extensions: { code: "INTERNAL_SERVER_ERROR" } }];

test("over WebSocket a subscription whose source fails ends with a masked error", async () => {
  await using flow = await startFlow();
  await using socket = await ProtocolSocket.connect(flow.server.baseUrl, await flow.server.token("alice"));
  socket.subscribe("1", oauthFlowSubscription, { id: flow.id });
  expect(await socket.next()).toMatchObject({ payload: { data: { oauthFlow: { status: "PENDING" } } } });
  flow.cut();
  const failure = await socket.next();
  expect(failure).toMatchObject({ type: "error", id: "1", payload: internal });
  expect(JSON.stringify(failure)).not.toContain("something internal");
});

test("over SSE a subscription whose source fails ends with a masked error", async () => {
  await using flow = await startFlow();
  const token = await flow.server.token("alice");
  await using events = await EventSource.open(flow.server.baseUrl, token, oauthFlowSubscription, {
    variables: { id: flow.id },
  });
  expect(await events.next()).toMatchObject(["next", { data: { oauthFlow: { status: "PENDING" } } }]);
  flow.cut();
  const failure = await events.next();
  expect(failure).toMatchObject(["next", { errors: internal }]);
  expect(JSON.stringify(failure)).not.toContain("something internal");
});
