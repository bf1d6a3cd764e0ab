import { describe, expect, test } from "vitest";
import { Secret } from "../../../src/lib/secret.ts";
import type { OAuthCredentials } from "../../../src/providers/provider-auth.ts";
import { defineProvider } from "../../../src/providers/provider.ts";
import { startRawServer } from "../raw-server.ts";
import { approve, createProvider, expectOAuth, loopbackUri, newFlow, refusal, setStage, signIn } from "./sign-in.ts";

const now = new Date("2026-11-01T12:00:00Z");
const clock = { now: () => now };

/** What a sign-in brings whose token answer has these members. */
async function signInWith(overrides: Readonly<Record<string, unknown>>): Promise<OAuthCredentials> {
  await using stage = await setStage("anthropic", { clock });
  stage.server.tokenOverrides = overrides;
  return await signIn(stage.provider);
}

async function refusalOf(overrides: Readonly<Record<string, unknown>>) {
  await using stage = await setStage("anthropic", { clock });
  const exchange = await approve(stage.provider);
  stage.server.tokenOverrides = overrides;
  return await refusal(stage.provider.exchangeOAuthCode(exchange));
}

/** What a refresh brings whose answer has these members, after a sign-in that has none of them. */
async function refreshWith(overrides: Readonly<Record<string, unknown>>) {
  await using stage = await setStage("anthropic", { clock });
  const before = await signIn(stage.provider);
  stage.server.tokenOverrides = overrides;
  const after = expectOAuth(await stage.provider.refreshCredentials(before));
  expect(after.accessToken.reveal()).not.toBe(before.accessToken.reveal());
  return { before, after };
}

const secondsLeft = ({ expiresAt }: OAuthCredentials) =>
  expiresAt === null ? null : (expiresAt.getTime() - now.getTime()) / 1000;

const tenYears = 315_576_000;

describe("expires_in (RFC 6749, section 5.1)", () => {
  test.each<[value: unknown, seconds: number]>([
    [3600, 3600],
    // Apigee: https://github.com/apigee/microgateway-edgeauth/issues/48
    ["3600", 3600],
    ["3600.0", 3600],
    [" +3600 ", 3600],
    [3599.9, 3599],
    ["3.6e3", 3600],
    // The JSON form of a Duration: https://protobuf.dev/reference/protobuf/google.protobuf/#duration
    ["3600s", 3600],
    [1, 1],
    [tenYears, tenYears],
  ])("%j is %i seconds", async (value, seconds) => {
    const credentials = await signInWith({ expires_in: value });
    expect(secondsLeft(credentials)).toBe(seconds);
    expect(credentials.lifetime).toBe(seconds);
  });

  test.each([tenYears + 1, "315576001", 2 ** 40, 1e300, "1e999"])(
    "%j, more than ten years, is no expiry that is known, after a refresh too",
    async (value) => {
      expect(await signInWith({ expires_in: value })).toMatchObject({ expiresAt: null, lifetime: null });
      expect((await refreshWith({ expires_in: value })).after).toMatchObject({ expiresAt: null, lifetime: null });
    },
  );

  // https://github.com/decocms/studio/pull/6199
  test.each([0, -1, "0", "-3600", -0.5, 0.5, "-1e999", -1e300])(
    "%j is due at once, and the token is taken to work for a minute",
    async (value) => {
      const credentials = await signInWith({ expires_in: value });
      expect(credentials.lifetime).toBe(0);
      expect(secondsLeft(credentials)).toBe(60);
    },
  );

  test.each([0, -1, "0"])(
    "%j without a refresh token is no expiry, since nothing could be done about it",
    async (value) => {
      const credentials = await signInWith({ expires_in: value, refresh_token: undefined });
      expect(credentials).toMatchObject({ refreshToken: null, expiresAt: null });
    },
  );

  const unreadable = [undefined, null, "", "soon", "12abc", "1h", "NaN", "3,600", {}, [], [3600], true, false].map(
    (value) => [value] as const,
  );
  test.each(unreadable)("%j at a sign-in is no expiry that is known", async (value) => {
    expect(await signInWith({ expires_in: value })).toMatchObject({ expiresAt: null, lifetime: null });
  });

  test.each(unreadable)("%j at a refresh means the lifetime that was known", async (value) => {
    const { after } = await refreshWith({ expires_in: value });
    expect(after.lifetime).toBe(3600);
    expect(secondsLeft(after)).toBe(3600);
  });

  test("what other members say of a time is not taken for it", async () => {
    expect(await signInWith({ expires_in: undefined, expires: 5_184_000, expires_at: 1e12 })).toMatchObject({
      expiresAt: null,
    });
  });
});

