import { expect, test } from "vitest";
import type { OAuthFlowKind } from "../../client/gql/graphql.ts";
import { initiateOAuthMutation } from "../../client/operations.ts";
import { startAuthorizationServer } from "../../support/authorization-server.ts";
import { startCallbackStage } from "./callback-stage.ts";

const attributes = "Path=/; Max-Age=600; HttpOnly; SameSite=Lax";

test("the answer to `initiateOAuth` binds the browser to the flow, by a cookie that only this host can set", async () => {
  await using stage = await startCallbackStage();
  const { setCookies } = await stage.begin("alice");
  expect(setCookies).toEqual([
    expect.stringMatching(new RegExp(`^__Host-maestro-auth-flow-[\\da-f-]{36}=[\\w-]{43}; ${attributes}; Secure$`)),
  ]);
});

test("where browsers reach the server by http, the cookie does without what needs https", async () => {
  await using stage = await startCallbackStage({ PUBLIC_URL: "http://localhost:4000" });
  const { setCookies } = await stage.begin("alice");
  expect(setCookies).toEqual([
    expect.stringMatching(new RegExp(`^maestro-auth-flow-[\\da-f-]{36}=[\\w-]{43}; ${attributes}$`)),
  ]);
});

test("each flow has a cookie of its own, also when one operation begins two", async () => {
  await using stage = await startCallbackStage();
  const client = await stage.server.client("alice");
  const begin = `initiateOAuth(input: { provider: "google" }) { __typename }`;
  const response = await client.post({ query: `mutation { one: ${begin} two: ${begin} }` });
  const pairs = response.headers.getSetCookie().map((line) => line.split(";", 1)[0]!.split("="));
  expect(new Set(pairs.map(([name]) => name)).size).toBe(2);
  expect(new Set(pairs.map(([, value]) => value)).size).toBe(2);
});

test("the cookie's value stands nowhere else: not in the answer, the database or the log", async () => {
  await using stage = await startCallbackStage();
  const client = await stage.server.client("alice");
  const variables = { input: { provider: "google" } };
  const response = await client.post({ query: initiateOAuthMutation.toString(), variables });
  const [, value] = /=([\w-]{43});/.exec(response.headers.getSetCookie()[0]!)!;
  expect(await response.text()).not.toContain(value);
  expect(stage.server.logs.join("")).not.toContain(value);
  const rows = await stage.rows();
  expect(rows).toHaveLength(1);
  const bytes = Object.values(rows[0]!).map((column) =>
    column instanceof Uint8Array ? Buffer.from(column).toString("latin1") : JSON.stringify(column),
  );
  expect(bytes.join()).not.toContain(value);
});

test.each([
  ["google", "LOOPBACK"],
  ["anthropic", "PASTE"],
  ["anthropic", "LOOPBACK"],
  ["openai", "DEVICE"],
] as const)("%s: a flow of kind %s awaits no callback here, so it sets no cookie", async (provider, kind) => {
  await using vendor = await startAuthorizationServer(provider);
  await using stage = await startCallbackStage(vendor.environment(provider));
  const flow = await stage.begin("alice", { provider, kind: kind satisfies OAuthFlowKind });
  expect(flow).toMatchObject({ kind, setCookies: [] });
});

test("a flow that ends at the application's own redirect URI sets no cookie", async () => {
  const redirectUri = "https://app.example.test/auth/callback";
  await using stage = await startCallbackStage({ OAUTH_REDIRECT_URIS: redirectUri });
  expect(await stage.begin("alice", { redirectUri })).toMatchObject({ kind: "REDIRECT", redirectUri, setCookies: [] });
});

test("begun over a WebSocket, a flow binds no browser: the callback hands it to the application", async () => {
  await using stage = await startCallbackStage();
  const client = await stage.server.client("alice");
  await using answers = await client.subscribeWebSocket(initiateOAuthMutation, { input: { provider: "google" } });
  const result = (await answers.next()).data?.initiateOAuth;
  if (result?.__typename !== "InitiateOAuthPayload") throw new Error("the flow has not begun");
  const callback = await stage.decide(result.flow);
  expect((await stage.visit(callback)).title).toBe("One step left");
  expect(stage.exchanges()).toBe(0);
  expect(await stage.complete("alice", callback)).toBe("COMPLETED");
});
