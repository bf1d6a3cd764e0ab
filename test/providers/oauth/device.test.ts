import { describe, expect, test } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import { defineProvider } from "../../../src/providers/provider.ts";
import { type AuthorizationServer, startAuthorizationServer } from "../../support/authorization-server.ts";
import { Browser } from "../../support/authorization-server/browser.ts";
import { createProvider, expectOAuth, newFlow, refusal, setStage } from "./sign-in.ts";

const verifier = new Secret("unused");

const standard = defineProvider({
  name: "standard",
  displayName: "Standard",
  documentationUrl: "https://standard.example",
  baseUrl: "https://api.standard.example",
  oauth: {
    policy: { standing: "supported", note: "It is made up.", url: null, asOf: "November 2026" },
    flows: ["device"],
    issuer: "https://standard.example",
    discovery: true,
    device: { kind: "rfc8628" },
    scopes: ["openid", "email"],
    clientAuthentication: "none",
    refreshToken: { rotates: true },
  },
});

async function standardStage() {
  // A server whose dialect changes nothing but the names of its errors.
  const server = await startAuthorizationServer("openai");
  const provider = createProvider(standard, {
    STANDARD_OAUTH_CLIENT_ID: server.clientId,
    STANDARD_OAUTH_ISSUER: server.issuer,
  });
  return { server, provider, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const stages = { "RFC 8628": standardStage, "a code behind the device endpoint": () => setStage("openai") };

describe.each(Object.entries(stages))("%s", (_name, open) => {
  test("the user enters the code, and the next poll brings tokens", async () => {
    await using stage = await open();
    const { authorizationUrl, device } = await stage.provider.initiateOAuthFlow(newFlow("device"));
    expect(authorizationUrl).toBeNull();
    expect(device).toMatchObject({ interval: 5, userCode: expect.any(String) });
    expect(device!.expiresIn).toBeGreaterThan(60);
    const poll = () => stage.provider.pollDeviceFlow(device!.deviceCode, verifier);
    expect(await poll()).toEqual({ status: "pending", slowDown: false });

    const page = await new Browser().enterUserCode(device!.verificationUri, device!.userCode);
    expect(page).toContain("You may close this page.");
    const answer = await poll();
    if (answer.status !== "authorized") throw new Error("still pending");
    expect(answer.credentials.refreshToken).not.toBeNull();
    expectOAuth(await stage.provider.refreshCredentials(answer.credentials));
  });

  test.each([
    [{ kind: "status", status: 500 } as const, null],
    [{ kind: "status", status: 429, headers: { "retry-after": "9" } } as const, 9],
    [{ kind: "html" } as const, null],
    [{ kind: "reset" } as const, null],
  ])("a poll that ends in %o says nothing about the user", async (fault, retryAfter) => {
    await using stage = await open();
    const { device } = await stage.provider.initiateOAuthFlow(newFlow("device"));
    stage.server.next(pollPath(stage.server), fault);
    const error = await refusal(stage.provider.pollDeviceFlow(device!.deviceCode, verifier));
    expect(error).toMatchObject({ code: "PROVIDER_UNAVAILABLE", retryAfter });
    expect(await stage.provider.pollDeviceFlow(device!.deviceCode, verifier)).toMatchObject({ status: "pending" });
  });
});

function pollPath({ requests }: AuthorizationServer): string {
  return requests.at(-1)!.path.endsWith("/usercode") ? "/api/accounts/deviceauth/token" : "/token";
}

test.each([
  ["slow_down", { status: "pending", slowDown: true }],
  ["authorization_pending", { status: "pending", slowDown: false }],
])("RFC 8628, section 3.5: %s", async (error, answer) => {
  await using stage = await standardStage();
  const { device } = await stage.provider.initiateOAuthFlow(newFlow("device"));
  stage.server.next("/token", { kind: "status", status: 400, body: { error } });
  expect(await stage.provider.pollDeviceFlow(device!.deviceCode, verifier)).toEqual(answer);
});

test.each([
  ["access_denied", "OAUTH_DENIED"],
  ["expired_token", "OAUTH_STATE_INVALID"],
  ["invalid_grant", "INVALID_CREDENTIAL"],
  ["invalid_client", "PROVIDER_UNAVAILABLE"],
])("RFC 8628, section 3.5: %s ends the flow as %s", async (error, code) => {
  await using stage = await standardStage();
  const { device } = await stage.provider.initiateOAuthFlow(newFlow("device"));
  stage.server.next("/token", { kind: "status", status: 400, body: { error } });
  expect((await refusal(stage.provider.pollDeviceFlow(device!.deviceCode, verifier))).code).toBe(code);
});

test("a device endpoint that does not answer as it should starts nothing", async () => {
  await using stage = await setStage("openai");
  stage.server.next("/api/accounts/deviceauth/usercode", { kind: "status", status: 200, body: { user_code: "" } });
  expect((await refusal(stage.provider.initiateOAuthFlow(newFlow("device")))).code).toBe("PROVIDER_UNAVAILABLE");
  stage.server.next("/api/accounts/deviceauth/usercode", { kind: "status", status: 404, body: { error: "no" } });
  expect((await refusal(stage.provider.initiateOAuthFlow(newFlow("device")))).code).toBe("PROVIDER_UNAVAILABLE");
});
