import { expect, test } from "vitest";
import { approve, expectOAuth, refusal, setStage, signIn } from "./sign-in.ts";

const now = new Date("2026-11-01T12:00:00Z");
const clock = { now: () => now };

test.each([
  [3600, 3600],
  ["3600", 3600],
  [1, 1],
  [315_576_000, 315_576_000],
  [undefined, null],
  [null, null],
])("expires_in %o is %o seconds from now", async (value, seconds) => {
  await using stage = await setStage("anthropic", { clock });
  stage.server.tokenOverrides = { expires_in: value };
  const { expiresAt } = await signIn(stage.provider);
  expect(expiresAt).toEqual(seconds === null ? null : new Date(now.getTime() + seconds * 1000));
});

test.each([0, -1, "-1", "soon", "", "1e9", "12abc", 315_576_001, 1e300, {}, [], true])(
  "expires_in %o is not believed",
  async (value) => {
    await using stage = await setStage("anthropic", { clock });
    const exchange = await approve(stage.provider);
    stage.server.tokenOverrides = { expires_in: value };
    expect((await refusal(stage.provider.exchangeOAuthCode(exchange))).code).toBe("INVALID_CREDENTIAL");
  },
);

test.each([undefined, null, "", 7])("an answer whose access token is %o is none", async (value) => {
  await using stage = await setStage("anthropic");
  const exchange = await approve(stage.provider);
  stage.server.tokenOverrides = { access_token: value };
  const { code } = await refusal(stage.provider.exchangeOAuthCode(exchange));
  expect(code).toBe("INVALID_CREDENTIAL");
});

test.each([undefined, null, "bearer", "BEARER"])("a token type of %o is Bearer", async (value) => {
  await using stage = await setStage("anthropic");
  stage.server.tokenOverrides = { token_type: value };
  expect((await signIn(stage.provider)).method).toBe("oauth");
});

test.each(["mac", "dpop-of-another-key"])("a token of type %s cannot be used here", async (value) => {
  await using stage = await setStage("anthropic");
  const exchange = await approve(stage.provider);
  stage.server.tokenOverrides = { token_type: value };
  expect((await refusal(stage.provider.exchangeOAuthCode(exchange))).code).toBe("INVALID_CREDENTIAL");
});

test.each([
  ["user:profile user:inference", ["user:profile", "user:inference"]],
  [
    ["user:profile", "user:inference"],
    ["user:profile", "user:inference"],
  ],
  [undefined, ["org:create_api_key", "user:profile", "user:inference"]],
])("scope %o", async (value, scopes) => {
  await using stage = await setStage("anthropic");
  stage.server.tokenOverrides = { scope: value };
  expect((await signIn(stage.provider)).scopes).toEqual(scopes);
});

test("what a refresh leaves out stays as it was", async () => {
  await using stage = await setStage("anthropic");
  const before = await signIn(stage.provider);
  stage.server.tokenOverrides = {
    scope: undefined,
    account: undefined,
    organization: undefined,
    refresh_token: undefined,
  };
  const after = expectOAuth(await stage.provider.refreshCredentials(before));
  expect(after).toMatchObject({ scopes: before.scopes, account: before.account, refreshToken: before.refreshToken });
});

test("an answer to a refresh that cannot be right does not end the grant", async () => {
  await using stage = await setStage("google");
  const credentials = await signIn(stage.provider);
  stage.server.tokenOverrides = { expires_in: -1 };
  expect((await refusal(stage.provider.refreshCredentials(credentials))).code).toBe("PROVIDER_UNAVAILABLE");
  stage.server.tokenOverrides = {};
  expectOAuth(await stage.provider.refreshCredentials(credentials));
});

test.each(["with space", "line\r\nbreak", "ünicode", "nul\0", "x".repeat(16_385)])(
  "an access or refresh token that cannot travel in a header is refused: %j",
  async (value) => {
    for (const name of ["access_token", "refresh_token"]) {
      await using stage = await setStage("anthropic");
      const exchange = await approve(stage.provider);
      stage.server.tokenOverrides = { [name]: value };
      expect((await refusal(stage.provider.exchangeOAuthCode(exchange))).code).toBe("INVALID_CREDENTIAL");
    }
  },
);

test("of an account only texts of sensible length are kept, and of scopes only scopes", async () => {
  await using stage = await setStage("anthropic");
  stage.server.tokenOverrides = {
    account: { uuid: "account-of-alice", email_address: { not: "a text" } },
    organization: { uuid: "x", name: `nul\0` },
    scope: `user:profile nul\0 "quoted" ${"x".repeat(300)} user:inference`,
  };
  const credentials = expectOAuth(await signIn(stage.provider));
  expect(credentials.account).toEqual({ id: "account-of-alice", email: null, organization: null, plan: null });
  expect(credentials.scopes).toEqual(["user:profile", "user:inference"]);
});
