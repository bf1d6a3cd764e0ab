import { expect, test } from "vitest";
import { encodeNodeId } from "../../src/graphql/node-id.ts";
import {
  clearProviderMutation,
  endOtherSessionsMutation,
  endSessionMutation,
  issueAccessMutation,
  nodeQuery,
  sessionEventsSubscription,
  sessionQuery,
  sessionsQuery,
  setActiveProviderMutation,
  touchSessionMutation,
} from "../client/operations.ts";
import { cursorAt } from "../support/cursor.ts";
import type { TestClient } from "../support/test-client.ts";
import {
  chosen,
  connectKey,
  eventsOf,
  nobodysSession,
  ownKeys,
  readSession,
  setSessionStage,
  startSession,
} from "./session-stage.ts";

/** Everything that can be done to a session, by its id. */
const operations: Record<string, (client: TestClient, id: string) => Promise<unknown>> = {
  read: (client, id) => client.send(sessionQuery, { id }),
  node: (client, id) => client.send(nodeQuery, { id }),
  setActiveProvider: (client, sessionId) =>
    client.send(setActiveProviderMutation, { input: { sessionId, provider: "openai" } }),
  clearProvider: (client, sessionId) =>
    client.send(clearProviderMutation, { input: { sessionId, provider: "anthropic" } }),
  touchSession: (client, sessionId) => client.send(touchSessionMutation, { input: { sessionId } }),
  endSession: (client, sessionId) => client.send(endSessionMutation, { input: { sessionId } }),
  endOtherSessions: (client, keepSessionId) => client.send(endOtherSessionsMutation, { input: { keepSessionId } }),
  issueAccess: (client, sessionId) => client.send(issueAccessMutation, { input: { sessionId } }),
};

test("to another user a session is as absent as one that never was, whatever is done with its id", async () => {
  await using stage = await setSessionStage({ environment: ownKeys });
  const [alice, bob] = [await stage.client("alice"), await stage.client("bob")];
  const session = await startSession(alice);
  await connectKey(alice, stage);
  await connectKey(bob, stage);
  await chosen(alice, session);
  const his = await startSession(bob);
  const before = [await readSession(alice, session), await eventsOf(stage, "alice")];
  for (const [name, operate] of Object.entries(operations)) {
    expect([name, await operate(bob, session)]).toEqual([name, await operate(bob, nobodysSession())]);
  }
  expect(await bob.execute(nodeQuery, { id: session })).toEqual({ node: null });
  expect((await bob.execute(sessionQuery, { id: session })).viewer.session).toBeNull();
  expect((await bob.execute(sessionsQuery, {})).viewer.sessions.nodes).toMatchObject([{ id: his, status: "ACTIVE" }]);
  expect([await readSession(alice, session), await eventsOf(stage, "alice")]).toEqual(before);
  expect(await alice.execute(nodeQuery, { id: session })).toEqual({ node: { __typename: "Session", id: session } });
});

test("another user receives no event of a session, not even when asking for it by id", async () => {
  await using stage = await setSessionStage({ environment: ownKeys });
  const [alice, bob] = [await stage.client("alice"), await stage.client("bob")];
  const session = await startSession(alice);
  await using all = await bob.subscribeSse(sessionEventsSubscription, {
    after: await cursorAt(stage.database, "bob", 0),
  });
  await using hers = await bob.subscribeSse(sessionEventsSubscription, { sessionId: session });
  await chosen(alice, session, { provider: "openai" });
  // His own comes first, so hers did not come.
  const his = await startSession(bob);
  const first = await Promise.race([hers.next(), all.next()]);
  expect(first.data?.sessionEvents).toMatchObject({ __typename: "SessionStarted", session: { id: his } });
  expect(await eventsOf(stage, "bob")).toHaveLength(1);
});

test.each(["", "garbage", encodeNodeId("User", "alice"), encodeNodeId("Session", "not a uuid")])(
  "the id %j is nobody's session",
  async (id) => {
    await using stage = await setSessionStage({ environment: ownKeys });
    const client = await stage.client("carol");
    for (const [name, operate] of Object.entries(operations)) {
      expect([name, await operate(client, id)]).toEqual([name, await operate(client, nobodysSession())]);
    }
  },
);

test("a credential's id is no session's", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  const sameRow = encodeNodeId("Credential", Buffer.from(session, "base64").toString().split(":")[1]!);
  expect((await client.execute(sessionQuery, { id: sameRow })).viewer.session).toBeNull();
  const { touchSession } = await client.execute(touchSessionMutation, { input: { sessionId: sameRow } });
  expect(touchSession).toMatchObject({ __typename: "SessionNotFoundError" });
});