describe("an access token", () => {
  test.each(["two words", "line\r\nbreak", "ünicode", "nul\0", "\u200bzero-width", "x".repeat(16_385), ""])(
    "that cannot travel in a header is none: %j",
    async (value) => {
      expect((await refusalOf({ access_token: value })).code).toBe("INVALID_CREDENTIAL");
    },
  );

  test.each([undefined, null, 7, true, {}, ["token"]].map((value) => [value]))("that is %j is none", async (value) => {
    expect((await refusalOf({ access_token: value })).code).toBe("INVALID_CREDENTIAL");
  });

  test("of the greatest length is kept, and white space around one is left out", async () => {
    const token = "x".repeat(16_384);
    expect((await signInWith({ access_token: token })).accessToken.reveal()).toBe(token);
    expect((await signInWith({ access_token: " \tat-1\r\n" })).accessToken.reveal()).toBe("at-1");
  });
});

describe("a refresh token", () => {
  // Google, at times: https://github.com/diegosouzapw/OmniRoute/pull/5214
  const absent = [
    "",
    "  ",
    null,
    undefined,
    7,
    {},
    [],
    false,
    "line\r\nbreak",
    "nul\0",
    "\ud800",
    "x".repeat(16_385),
  ].map((value) => [value] as const);
  test.each(absent)("that is %j is none: the access token is kept, and cannot be refreshed", async (value) => {
    const credentials = await signInWith({ refresh_token: value });
    expect(credentials.accessToken.reveal()).not.toBe("");
    expect(credentials.refreshToken).toBeNull();
  });

  test.each(absent)("that is %j leaves the old one where it was", async (value) => {
    const { before, after } = await refreshWith({ refresh_token: value });
    expect(after.refreshToken!.reveal()).toBe(before.refreshToken!.reveal());
  });

  test.each([
    ["with spaces", "rt with spaces"],
    ["beyond ASCII", "rt-ü"],
    ["of the greatest length", "x".repeat(16_384)],
  ])("%s travels in a body and is kept (RFC 6749, appendix A.17)", async (_name, value) => {
    expect((await signInWith({ refresh_token: value })).refreshToken!.reveal()).toBe(value);
  });

  test("is sent without the white space that was around it", async () => {
    expect((await refreshWith({ refresh_token: "\n rt-1 " })).after.refreshToken!.reveal()).toBe("rt-1");
  });
});

describe("a token type", () => {
  test.each(
    [
      undefined,
      null,
      "",
      "bearer",
      "BEARER",
      " Bearer ",
      // Apigee: https://docs.apigee.com/api-platform/reference/policies/oauthv2-policy#non-rfc-compliant-behavior
      "BearerToken",
      "bearer_token",
      "JWT",
      "user",
      "machine",
      "urn:ietf:params:oauth:token-type:access_token",
      7,
      {},
      ["Bearer"],
    ].map((value) => [value]),
  )("of %j is taken for Bearer", async (value) => {
    expect((await signInWith({ token_type: value })).accessToken.reveal()).not.toBe("");
  });

  test.each(["mac", "MAC", "hmac", "PoP", "dpop", "DPoP", "dpop-of-another-key", "N_A"])(
    "of %s needs a key that this server does not have (RFC 6749, section 7.1)",
    async (value) => {
      const error = await refusalOf({ token_type: value });
      expect(error.code).toBe("INVALID_CREDENTIAL");
      expect((error.cause as Error).message).toContain("token_type");
    },
  );
});

