import { expect, test } from "vitest";
import { Browser } from "../../support/authorization-server/browser.ts";
import { begin, complete, dump, initiate, publicUrl, setOAuthStage } from "./oauth-stage.ts";

test.each([
  "https://evil.example/auth/google/callback",
  `${publicUrl}/auth/google/callback/`,
  `${publicUrl}/auth/google/callback?next=/`,
  `${publicUrl}/auth/google/callback#`,
  `${publicUrl}/auth/google/../google/callback`,
  `${publicUrl.replace("https", "http")}/auth/google/callback`,
  `${publicUrl.toUpperCase()}/auth/google/callback`,
  `${publicUrl}:443/auth/google/callback`,
  `${publicUrl}.evil.example/auth/google/callback`,
  `https://user@app.example.test/auth/google/callback`,
  "http://127.0.0.1:8080/another/callback",
  "http://127.0.0.1.evil.example/auth/callback",
  "http://127.0.0.1:99999/auth/callback",
  "http://127.0.0.1@evil.example/auth/callback",
  "javascript:alert(1)",
])("the redirect URI %s is not on the list: no flow begins", async (redirectUri) => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  for (const kind of ["REDIRECT", "LOOPBACK"] as const) {
    expect(await initiate(client, { provider: "google", kind, redirectUri })).toMatchObject({
      __typename: "RedirectUriNotAllowedError",
      message: expect.stringContaining("OAUTH_REDIRECT_URIS"),
    });
  }
  expect(await dump(stage.database, "oauth_flows")).toEqual([]);
  expect(stage.vendor.requests).toEqual([]);
});

test.each([
  "http://127.0.0.1/auth/callback",
  "http://127.0.0.1:1/auth/callback",
  "http://127.0.0.1:65535/auth/callback",
])(
  "a loopback redirect URI is allowed with any port (RFC 8252, section 7.3): %s, and a pasted URL completes it",
  async (redirectUri) => {
    await using stage = await setOAuthStage("openai");
    const client = await stage.client("alice");
    const flow = await begin(client, "openai", { redirectUri });
    expect(flow).toMatchObject({ kind: "LOOPBACK", redirectUri });
    const callback = await new Browser().authorize(flow.authorizationUrl!);
    expect(callback.href.startsWith(redirectUri)).toBe(true);
    const result = await complete(client, { pasted: callback.href });
    expect(result.__typename).toBe("CompleteOAuthPayload");
    expect(stage.vendor.requests.at(-1)!.body["redirect_uri"] ?? redirectUri).toBe(redirectUri);
  },
);

test("a list of the operator's own replaces the usual one", async () => {
  const own = "https://app.example.test/callback";
  await using stage = await setOAuthStage("google", { environment: { OAUTH_REDIRECT_URIS: own } });
  const client = await stage.client("alice");
  expect(await begin(client, "google", { redirectUri: own })).toMatchObject({ redirectUri: own });
  const usual = await initiate(client, { provider: "google", redirectUri: `${publicUrl}/auth/google/callback` });
  expect(usual.__typename).toBe("RedirectUriNotAllowedError");
  expect(await initiate(client, { provider: "google", kind: "LOOPBACK" })).toMatchObject({
    __typename: "MethodUnavailableError",
    availableMethods: ["OAUTH", "API_KEY"],
  });
});

test("a provider whose client the operator has not registered is unavailable, and says what works instead", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  for (const provider of ["anthropic", "openai"]) {
    expect(await initiate(client, { provider })).toMatchObject({
      __typename: "MethodUnavailableError",
      message: expect.stringContaining(`${provider.toUpperCase()}_OAUTH_CLIENT_ID`),
      availableMethods: ["API_KEY"],
    });
  }
  expect(await dump(stage.database, "oauth_flows")).toEqual([]);
});

test.each([
  ["google", "PASTE"],
  ["google", "DEVICE"],
  ["anthropic", "REDIRECT"],
  ["anthropic", "DEVICE"],
  ["openai", "PASTE"],
] as const)("%s has no %s flow, and says which it has", async (kind, flow) => {
  await using stage = await setOAuthStage(kind);
  const refusal = await initiate(await stage.client("alice"), { provider: kind, kind: flow });
  expect(refusal).toMatchObject({
    __typename: "MethodUnavailableError",
    message: expect.stringMatching(/It has: [A-Z, ]+\.$/),
    availableMethods: ["OAUTH", "API_KEY"],
  });
  expect(await dump(stage.database, "oauth_flows")).toEqual([]);
});

test("an unknown provider, a scope that is none and a label too long begin nothing", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  expect((await initiate(client, { provider: "nonesuch" })).__typename).toBe("ProviderNotFoundError");
  for (const input of [{ scopes: ["two words"] }, { label: "x".repeat(81) }, { redirectUri: "" }]) {
    expect((await initiate(client, { provider: "google", ...input })).__typename).toBe("ValidationError");
  }
  expect(await dump(stage.database, "oauth_flows")).toEqual([]);
});

test.each([
  ["google", "/.well-known/openid-configuration", {}],
  ["openai", "/api/accounts/deviceauth/usercode", { kind: "DEVICE" }],
] as const)("%s: a provider that is down begins nothing, and the next try can succeed", async (kind, path, input) => {
  await using stage = await setOAuthStage(kind);
  const client = await stage.client("alice");
  stage.vendor.next(path, { kind: "status", status: 503 });
  const refusal = await initiate(client, { provider: kind, ...input });
  expect(refusal.__typename).toBe("ProviderUnavailableError");
  expect(await dump(stage.database, "oauth_flows")).toEqual([]);
  expect((await begin(client, kind, input)).status).toBe("PENDING");
});

test("an empty list of scopes asks for the usual ones", async () => {
  await using stage = await setOAuthStage("anthropic");
  const { authorizationUrl } = await begin(await stage.client("alice"), "anthropic", { scopes: [] });
  expect(new URL(authorizationUrl!).searchParams.get("scope")).toBe("org:create_api_key user:profile user:inference");
});

test("scopes that are asked for stand in the authorization URL, with `openid` where ID tokens come", async () => {
  await using stage = await setOAuthStage("google");
  const scopes = ["https://www.googleapis.com/auth/cloud-platform"];
  const { authorizationUrl } = await begin(await stage.client("alice"), "google", { scopes });
  expect(new URL(authorizationUrl!).searchParams.get("scope")).toBe(`openid ${scopes[0]}`);
});
