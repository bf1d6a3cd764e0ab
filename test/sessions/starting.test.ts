import { expect, test } from "vitest";
import type { StartSessionInput } from "../client/gql/graphql.ts";
import { sessionEventsSubscription, startSessionMutation } from "../client/operations.ts";
import type { TestClient } from "../support/test-client.ts";
import { connectKey, eventTypes, granted, readSession, setSessionStage } from "./session-stage.ts";

async function start(client: TestClient, input: StartSessionInput) {
  return (await client.execute(startSessionMutation, { input })).startSession;
}

test("a session can begin with an active provider: two events, and issueAccess uses it", async () => {
  await using stage = await setSessionStage();
  const [phone, laptop] = [await stage.client("alice"), await stage.client("alice")];
  await connectKey(phone, stage);
  await connectKey(phone, stage, { label: "work" });
  await using events = await laptop.subscribeSse(sessionEventsSubscription, {});
  const activeProvider = { provider: "anthropic", label: "work", model: "claude-opus" };
  const result = await start(phone, { label: "phone", activeProvider });
  if (result.__typename !== "StartSessionPayload") throw new Error(result.message);
  const { id } = result.session;
  expect(result.session).toMatchObject({
    label: "phone",
    status: "ACTIVE",
    activeProvider: { status: "AUTHENTICATED" },
  });
  expect((await events.next()).data?.sessionEvents).toMatchObject({ __typename: "SessionStarted", session: { id } });
  expect((await events.next()).data?.sessionEvents).toMatchObject({
    __typename: "ActiveProviderChanged",
    from: null,
    to: "anthropic",
    session: { id },
  });
  expect((await readSession(phone, id)).activeProvider).toMatchObject({
    model: "claude-opus",
    credential: { label: "work" },
  });
  expect(await granted(phone, { sessionId: id })).toMatchObject({ provider: { name: "anthropic" } });
});

test.each([
  ["CredentialNotFoundError", { provider: "anthropic" }],
  ["ProviderNotFoundError", { provider: "nobody" }],
  ["ValidationError", { provider: "anthropic", label: "" }],
])("where the provider cannot be used, no session is started: %s", async (typename, activeProvider) => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  expect(await start(client, { activeProvider })).toMatchObject({ __typename: typename });
  expect(await eventTypes(stage, "alice")).toEqual([]);
});

test("what another user has connected is no provider to start with", async () => {
  await using stage = await setSessionStage();
  await connectKey(await stage.client("alice"), stage);
  const result = await start(await stage.client("mallory"), { activeProvider: { provider: "anthropic" } });
  expect(result).toMatchObject({ __typename: "CredentialNotFoundError" });
});
