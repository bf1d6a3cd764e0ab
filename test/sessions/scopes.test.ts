import { expect, test } from "vitest";
import { userScopes } from "../../src/callers/scope.ts";
import {
  clearProviderMutation,
  endOtherSessionsMutation,
  endSessionMutation,
  eventsSubscription,
  nodeQuery,
  sessionEventsSubscription,
  sessionQuery,
  sessionsQuery,
  setActiveProviderMutation,
  startSessionMutation,
  touchSessionMutation,
} from "../client/operations.ts";
import { cursorAt } from "../support/cursor.ts";
import type { TestClient } from "../support/test-client.ts";
import { connectKey, eventTypes, issue, readSession, setSessionStage, startSession } from "./session-stage.ts";

const forbidden = {
  errors: [{ message: expect.stringContaining("`sessions`"), extensions: { code: "FORBIDDEN" } }],
};
const allOthers = userScopes.filter((scope) => scope !== "sessions");

const operations: Record<string, (client: TestClient, sessionId: string) => Promise<unknown>> = {
  startSession: (client) => client.send(startSessionMutation, { input: {} }),
  setActiveProvider: (client, sessionId) =>
    client.send(setActiveProviderMutation, { input: { sessionId, provider: "anthropic" } }),
  clearProvider: (client, sessionId) =>
    client.send(clearProviderMutation, { input: { sessionId, provider: "anthropic" } }),
  touchSession: (client, sessionId) => client.send(touchSessionMutation, { input: { sessionId } }),
  endSession: (client, sessionId) => client.send(endSessionMutation, { input: { sessionId } }),
  endOtherSessions: (client, keepSessionId) => client.send(endOtherSessionsMutation, { input: { keepSessionId } }),
  "viewer.session": (client, id) => client.send(sessionQuery, { id }),
  "viewer.sessions": (client) => client.send(sessionsQuery, {}),
  node: (client, id) => client.send(nodeQuery, { id }),
};

test("every operation on sessions needs the scope `sessions`, and does nothing without it", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  await connectKey(client, stage);
  const before = [await readSession(client, session), await eventTypes(stage, "alice")];
  const other = await stage.client("alice", allOthers);
  for (const [name, operate] of Object.entries(operations)) {
    expect([name, await operate(other, session)]).toMatchObject([name, forbidden]);
  }
  await using events = await other.subscribeSse(sessionEventsSubscription, {});
  expect(await events.next()).toMatchObject(forbidden);
  expect([await readSession(client, session), await eventTypes(stage, "alice")]).toEqual(before);
});

test("the scope `sessions` is enough for sessions, but clearing a provider needs `credentials:write` too", async () => {
  await using stage = await setSessionStage();
  await connectKey(await stage.client("alice"), stage);
  const client = await stage.client("alice", ["sessions"]);
  const session = await startSession(client);
  const { clearProvider, endSession: _last, ...allowed } = operations;
  for (const [name, operate] of Object.entries(allowed)) {
    const { errors = [] } = (await operate(client, session)) as { errors?: { path?: string[] }[] };
    // What a session uses is a credential, and that is another scope's.
    expect([name, errors.filter(({ path }) => path?.at(-1) !== "credential")]).toEqual([name, []]);
  }
  expect(await clearProvider!(client, session)).toMatchObject({
    errors: [{ message: expect.stringContaining("`credentials:write`"), extensions: { code: "FORBIDDEN" } }],
  });
  const { data, errors } = await client.send(sessionQuery, { id: session });
  expect(data).toMatchObject({
    viewer: { session: { activeProvider: { status: "AUTHENTICATED", credential: null } } },
  });
  expect(errors).toMatchObject([{ extensions: { code: "FORBIDDEN" }, path: expect.arrayContaining(["credential"]) }]);
});

test("`events` without the scope `sessions` leaves the events of sessions out, and with it has them in order", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  await startSession(client);
  await connectKey(client, stage);
  await startSession(client);
  await connectKey(client, stage, { label: "work" });
  const read = async (reader: TestClient, count: number) => {
    await using events = await reader.subscribeSse(eventsSubscription, {
      after: await cursorAt(stage.database, "alice", 0),
    });
    const types: (string | undefined)[] = [];
    while (types.length < count) types.push((await events.next()).data?.events.__typename);
    return types;
  };
  expect(await read(await stage.client("alice", ["credentials:read"]), 2)).toEqual([
    "CredentialStored",
    "CredentialStored",
  ]);
  expect(await read(client, 4)).toEqual(["SessionStarted", "CredentialStored", "SessionStarted", "CredentialStored"]);
});

test("access for a session needs `credentials:use` and not `sessions`: a backend may only use what was chosen", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const sessionId = await startSession(client);
  await connectKey(client, stage);
  await client.execute(setActiveProviderMutation, { input: { sessionId, provider: "anthropic" } });
  expect(await issue(await stage.client("alice", ["credentials:use"]), { sessionId })).toMatchObject({
    __typename: "IssueAccessPayload",
  });
});
