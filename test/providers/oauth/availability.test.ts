import { expect, test } from "vitest";
import { ConfigError, loadConfig } from "../../../src/config/config.ts";
import { MethodUnavailableError } from "../../../src/errors/auth-error.ts";
import { Secret } from "../../../src/lib/secret.ts";
import type { OAuthCredentials } from "../../../src/providers/provider-auth.ts";
import { defineProvider } from "../../../src/providers/provider.ts";
import { startMockProvider } from "../../support/mock-provider.ts";
import { testEnvironment } from "../../support/test-app.ts";
import { catalogEntry, createProvider, newFlow, refusal } from "./sign-in.ts";

const credentials: OAuthCredentials = {
  method: "oauth",
  accessToken: new Secret("an access token"),
  refreshToken: new Secret("a refresh token"),
  expiresAt: null,
  scopes: [],
  account: null,
};

test.each([
  ["anthropic", ["paste", "loopback"], "prohibited"],
  ["openai", ["loopback", "device"], "operator_only"],
  ["google", ["redirect", "loopback"], "supported"],
] as const)("%s lists OAuth with its flows and what the terms say", async (name, flows, policy) => {
  const prefix = `${name.toUpperCase()}_OAUTH`;
  const environment = { [`${prefix}_CLIENT_ID`]: "client", [`${prefix}_CLIENT_SECRET`]: "secret" };
  const [oauth, apiKey] = createProvider(await catalogEntry(name), environment).getAvailableMethods();
  expect(oauth).toMatchObject({ method: "oauth", available: true, unavailableReason: null, flows, policy });
  expect(oauth!.policyNote).toContain("November 2026");
  expect(oauth!.policyUrl).toMatch(/^https:/);
  expect(apiKey).toMatchObject({ method: "api_key", available: true });
});

test.each([
  ["anthropic", {}, ["ANTHROPIC_OAUTH_CLIENT_ID"]],
  ["google", {}, ["GOOGLE_OAUTH_CLIENT_ID", "GOOGLE_OAUTH_CLIENT_SECRET"]],
  ["google", { GOOGLE_OAUTH_CLIENT_ID: "client" }, ["GOOGLE_OAUTH_CLIENT_SECRET"]],
])("%s with %o: the reason names what the operator has to set", async (name, environment, variables) => {
  const provider = createProvider(await catalogEntry(name), environment);
  const [oauth] = provider.getAvailableMethods();
  expect(oauth!.available).toBe(false);
  for (const variable of variables) expect(oauth!.unavailableReason).toContain(variable);
  for (const call of [provider.initiateOAuthFlow(newFlow()), provider.refreshCredentials(credentials)]) {
    const error = await refusal(call);
    expect(error).toBeInstanceOf(MethodUnavailableError);
    expect(error).toMatchObject({ availableMethods: ["api_key"] });
    expect(error.message).toContain(variables[0]);
  }
  expect(await provider.revokeCredentials(credentials)).toBe(false);
});

test("a flow that a provider does not have is refused with those that it has", async () => {
  const provider = createProvider(await catalogEntry("anthropic"), { ANTHROPIC_OAUTH_CLIENT_ID: "client" });
  const error = await refusal(provider.initiateOAuthFlow(newFlow("device")));
  expect(error).toMatchObject({ code: "METHOD_UNAVAILABLE", availableMethods: ["oauth", "api_key"] });
  expect(error.message).toContain("PASTE, LOOPBACK");
  expect((await refusal(provider.pollDeviceFlow(new Secret("x"), new Secret("y")))).code).toBe("METHOD_UNAVAILABLE");
});

test("with an issuer of the operator's, the vendor's own endpoints are not mixed with it", async () => {
  const environment = { OPENAI_OAUTH_CLIENT_ID: "client", OPENAI_OAUTH_ISSUER: "https://login.example.com" };
  const [oauth] = createProvider(await catalogEntry("openai"), environment).getAvailableMethods();
  expect(oauth!.flows).toEqual(["loopback"]);
});

test("a provider with API keys only has no OAuth", async () => {
  const keysOnly = defineProvider({
    name: "keys-only",
    displayName: "Keys only",
    documentationUrl: "https://keys.example",
    baseUrl: "https://api.keys.example",
    apiKey: { headers: (key) => ({ authorization: `Bearer ${key}` }), probe: "/models" },
  });
  const provider = createProvider(keysOnly, {});
  expect(provider.getAvailableMethods().map(({ method }) => method)).toEqual(["api_key"]);
  expect(await refusal(provider.initiateOAuthFlow(newFlow()))).toMatchObject({ availableMethods: ["api_key"] });
  expect(await provider.revokeCredentials({ method: "api_key", apiKey: new Secret("key") })).toBeNull();
});

test("where no revocation endpoint is known, revoking says so", async () => {
  const minimal = defineProvider({
    name: "minimal",
    displayName: "Minimal",
    documentationUrl: "https://minimal.example",
    baseUrl: "https://api.minimal.example",
    oauth: {
      policy: { standing: "supported", note: "It is made up.", url: null, asOf: "November 2026" },
      flows: ["loopback"],
      authorizationUrl: "https://minimal.example/auth",
      tokenUrl: "https://minimal.example/token",
      scopes: ["all"],
      clientAuthentication: "none",
      refreshToken: { rotates: true },
    },
  });
  const provider = createProvider(minimal, { MINIMAL_OAUTH_CLIENT_ID: "client" });
  expect(await provider.revokeCredentials(credentials)).toBeNull();
  const apiKey = provider.authenticate({ method: "api_key", apiKey: new Secret("key") });
  expect(await refusal(apiKey)).toMatchObject({ code: "METHOD_UNAVAILABLE", availableMethods: ["oauth"] });
});

test("credentials are validated by a cheap call with the access token", async () => {
  await using api = await startMockProvider("openai", { key: credentials.accessToken.reveal().replaceAll(" ", "-") });
  const accessToken = new Secret(api.key);
  const provider = createProvider(await catalogEntry("openai"), { OPENAI_API_BASE_URL: api.baseUrl });
  expect(await provider.validateCredentials({ ...credentials, accessToken })).toMatchObject({ method: "oauth" });
  api.validKeys.clear();
  const error = await refusal(provider.validateCredentials({ ...credentials, accessToken }));
  expect(error.code).toBe("INVALID_CREDENTIAL");
  api.next({ kind: "status", status: 503 });
  expect((await refusal(provider.validateCredentials({ ...credentials, accessToken }))).code).toBe(
    "PROVIDER_UNAVAILABLE",
  );
});

test.each([
  ["OPENAI_OAUTH_TOKEN_URL", "http://login.example.com/token"],
  ["OPENAI_OAUTH_ISSUER", "login.example.com"],
  ["OPENAI_OAUTH_DEVICE_URL", "https://user:password@login.example.com/"],
  ["OPENAI_OAUTH_REVOCATION_URL", "https://login.example.com/#fragment"],
])("%s=%s is a fault of the configuration", async (name, value) => {
  const catalog = [await catalogEntry("openai")];
  const load = () => loadConfig(catalog, { ...testEnvironment, [name]: value });
  expect(load).toThrow(ConfigError);
  expect(load).toThrow(name);
});

test("no client of anybody's is built in", async () => {
  const catalog = [await catalogEntry("openai"), await catalogEntry("anthropic"), await catalogEntry("google")];
  const { providers } = loadConfig(catalog, testEnvironment);
  for (const { oauth } of providers.values()) {
    expect(oauth.clientId).toBeNull();
    expect(oauth.clientSecret).toBeNull();
  }
});
