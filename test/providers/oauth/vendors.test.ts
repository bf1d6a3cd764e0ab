import { describe, expect, test } from "vitest";
import { Secret } from "../../../src/lib/secret.ts";
import { Browser } from "../../support/authorization-server/browser.ts";
import { vendorText } from "../../support/authorization-server/dialect.ts";
import { approve, expectOAuth, loopbackUri, newFlow, refusal, setStage, signIn } from "./sign-in.ts";

const vendors = [
  {
    kind: "anthropic",
    encoding: "json",
    account: { id: "account-of-alice", email: "alice@example.test", organization: "Example", plan: null },
  },
  {
    kind: "openai",
    encoding: "form",
    account: { id: "account-of-alice", email: "alice@example.test", organization: null, plan: "plus" },
  },
  {
    kind: "google",
    encoding: "form",
    account: { id: "alice", email: "alice@example.test", organization: null, plan: null },
  },
] as const;

describe.each(vendors)("$kind", ({ kind, encoding, account }) => {
  test("authorize, exchange, refresh, revoke", async () => {
    await using stage = await setStage(kind);
    const { provider, server } = stage;
    const first = await signIn(provider);
    expect(first.account).toEqual(kind === "google" ? { ...account, email: first.account?.email } : account);
    expect(first.expiresAt!.getTime()).toBeCloseTo(Date.now() + 3_600_000, -4);
    expect(first.refreshToken).not.toBeNull();

    const second = expectOAuth(await provider.refreshCredentials(first));
    expect(second.accessToken.reveal()).not.toBe(first.accessToken.reveal());
    expect(second.account).toEqual(first.account);
    expect(second.scopes).toEqual(first.scopes);

    expect(await provider.revokeCredentials(second)).toBe(true);
    const revoked = await refusal(provider.refreshCredentials(second));
    expect(revoked.code).toBe("INVALID_CREDENTIAL");
    expect(revoked.message).not.toContain(vendorText);
    expect(provider.health.status).toBe("healthy");

    const posts = server.requests.filter(({ method }) => method === "POST");
    expect(posts.map((request) => request.encoding)).toEqual(posts.map(() => encoding));
    expect(posts.map(({ body }) => body["grant_type"] ?? body["token_type_hint"])).toEqual([
      "authorization_code",
      "refresh_token",
      "refresh_token",
      "refresh_token",
    ]);
  });

  test("a wrong code verifier is refused by the server, and nothing is stored", async () => {
    await using stage = await setStage(kind);
    const exchange = await approve(stage.provider);
    const error = await refusal(
      stage.provider.exchangeOAuthCode({ ...exchange, codeVerifier: new Secret("w".repeat(43)) }),
    );
    expect(error.code).toBe("INVALID_CREDENTIAL");
    expect(error.message).not.toContain(vendorText);
  });

  test("a code is good for one exchange", async () => {
    await using stage = await setStage(kind);
    const exchange = await approve(stage.provider);
    const credentials = expectOAuth(await stage.provider.exchangeOAuthCode(exchange));
    expect((await refusal(stage.provider.exchangeOAuthCode(exchange))).code).toBe("INVALID_CREDENTIAL");
    // RFC 6749, section 4.1.2: the replay ends what the code has brought.
    expect((await refusal(stage.provider.refreshCredentials(credentials))).code).toBe("INVALID_CREDENTIAL");
  });

  test("a user who says no is sent back without a code", async () => {
    await using stage = await setStage(kind);
    stage.server.user.decision = "deny";
    const { authorizationUrl } = await stage.provider.initiateOAuthFlow(newFlow());
    const callback = await new Browser().authorize(authorizationUrl!);
    expect(callback.searchParams.get("error")).toBe("access_denied");
    expect(callback.searchParams.get("code")).toBeNull();
  });

  test("the authorization URL has a challenge by S256 and never the verifier", async () => {
    await using stage = await setStage(kind);
    const flow = newFlow();
    const { authorizationUrl, redirectUri } = await stage.provider.initiateOAuthFlow(flow);
    const { searchParams } = new URL(authorizationUrl!);
    expect(searchParams.get("code_challenge_method")).toBe("S256");
    expect(searchParams.get("state")).toBe(flow.state);
    expect(searchParams.get("redirect_uri")).toBe(loopbackUri);
    expect(redirectUri).toBe(loopbackUri);
    expect(authorizationUrl).not.toContain(flow.codeVerifier.reveal());
  });
});