describe("scopes", () => {
  const two = ["user:profile", "user:inference"];
  test.each<[value: unknown, scopes: readonly string[]]>([
    ["user:profile user:inference", two],
    ["  user:profile\tuser:inference ", two],
    // GitHub: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
    ["user:profile,user:inference", two],
    ["user:profile, user:inference", two],
    // https://github.com/authorizerdev/authorizer/issues/318
    [two, two],
    [["user:profile user:inference"], two],
    [["user:profile", 7, null, "user:inference", {}], two],
  ])("%j", async (value, scopes) => {
    expect((await signInWith({ scope: value })).scopes).toEqual(scopes);
  });

  test.each([undefined, null, "", " ", ",", 7, true, {}, [], [7]])(
    "%j means those that were asked for",
    async (value) => {
      const asked = ["org:create_api_key", "user:profile", "user:inference"];
      expect((await signInWith({ scope: value })).scopes).toEqual(asked);
    },
  );

  test("what is no scope is left out", async () => {
    const scope = `user:profile nul\0 "quoted" ${"x".repeat(300)} user:inference`;
    expect((await signInWith({ scope })).scopes).toEqual(two);
  });
});

describe("an ID token that was not asked for is not looked at", () => {
  // https://github.com/panva/oauth4webapi/pull/140
  test.each(["rubbish", "e30.e30.AAAA", "", 7, null, {}])("%j", async (value) => {
    expect((await signInWith({ id_token: value })).account?.id).toBe("account-of-alice");
    expect((await refreshWith({ id_token: value })).after.account?.id).toBe("account-of-alice");
  });
});

describe("one that was asked for is", () => {
  test.each(["rubbish", "e30.e30.AAAA", "", 7, null, undefined, {}])("%j ends the sign-in", async (value) => {
    await using stage = await setStage("google");
    const exchange = await approve(stage.provider);
    stage.server.tokenOverrides = { id_token: value };
    expect((await refusal(stage.provider.exchangeOAuthCode(exchange))).code).toBe("INVALID_CREDENTIAL");
  });
});

describe("an account", () => {
  test.each<[name: string, members: Readonly<Record<string, unknown>>]>([
    ["null", { account: null, organization: null }],
    ["a number", { account: 7, organization: 7 }],
    ["a list", { account: [], organization: [[]] }],
    ["a text", { account: "alice", organization: "" }],
    ["of members that are no texts", { account: { uuid: 7, email_address: {} }, organization: { name: ["x"] } }],
  ])("that is %s is none", async (_name, members) => {
    expect((await signInWith(members)).account).toBeNull();
    const { before, after } = await refreshWith(members);
    expect(after.account).toEqual(before.account);
  });

  test("is kept as far as it has texts of sensible length", async () => {
    const { account } = await signInWith({
      account: { uuid: "account-of-alice", email_address: { not: "a text" } },
      organization: { uuid: "x", name: `nul\0` },
    });
    expect(account).toEqual({ id: "account-of-alice", email: null, organization: null, plan: null });
  });
});

test("an entry of the catalogue that fails at an answer does not cost the tokens", async () => {
  await using server = await startRawServer((request, response) => {
    request.resume().on("end", () => response.end(JSON.stringify({ access_token: "at-1", account: null })));
  });
  const definition = defineProvider({
    name: "careless",
    displayName: "Careless",
    documentationUrl: "https://careless.example",
    baseUrl: "https://careless.example",
    oauth: {
      policy: { standing: "supported", note: "", url: null, asOf: "November 2026" },
      flows: ["loopback"],
      authorizationUrl: `${server.baseUrl}/authorize`,
      tokenUrl: `${server.baseUrl}/token`,
      scopes: ["all"],
      clientAuthentication: "none",
      refreshToken: { rotates: false },
      account: ({ body }) => ({ id: (body["account"] as { readonly id: string }).id }),
    },
  });
  const provider = createProvider(definition, {
    CARELESS_OAUTH_CLIENT_ID: "a client",
    CARELESS_OAUTH_TOKEN_URL: `${server.baseUrl}/token`,
    CARELESS_OAUTH_AUTHORIZATION_URL: `${server.baseUrl}/authorize`,
  });
  const { state, nonce, codeVerifier } = newFlow();
  const code = new Secret("a code");
  const credentials = await provider.exchangeOAuthCode({
    code,
    state,
    nonce,
    codeVerifier,
    issuer: null,
    redirectUri: loopbackUri,
  });
  expect(credentials).toMatchObject({ account: null, scopes: ["all"] });
});

