import { expect, test, vi } from "vitest";
import {
  authenticateInSessionMutation,
  authenticateMutation,
  completeOAuthInSessionMutation,
  credentialsQuery,
  initiateOAuthMutation,
} from "../client/operations.ts";
import { begin, complete, consent, initiate, setOAuthStage } from "../connect/oauth/oauth-stage.ts";
import { startCallbackStage } from "../http/callback/callback-stage.ts";
import { Browser } from "../support/authorization-server/browser.ts";
import type { TestClient } from "../support/test-client.ts";
import {
  chosen,
  connectKey,
  end,
  eventTypes,
  nobodysSession,
  ownKeys,
  readSession,
  setSessionStage,
  startSession,
  StillClock,
} from "./session-stage.ts";

const activated = ["SessionStarted", "CredentialStored", "ActiveProviderChanged"];

async function storedCredentials(client: TestClient) {
  return (await client.execute(credentialsQuery, {})).viewer.credentials.nodes;
}

test("a key that is connected for a session becomes active there, and only there", async () => {
  await using stage = await setSessionStage({ environment: ownKeys });
  const client = await stage.client("alice");
  const [session, other] = [await startSession(client), await startSession(client)];
  await chosen(client, session, { provider: "openai" });
  const input = { provider: "anthropic", label: "work", sessionId: session, credential: { apiKey: stage.api.key } };
  const { authenticate } = await client.execute(authenticateInSessionMutation, { input });
  if (authenticate.__typename !== "AuthenticatePayload") throw new Error(authenticate.message);
  const { id } = authenticate.credential;
  expect(authenticate.session).toEqual({
    id: session,
    activeProvider: { provider: { name: "anthropic" }, status: "AUTHENTICATED", credential: { id } },
  });
  expect((await readSession(client, session)).activeProvider).toMatchObject({ credential: { id, label: "work" } });
  expect((await readSession(client, other)).activeProvider).toBeNull();
  expect(await eventTypes(stage, "alice")).toEqual([
    "SessionStarted",
    "SessionStarted",
    "ActiveProviderChanged",
    "CredentialStored",
    "ActiveProviderChanged",
  ]);
});

test("a key that is connected without a session becomes active nowhere", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  await connectKey(client, stage);
  expect((await readSession(client, session)).activeProvider).toBeNull();
  expect(await eventTypes(stage, "alice")).toEqual(["SessionStarted", "CredentialStored"]);
});

test("a flow that was begun for a session makes its credential active when it is completed", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  const { answer } = await consent(client, "anthropic", { kind: "PASTE", sessionId: session });
  const { completeOAuth } = await client.execute(completeOAuthInSessionMutation, { input: { code: answer } });
  if (completeOAuth.__typename !== "CompleteOAuthPayload") throw new Error(completeOAuth.message);
  const { id } = completeOAuth.credential;
  expect(completeOAuth.session).toMatchObject({ id: session, activeProvider: { credential: { id } } });
  expect(await eventTypes(stage, "alice")).toEqual(activated);
});

test("`authenticate` with a code follows the flow's session, and its own session goes first", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const [first, second] = [await startSession(client), await startSession(client)];
  for (const sessionId of [null, second]) {
    const { answer } = await consent(client, "anthropic", { kind: "PASTE", sessionId: first });
    const input = { provider: "anthropic", sessionId, credential: { oauthCode: answer } };
    const { authenticate } = await client.execute(authenticateInSessionMutation, { input });
    expect(authenticate).toMatchObject({ session: { id: sessionId ?? first } });
  }
  const changed = ["SessionStarted", "ActiveProviderChanged"];
  expect(await eventTypes(stage, "alice", first)).toEqual(changed);
  expect(await eventTypes(stage, "alice", second)).toEqual(changed);
});

test("the callback makes the credential active in the session of its flow", async () => {
  await using stage = await startCallbackStage();
  const client = await stage.server.client("alice");
  const session = await startSession(client);
  const flow = await stage.begin("alice", { sessionId: session });
  const page = await stage.visit(await stage.decide(flow), { cookie: flow.cookie });
  expect(page.status).toBe(200);
  const [credential] = await storedCredentials(client);
  expect((await readSession(client, session)).activeProvider).toMatchObject({
    provider: { name: "google" },
    status: "AUTHENTICATED",
    credential: { id: credential!.id },
  });
});