test.each(["anthropic", "openai"] as const)("%s: a refresh token is for one use", async (kind) => {
  await using stage = await setStage(kind);
  const first = await signIn(stage.provider);
  const second = expectOAuth(await stage.provider.refreshCredentials(first));
  expect(second.refreshToken!.reveal()).not.toBe(first.refreshToken!.reveal());
  expect((await refusal(stage.provider.refreshCredentials(first))).code).toBe("INVALID_CREDENTIAL");
  // The server saw it used twice, and ended the grant.
  expect((await refusal(stage.provider.refreshCredentials(second))).code).toBe("INVALID_CREDENTIAL");
});

test.each([undefined, null])("google: a refresh token of %s in the answer means the old one", async (value) => {
  await using stage = await setStage("google");
  const first = await signIn(stage.provider);
  stage.server.tokenOverrides = { refresh_token: value };
  const second = expectOAuth(await stage.provider.refreshCredentials(first));
  expect(second.refreshToken!.reveal()).toBe(first.refreshToken!.reveal());
});

test("anthropic: a code to paste comes from the vendor's own page, and the state goes with it", async () => {
  await using stage = await setStage("anthropic");
  const exchange = await approve(stage.provider, newFlow("paste"));
  expect(exchange.redirectUri).toBe("https://platform.claude.com/oauth/code/callback");
  await stage.provider.exchangeOAuthCode(exchange);
  expect(stage.server.requests.at(-1)!.body["state"]).toBe(exchange.state);
});

test("openai: the resource is named in every request (RFC 8707), and the earliest refresh is kept", async () => {
  await using stage = await setStage("openai");
  const { authorizationUrl } = await stage.provider.initiateOAuthFlow(newFlow());
  expect(new URL(authorizationUrl!).searchParams.get("resource")).toBe("https://api.openai.com/v1");
  const credentials = await signIn(stage.provider);
  await stage.provider.refreshCredentials(credentials);
  const tokenRequests = stage.server.requests.filter(({ path }) => path === "/token");
  expect(tokenRequests.map(({ body }) => body["resource"])).toEqual(
    tokenRequests.map(() => "https://api.openai.com/v1"),
  );
  expect(credentials.earliestRefreshAt).toEqual(new Date(1_900_000_000_000));
});

test("google: consent is asked for again, since a repeated sign-in brings no refresh token without it", async () => {
  await using stage = await setStage("google");
  const { authorizationUrl } = await stage.provider.initiateOAuthFlow(newFlow("redirect"));
  const { searchParams } = new URL(authorizationUrl!);
  expect([searchParams.get("access_type"), searchParams.get("prompt")]).toEqual(["offline", "consent"]);
});

test.each([
  ["anthropic", { "anthropic-version": "2023-06-01", "anthropic-beta": "oauth-2025-04-20" }],
  ["openai", {}],
  ["google", {}],
] as const)("%s: calls are made with a bearer token", async (kind, more) => {
  await using stage = await setStage(kind);
  const credentials = await signIn(stage.provider);
  const access = stage.provider.describeAccess(credentials);
  const headers = Object.fromEntries(access.headers.map(({ name, value }) => [name, value.reveal()]));
  expect(headers).toEqual({ authorization: `Bearer ${credentials.accessToken.reveal()}`, ...more });
  expect(access.expiresAt).toEqual(credentials.expiresAt);
});