describe("earliest_refresh_at", () => {
  test.each<[value: unknown, at: string | undefined]>([
    [1_793_534_400, "2026-11-01T12:00:00.000Z"],
    ["1793534400", "2026-11-01T12:00:00.000Z"],
    ["2026-11-02T12:00:00Z", "2026-11-02T12:00:00.000Z"],
    [0, "1970-01-01T00:00:00.000Z"],
    // In milliseconds it lies in the year 58,000, which no database column holds.
    [1_793_534_400_000, undefined],
    [1e300, undefined],
    [-1, undefined],
    ["soon", undefined],
    ["5", "1970-01-01T00:00:05.000Z"],
    ["+058804-01-01T00:00:00Z", undefined],
    ["2026-99-99", undefined],
    [{}, undefined],
    [[], undefined],
    [true, undefined],
    [null, undefined],
    ["", undefined],
  ])("%j is %s", async (value, at) => {
    expect((await signInWith({ earliest_refresh_at: value })).earliestRefreshAt?.toISOString()).toBe(at);
  });
});

describe("other members change nothing", () => {
  test.each<[name: string, members: Readonly<Record<string, unknown>>]>([
    ["an error that is null", { error: null, error_description: null }],
    ["an error that is empty", { error: "" }],
    ["an error that is false or 0", { error: false, errcode: 0 }],
    ["half a megabyte of text", { note: "x".repeat(500_000) }],
    ["names that objects have anyway", { constructor: null, toString: 7, claims: 7, expiresIn: "x" }],
    [
      "names that mean something to a program",
      JSON.parse('{"__proto__":{"refresh_token":7},"then":{}}') as Record<string, unknown>,
    ],
  ])("%s", async (_name, members) => {
    const credentials = await signInWith(members);
    expect(credentials.refreshToken).not.toBeNull();
    expect(secondsLeft(credentials)).toBe(3600);
    expect(credentials.account?.id).toBe("account-of-alice");
  });
});

test("nor does a member that is nested so deep that it cannot be written again", async () => {
  await using stage = await setStage("anthropic");
  const list = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  stage.server.tokenForm = (body) => {
    const text = JSON.stringify({ ...body, note: "here" }).replace('"here"', list);
    return { headers: {}, pieces: [Buffer.from(text)] };
  };
  const before = await signIn(stage.provider);
  expect(before.account?.id).toBe("account-of-alice");
  expectOAuth(await stage.provider.refreshCredentials(before));
  stage.server.next("/token", { kind: "status", status: 400, body: `{"error":"invalid_grant","note":${list}}` });
  expect((await refusal(stage.provider.refreshCredentials(before))).code).toBe("INVALID_CREDENTIAL");
});

test("what a refresh leaves out stays as it was", async () => {
  const { before, after } = await refreshWith({
    scope: undefined,
    account: undefined,
    organization: undefined,
    refresh_token: undefined,
    expires_in: undefined,
  });
  const { scopes, account, refreshToken, expiresAt, lifetime } = before;
  expect(after).toMatchObject({ scopes, account, refreshToken, expiresAt, lifetime });
});

test("an answer to a refresh that brings no usable token does not end the grant", async () => {
  await using stage = await setStage("google");
  const credentials = await signIn(stage.provider);
  stage.server.tokenOverrides = { access_token: "two words" };
  expect((await refusal(stage.provider.refreshCredentials(credentials))).code).toBe("PROVIDER_UNAVAILABLE");
  stage.server.tokenOverrides = {};
  expectOAuth(await stage.provider.refreshCredentials(credentials));
});

test.each([
  { error: "invalid_grant", access_token: undefined },
  { error: "invalid_grant", access_token: "" },
  { error: "invalid_grant", access_token: null },
  { error: { code: "invalid_grant" }, access_token: " " },
])("a refusal with status 200 stays a refusal: %j", async (members) => {
  await using stage = await setStage("anthropic");
  const credentials = await signIn(stage.provider);
  stage.server.tokenOverrides = members;
  expect((await refusal(stage.provider.refreshCredentials(credentials))).code).toBe("INVALID_CREDENTIAL");
});
