import { expect, test } from "vitest";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import {
  chosen,
  connectKey,
  end,
  granted,
  issue,
  nobodysSession,
  ownKeys,
  readSession,
  revoke,
  setSessionStage,
  startSession,
  StillClock,
} from "../sessions/session-stage.ts";

test("access uses the provider, method and label of the session's choice, and what the input names goes first", async () => {
  await using stage = await setSessionStage({ environment: ownKeys });
  const client = await stage.client("alice");
  const sessionId = await startSession(client);
  const { id: oauth } = await signIn(client, "anthropic", { kind: "PASTE" });
  const work = await connectKey(client, stage, { label: "work" });
  const home = await connectKey(client, stage, { label: "home" });
  await chosen(client, sessionId, { method: "API_KEY", label: "home" });

  expect(await granted(client, { sessionId })).toMatchObject({ method: "API_KEY", credential: { id: home } });
  // A named provider is used as the session uses it.
  expect(await granted(client, { sessionId, provider: "anthropic" })).toMatchObject({ credential: { id: home } });
  expect(await granted(client, { sessionId, label: "work" })).toMatchObject({ credential: { id: work } });
  expect(await granted(client, { sessionId, method: "OAUTH" })).toMatchObject({ credential: { id: oauth } });
  expect(await granted(client, { sessionId, provider: "openai" })).toMatchObject({
    provider: { name: "openai" },
    source: "ENVIRONMENT",
  });
  expect((await readSession(client, sessionId)).activeProvider).toMatchObject({ credential: { id: home } });
});

test("a session that chose the server's own key goes on with it", async () => {
  await using stage = await setSessionStage({ environment: { ANTHROPIC_API_KEY: "the-servers-own-key" } });
  const client = await stage.client("alice");
  const sessionId = await startSession(client);
  await chosen(client, sessionId);
  await connectKey(client, stage);
  expect(await granted(client, { sessionId })).toMatchObject({
    source: "ENVIRONMENT",
    credential: null,
    headers: expect.arrayContaining([{ name: "x-api-key", value: "the-servers-own-key" }]),
  });
  expect(await granted(client, { provider: "anthropic" })).toMatchObject({ source: "STORED" });
});

test("without an active provider one has to be named", async () => {
  await using stage = await setSessionStage({ environment: ownKeys });
  const client = await stage.client("alice");
  const sessionId = await startSession(client);
  expect(await issue(client, { sessionId })).toMatchObject({ __typename: "ValidationError" });
  expect(await granted(client, { sessionId, provider: "openai" })).toMatchObject({ source: "ENVIRONMENT" });
  expect(await issue(client, { sessionId, provider: "nonesuch" })).toMatchObject({
    __typename: "ProviderNotFoundError",
  });
});

test("once the chosen credential is revoked, the session's calls do not wander to another account", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const sessionId = await startSession(client);
  const work = await connectKey(client, stage, { label: "work" });
  await connectKey(client, stage, { label: "home" });
  await chosen(client, sessionId, { label: "work" });
  await revoke(client, work);
  expect(await issue(client, { sessionId })).toMatchObject({ __typename: "ValidationError" });
});

test("a chosen credential that is broken is an error, whatever else there is", async () => {
  await using stage = await setSessionStage({ environment: { ANTHROPIC_API_KEY: "the-servers-own-key" } });
  const client = await stage.client("alice");
  const sessionId = await startSession(client);
  await connectKey(client, stage, { label: "work" });
  await connectKey(client, stage, { label: "home" });
  await chosen(client, sessionId, { label: "work" });
  await stage.database.em().execute("update provider_credentials set status = 'needs_reauth' where label = 'work'");
  expect(await issue(client, { sessionId })).toMatchObject({ __typename: "ReauthenticationRequiredError" });
});

test("a session that is nobody's, over or expired gives no access, even where the provider is named", async () => {
  const clock = new StillClock();
  await using stage = await setSessionStage({ clock, environment: { ...ownKeys, SESSION_TIMEOUT: "100" } });
  const client = await stage.client("alice");
  const [ended, expired] = [await startSession(client), await startSession(client)];
  await end(client, ended);
  const request = { provider: "openai" };
  for (const sessionId of [nobodysSession(), "garbage", ""]) {
    expect(await issue(client, { ...request, sessionId })).toMatchObject({
      __typename: "SessionNotFoundError",
      code: "SESSION_NOT_FOUND",
    });
  }
  clock.advance(100);
  const refusal = { __typename: "SessionExpiredError", code: "SESSION_EXPIRED" };
  expect(await issue(client, { ...request, sessionId: ended })).toMatchObject(refusal);
  expect(await issue(client, { ...request, sessionId: expired })).toMatchObject(refusal);
});