test("a device flow makes the credential active in the session of its flow", async () => {
  await using stage = await setOAuthStage("openai");
  const client = await stage.client("alice");
  const session = await startSession(client);
  const flow = await begin(client, "openai", { kind: "DEVICE", sessionId: session });
  await new Browser().enterUserCode(flow.verificationUri!, flow.userCode!);
  await stage.database.em().execute("update oauth_flows set next_poll_at = now()");
  const changed = async () => expect(await eventTypes(stage, "alice")).toEqual(activated);
  await vi.waitFor(changed, { timeout: 30_000, interval: 50 });
  expect((await readSession(client, session)).activeProvider).toMatchObject({
    provider: { name: "openai" },
    method: "OAUTH",
  });
});

test("a session that is nobody's, another's or over is refused before the provider is asked", async () => {
  const clock = new StillClock();
  await using stage = await setSessionStage({ clock, environment: { SESSION_TIMEOUT: "100" } });
  const [client, bob] = [await stage.client("alice"), await stage.client("bob")];
  const [ended, expired] = [await startSession(client), await startSession(client)];
  await end(client, ended);
  clock.advance(101);
  const hers = await startSession(bob);
  const { answer } = await consent(client, "anthropic", { kind: "PASTE" });
  const asked = stage.vendor.requests.length;
  const refusal = { __typename: "SessionNotFoundError", code: "SESSION_NOT_FOUND" };
  for (const sessionId of [nobodysSession(), "garbage", hers, ended, expired]) {
    for (const credential of [{ apiKey: stage.api.key }, { oauthCode: answer }]) {
      const input = { provider: "anthropic", sessionId, credential };
      expect((await client.execute(authenticateMutation, { input })).authenticate).toMatchObject(refusal);
    }
    expect(await initiate(client, { provider: "anthropic", kind: "PASTE", sessionId })).toMatchObject(refusal);
  }
  expect(stage.api.requests).toEqual([]);
  expect(stage.vendor.requests.length).toBe(asked);
  expect(await storedCredentials(client)).toEqual([]);
  // The flow has not been used up.
  expect(await complete(client, { code: answer })).toMatchObject({ __typename: "CompleteOAuthPayload" });
});

test("a session that ends while the flow is open is left alone, and the credential is stored", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  const { answer } = await consent(client, "anthropic", { kind: "PASTE", sessionId: session });
  await end(client, session);
  const { completeOAuth } = await client.execute(completeOAuthInSessionMutation, { input: { code: answer } });
  expect(completeOAuth).toMatchObject({
    __typename: "CompleteOAuthPayload",
    session: { id: session, status: "ENDED", activeProvider: null },
  });
  expect(await storedCredentials(client)).toMatchObject([{ status: "ACTIVE" }]);
  expect(await eventTypes(stage, "alice")).toEqual(["SessionStarted", "SessionEnded", "CredentialStored"]);
});

test("naming a session needs the scope `sessions`; without one it is not needed", async () => {
  await using stage = await setSessionStage();
  const session = await startSession(await stage.client("alice"));
  const writer = await stage.client("alice", ["credentials:read", "credentials:write"]);
  const forbidden = {
    errors: [{ message: expect.stringContaining("`sessions`"), extensions: { code: "FORBIDDEN" } }],
  };
  const credential = { apiKey: stage.api.key };
  for (const sessionId of [session, nobodysSession()]) {
    const input = { provider: "anthropic", sessionId };
    expect(await writer.send(authenticateMutation, { input: { ...input, credential } })).toMatchObject(forbidden);
    expect(await writer.send(initiateOAuthMutation, { input: { ...input, kind: "PASTE" } })).toMatchObject(forbidden);
  }
  expect(stage.api.requests).toEqual([]);
  await connectKey(writer, stage);
});
