import { expect, test } from "vitest";
import { sessionEventsSubscription } from "../client/operations.ts";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import {
  choose,
  chosen,
  connectKey,
  eventsOf,
  granted,
  nobodysSession,
  ownKeys,
  readSession,
  revoke,
  setSessionStage,
  startSession,
} from "./session-stage.ts";

const serversKey = { ANTHROPIC_API_KEY: "the-servers-own-key" };

test("a switch of the active provider reaches the user's other devices, and issueAccess follows it", async () => {
  await using stage = await setSessionStage();
  const [phone, laptop] = [await stage.client("alice"), await stage.client("alice")];
  const session = await startSession(phone, "phone");
  await connectKey(phone, stage);
  await using events = await laptop.subscribeSse(sessionEventsSubscription, {});
  expect(await chosen(phone, session, { model: "claude-opus" })).toMatchObject({
    provider: { name: "anthropic" },
    status: "AUTHENTICATED",
    model: "claude-opus",
  });
  expect((await events.next()).data?.sessionEvents).toMatchObject({
    __typename: "ActiveProviderChanged",
    from: null,
    to: "anthropic",
    session: { id: session, activeProvider: { provider: { name: "anthropic" } } },
  });
  expect(await granted(phone, { sessionId: session })).toMatchObject({ provider: { name: "anthropic" } });
});

test("the chain is OAuth, API key, the server's own key", async () => {
  await using stage = await setSessionStage({ environment: serversKey });
  const client = await stage.client("alice");
  const session = await startSession(client);
  expect(await chosen(client, session)).toMatchObject({
    status: "AUTHENTICATED",
    source: "ENVIRONMENT",
    method: "API_KEY",
    credential: null,
  });
  const key = await connectKey(client, stage);
  expect(await chosen(client, session)).toMatchObject({ source: "STORED", method: "API_KEY", credential: { id: key } });
  const { id } = await signIn(client, "anthropic", { kind: "PASTE" });
  expect(await chosen(client, session)).toMatchObject({ source: "STORED", method: "OAUTH", credential: { id } });
});

test("a method and a label narrow the choice", async () => {
  await using stage = await setSessionStage({ environment: serversKey });
  const client = await stage.client("alice");
  const session = await startSession(client);
  await signIn(client, "anthropic", { kind: "PASTE" });
  const work = await connectKey(client, stage, { label: "work" });
  const home = await connectKey(client, stage, { label: "home" });
  const refusal = { __typename: "CredentialNotFoundError" };
  expect(await chosen(client, session, { method: "API_KEY" })).toMatchObject({ credential: { id: work } });
  expect(await chosen(client, session, { label: "home" })).toMatchObject({
    method: "API_KEY",
    credential: { id: home },
  });
  expect(await choose(client, session, { method: "OAUTH", label: "home" })).toMatchObject(refusal);
  expect(await choose(client, session, { label: "nonesuch" })).toMatchObject(refusal);
  expect((await readSession(client, session)).activeProvider).toMatchObject({ credential: { id: home } });
});

test("the server's own key is of no other method and has no label", async () => {
  await using stage = await setSessionStage({ environment: serversKey });
  const client = await stage.client("alice");
  const session = await startSession(client);
  const refusal = { __typename: "CredentialNotFoundError" };
  expect(await choose(client, session, { method: "OAUTH" })).toMatchObject(refusal);
  expect(await choose(client, session, { label: "default" })).toMatchObject(refusal);
  expect(await chosen(client, session, { method: "API_KEY" })).toMatchObject({ source: "ENVIRONMENT" });
});

test("with nothing stored or configured the refusal names the way to connect, and nothing has changed", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  expect(await choose(client, session)).toMatchObject({
    __typename: "CredentialNotFoundError",
    code: "CREDENTIAL_NOT_FOUND",
    message: expect.stringContaining('authenticate(input: {provider: "anthropic"'),
  });
  expect((await readSession(client, session)).activeProvider).toBeNull();
  expect(await eventsOf(stage, "alice")).toMatchObject([{ type: "SessionStarted" }]);
});

test("the server's own key does not stand in for a credential of the user's that is broken", async () => {
  await using stage = await setSessionStage({ environment: serversKey });
  const client = await stage.client("alice");
  const session = await startSession(client);
  const id = await connectKey(client, stage);
  await stage.database.em().execute("update provider_credentials set status = 'needs_reauth'");
  expect(await choose(client, session)).toMatchObject({
    __typename: "CredentialNotFoundError",
    message: expect.stringContaining("no longer accepts"),
  });
  await revoke(client, id);
  expect(await chosen(client, session)).toMatchObject({ source: "ENVIRONMENT" });
});

test("of a broken and a working credential the working one is chosen", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  await signIn(client, "anthropic", { kind: "PASTE" });
  await stage.database.em().execute("update provider_credentials set status = 'needs_reauth'");
  const id = await connectKey(client, stage);
  expect(await chosen(client, session)).toMatchObject({ method: "API_KEY", credential: { id } });
});

test("an unknown provider is told as such, and an unknown session as such", async () => {
  await using stage = await setSessionStage({ environment: ownKeys });
  const client = await stage.client("alice");
  const session = await startSession(client);
  expect(await choose(client, session, { provider: "nonesuch" })).toMatchObject({
    __typename: "ProviderNotFoundError",
  });
  const refusal = { __typename: "SessionNotFoundError", code: "SESSION_NOT_FOUND" };
  for (const id of [nobodysSession(), "garbage", ""]) {
    expect(await choose(client, id, { provider: "openai" })).toMatchObject(refusal);
  }
});

test("the same choice again is not told, and another model, label or provider is", async () => {
  await using stage = await setSessionStage({ environment: ownKeys });
  const client = await stage.client("alice");
  const session = await startSession(client);
  await connectKey(client, stage);
  await connectKey(client, stage, { label: "work" });
  const choices = [
    { model: "one" },
    { model: "one" },
    { model: "two" },
    { model: "two", label: "work" },
    { model: "two", label: "work", method: "API_KEY" },
    { provider: "openai" },
    { provider: "openai" },
    { model: "two", label: "work" },
  ] as const;
  for (const choice of choices) await chosen(client, session, choice);
  const changes = (await eventsOf(stage, "alice")).filter(({ type }) => type === "ActiveProviderChanged");
  expect(changes.map(({ from, to }) => [from, to])).toEqual([
    [null, "anthropic"],
    ["anthropic", "anthropic"],
    ["anthropic", "anthropic"],
    ["anthropic", "openai"],
    ["openai", "anthropic"],
  ]);
});

test("each provider of a session remembers its model, until it is chosen without one", async () => {
  await using stage = await setSessionStage({ environment: ownKeys });
  const client = await stage.client("alice");
  const session = await startSession(client);
  await chosen(client, session, { provider: "openai", model: "gpt" });
  await chosen(client, session, { provider: "google", model: "gemini" });
  const { activeProvider } = await readSession(client, session);
  expect(activeProvider).toMatchObject({ provider: { name: "google" }, model: "gemini" });
  expect(await chosen(client, session, { provider: "openai" })).toMatchObject({ model: null });
});
