import { expect, test } from "vitest";
import { clearProviderMutation, credentialsQuery } from "../client/operations.ts";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import type { TestClient } from "../support/test-client.ts";
import {
  chosen,
  connectKey,
  end,
  eventsOf,
  eventTypes,
  nobodysSession,
  ownKeys,
  readProvider,
  readSession,
  revoke,
  rowId,
  setSessionStage,
  startSession,
} from "./session-stage.ts";

async function clear(client: TestClient, sessionId: string, provider = "anthropic") {
  return (await client.execute(clearProviderMutation, { input: { sessionId, provider } })).clearProvider;
}

async function credentialIds(client: TestClient): Promise<string[]> {
  return (await client.execute(credentialsQuery, {})).viewer.credentials.nodes.map(({ id }) => id);
}

test("revoking a credential takes it out of every session that uses it, and out of no other", async () => {
  await using stage = await setSessionStage({ environment: ownKeys });
  const [alice, bob] = [await stage.client("alice"), await stage.client("bob")];
  const work = await connectKey(alice, stage, { label: "work" });
  await connectKey(alice, stage, { label: "home" });
  await connectKey(bob, stage, { label: "work" });
  const start = async (client: TestClient, ...labels: string[]) => {
    const session = await startSession(client);
    for (const label of labels) await chosen(client, session, { label });
    return session;
  };
  const using = [await start(alice, "work"), await start(alice, "home", "work")];
  const others = [await start(alice, "home"), await start(alice, "work", "home")];
  const background = await start(alice, "work");
  await chosen(alice, background, { provider: "openai" });
  const his = await start(bob, "work");
  const before = (await eventsOf(stage, "alice")).length;
  await revoke(alice, work);

  for (const session of using) expect((await readSession(alice, session)).activeProvider).toBeNull();
  for (const session of others) {
    expect((await readSession(alice, session)).activeProvider).toMatchObject({ credential: { label: "home" } });
  }
  // It was not the active one there; the session has only forgotten it.
  expect((await readSession(alice, background)).activeProvider).toMatchObject({ provider: { name: "openai" } });
  expect(await readProvider(alice, background)).toMatchObject({ selectedAt: null });
  expect((await readSession(bob, his)).activeProvider).toMatchObject({ status: "AUTHENTICATED" });

  const [revoked, ...changes] = (await eventsOf(stage, "alice")).slice(before);
  expect(revoked).toMatchObject({ type: "CredentialRevoked" });
  expect(changes).toHaveLength(using.length);
  for (const session of using) {
    expect(changes).toContainEqual({
      type: "ActiveProviderChanged",
      sessionId: rowId(session),
      from: "anthropic",
      to: null,
    });
  }
});

test("a session that uses the server's own key keeps it when a key of the user's is revoked", async () => {
  await using stage = await setSessionStage({ environment: { ANTHROPIC_API_KEY: "the-servers-own-key" } });
  const client = await stage.client("alice");
  const session = await startSession(client);
  await chosen(client, session);
  await revoke(client, await connectKey(client, stage));
  expect((await readSession(client, session)).activeProvider).toMatchObject({ source: "ENVIRONMENT" });
});

test("a replaced credential stays the chosen one", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  const id = await connectKey(client, stage);
  await chosen(client, session);
  await connectKey(client, stage);
  expect((await readSession(client, session)).activeProvider).toMatchObject({ credential: { id } });
});

test("clearing a provider revokes all of its credentials and drops it from the session, with the events in order", async () => {
  await using stage = await setSessionStage({ environment: ownKeys });
  const client = await stage.client("alice");
  const session = await startSession(client);
  const oauth = await signIn(client, "anthropic", { kind: "PASTE" });
  const ids = [oauth.id, await connectKey(client, stage), await connectKey(client, stage, { label: "work" })];
  await chosen(client, session, { provider: "openai" });
  await chosen(client, session, { model: "claude" });

  const result = await clear(client, session);
  if (result.__typename !== "ClearProviderPayload") throw new Error(result.message);
  expect(result.session).toEqual({ id: session, activeProvider: null });
  expect(result.revokedCredentialIds.toSorted()).toEqual(ids.toSorted());
  expect(await credentialIds(client)).toEqual([]);
  expect(await readProvider(client, session)).toMatchObject({ status: "NEEDS_AUTH", model: null, selectedAt: null });
  expect(await readProvider(client, session, "openai")).toMatchObject({ selectedAt: expect.any(String) });
  const types = (await eventTypes(stage, "alice")).slice(-4);
  expect(types.filter((type) => type === "CredentialRevoked")).toHaveLength(3);
  expect(types.indexOf("ActiveProviderChanged")).toBe(types.indexOf("CredentialRevoked") + 1);
  expect(stage.vendor.requests.some(({ path }) => path === "/token/revocation")).toBe(true);
});

test("clearing leaves other providers and other users alone, and takes the provider out of the user's other sessions", async () => {
  await using stage = await setSessionStage({ environment: ownKeys });
  const [alice, bob] = [await stage.client("alice"), await stage.client("bob")];
  const [session, other, his] = [await startSession(alice), await startSession(alice), await startSession(bob)];
  await connectKey(alice, stage);
  await connectKey(bob, stage);
  await chosen(alice, session, { provider: "openai" });
  await chosen(alice, other);
  await chosen(bob, his);
  expect(await clear(alice, session)).toMatchObject({ session: { activeProvider: { status: "AUTHENTICATED" } } });
  expect((await readSession(alice, session)).activeProvider).toMatchObject({ provider: { name: "openai" } });
  expect((await readSession(alice, other)).activeProvider).toBeNull();
  expect((await readSession(bob, his)).activeProvider).toMatchObject({ status: "AUTHENTICATED" });
  expect(await credentialIds(bob)).toHaveLength(1);
});

test("the server's own key is dropped from the session by clearing, and revokes nothing", async () => {
  await using stage = await setSessionStage({ environment: ownKeys });
  const client = await stage.client("alice");
  const session = await startSession(client);
  await chosen(client, session, { provider: "openai" });
  expect(await clear(client, session, "openai")).toMatchObject({
    session: { activeProvider: null },
    revokedCredentialIds: [],
  });
  expect((await eventsOf(stage, "alice")).at(-1)).toMatchObject({ from: "openai", to: null });
});

test("an unknown provider, and a session that is nobody's or over, clear nothing", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const [session, ended] = [await startSession(client), await startSession(client)];
  await end(client, ended);
  const id = await connectKey(client, stage);
  expect(await clear(client, session, "nonesuch")).toMatchObject({ __typename: "ProviderNotFoundError" });
  expect(await clear(client, nobodysSession())).toMatchObject({ __typename: "SessionNotFoundError" });
  expect(await clear(client, ended)).toMatchObject({ __typename: "SessionExpiredError" });
  expect(await credentialIds(client)).toEqual([id]);
});
