import { describe, expect, test } from "vitest";
import {
  authenticateMutation,
  credentialEventsSubscription,
  issueAccessMutation,
  oauthFlowSubscription,
  viewerQuery,
} from "../../client/operations.ts";
import { begin, complete, consent, publicUrl, readFlow, setOAuthStage, signIn } from "./oauth-stage.ts";

const vendors = [
  {
    kind: "anthropic",
    flow: { kind: "PASTE", redirectUri: "https://platform.claude.com/oauth/code/callback" },
    account: { id: "account-of-alice", email: "alice@example.test", organization: "Example", plan: null },
    scopes: ["org:create_api_key", "user:profile", "user:inference"],
    headers: { "anthropic-version": "2023-06-01", "anthropic-beta": "oauth-2025-04-20" },
  },
  {
    kind: "openai",
    flow: { kind: "LOOPBACK", redirectUri: "http://127.0.0.1/auth/callback" },
    account: { id: "account-of-alice", email: "alice@example.test", organization: null, plan: "plus" },
    scopes: ["openid", "profile", "email", "resource.invoke", "chatgpt.tokens.use.direct"],
    headers: {},
  },
  {
    kind: "google",
    flow: { kind: "REDIRECT", redirectUri: `${publicUrl}/auth/google/callback` },
    account: { id: "alice", organization: null, plan: null },
    scopes: ["openid", "https://www.googleapis.com/auth/cloud-platform"],
    headers: {},
  },
] as const;

describe.each(vendors)("$kind", ({ kind, flow: usual, account, scopes, headers }) => {
  test("the default flow ends with a stored credential: account, scopes, expiry, refreshable", async () => {
    await using stage = await setOAuthStage(kind);
    const client = await stage.client("alice");
    const { viewer } = await client.execute(viewerQuery);
    const { flow, callback } = await consent(client, kind, { label: "work" });
    expect(flow).toMatchObject({ ...usual, status: "PENDING", userCode: null, verificationUri: null });
    expect(callback.searchParams.get("state")).toBe(flow.state);

    const result = await complete(client, { pasted: ` ${callback.href}\n` });
    if (result.__typename !== "CompleteOAuthPayload") throw new Error(result.message);
    expect(result.flow).toEqual({ id: flow.id, status: "COMPLETED" });
    const { credential } = result;
    expect(credential).toMatchObject({ method: "OAUTH", label: "work", status: "ACTIVE", refreshable: true, account });
    expect(credential.scopes).toEqual(expect.arrayContaining([...scopes]));
    expect(Date.parse(credential.expiresAt!)).toBeCloseTo(Date.now() + 3_600_000, -5);

    await using events = await client.subscribeSse(credentialEventsSubscription, { after: viewer.eventCursor });
    expect((await events.next()).data?.credentialEvents).toMatchObject({
      __typename: "CredentialStored",
      credentialId: credential.id,
      method: "OAUTH",
      label: "work",
      provider: { name: kind },
    });
  });

  test("code and state as they came complete it, by completeOAuth and by authenticate", async () => {
    await using stage = await setOAuthStage(kind);
    const client = await stage.client("alice");
    const first = await signIn(client, kind);
    const { answer } = await consent(client, kind);
    const input = { provider: kind, credential: { oauthCode: answer } };
    const { authenticate } = await client.execute(authenticateMutation, { input });
    expect(authenticate).toMatchObject({ credential: { id: first.id, method: "OAUTH", label: "default" } });
  });

  test("issueAccess then gives a bearer token, before any API key", async () => {
    await using stage = await setOAuthStage(kind);
    const client = await stage.client("alice");
    const apiKey = stage.api.key;
    await client.execute(authenticateMutation, { input: { provider: kind, credential: { apiKey } } });
    stage.vendor.tokenOverrides = { access_token: "an-access-token" };
    const { id, expiresAt } = await signIn(client, kind);
    const { issueAccess } = await client.execute(issueAccessMutation, { input: { provider: kind } });
    if (issueAccess.__typename !== "IssueAccessPayload") throw new Error(issueAccess.message);
    const { grant } = issueAccess;
    expect(grant).toMatchObject({ method: "OAUTH", source: "STORED", credential: { id }, expiresAt });
    expect(grant.baseUrl).toBe(stage.api.baseUrl);
    const granted = Object.fromEntries(grant.headers.map(({ name, value }) => [name, value]));
    expect(granted).toEqual({ authorization: "Bearer an-access-token", ...headers });
  });

  test.each(["subscribeSse", "subscribeWebSocket"] as const)(
    "over %s the flow is told as PENDING, then COMPLETED, then no more; what initiateOAuth told is not repeated",
    async (subscribe) => {
      await using stage = await setOAuthStage(kind);
      const client = await stage.client("alice");
      const { flow, answer } = await consent(client, kind);
      await using subscription = await client[subscribe](oauthFlowSubscription, { id: flow.id });
      const once = { id: flow.id, authorizationUrl: null, state: null, error: null };
      expect((await subscription.next()).data?.oauthFlow).toEqual({ ...once, status: "PENDING", credential: null });
      const result = await complete(client, { code: answer });
      if (result.__typename !== "CompleteOAuthPayload") throw new Error(result.message);
      const credential = { id: result.credential.id };
      expect((await subscription.next()).data?.oauthFlow).toEqual({ ...once, status: "COMPLETED", credential });
      await expect(subscription.next()).rejects.toThrow("has ended");
      expect(await readFlow(client, flow.id)).toEqual({ ...once, status: "COMPLETED", credential });
    },
  );
});

test("anthropic: what its page shows to copy, `code#state`, completes the flow", async () => {
  await using stage = await setOAuthStage("anthropic");
  const client = await stage.client("alice");
  const { answer } = await consent(client, "anthropic");
  expect(await complete(client, { pasted: `${answer.code}#${answer.state}` })).toMatchObject({
    __typename: "CompleteOAuthPayload",
    credential: { refreshable: true },
  });
});

test("openai: its API takes the headers that issueAccess gives", async () => {
  await using stage = await setOAuthStage("openai");
  const client = await stage.client("alice");
  await signIn(client, "openai");
  const { issueAccess } = await client.execute(issueAccessMutation, { input: { provider: "openai" } });
  if (issueAccess.__typename !== "IssueAccessPayload") throw new Error(issueAccess.message);
  const { baseUrl, headers } = issueAccess.grant;
  stage.api.validKeys.add(headers.find(({ name }) => name === "authorization")!.value.replace("Bearer ", ""));
  const call = await fetch(`${baseUrl}/v1/models`, { headers: headers.map(({ name, value }) => [name, value]) });
  expect(call.status).toBe(200);
});

test("signing in again to the same label replaces the credential and keeps its id; another label stands beside it", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  const first = await signIn(client, "google");
  expect((await signIn(client, "google")).id).toBe(first.id);
  expect((await signIn(client, "google", { label: "work" })).id).not.toBe(first.id);
});

test("a label in authenticate goes before the flow's own", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  const { answer } = await consent(client, "google", { label: "home" });
  const input = { provider: "google", label: "work", credential: { oauthCode: answer } };
  const { authenticate } = await client.execute(authenticateMutation, { input });
  expect(authenticate).toMatchObject({ __typename: "AuthenticatePayload", credential: { label: "work" } });
});

test("a flow is told to its own user only", async () => {
  await using stage = await setOAuthStage("google");
  const { id } = await begin(await stage.client("alice"), "google");
  await expect(readFlow(await stage.client("bob"), id)).rejects.toThrow("There is no such OAuth flow.");
});
