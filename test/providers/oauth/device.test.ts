import { describe, expect, test } from "vitest";
import { Secret } from "../../../src/lib/secret.ts";
import { standard } from "../../connect/oauth/standard-provider.ts";
import { type AuthorizationServer, startAuthorizationServer } from "../../support/authorization-server.ts";
import { Browser } from "../../support/authorization-server/browser.ts";
import { createProvider, expectOAuth, newFlow, refusal, setStage } from "./sign-in.ts";

const verifier = new Secret("unused");

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
  ["unsupported_grant_type", "PROVIDER_UNAVAILABLE"],
  ["some_code_of_the_vendor", "PROVIDER_UNAVAILABLE"],
])("RFC 8628, section 3.5: %s ends the flow as %s", async (error, code) => {
  await using stage = await standardStage();
  const { device } = await stage.provider.initiateOAuthFlow(newFlow("device"));
  stage.server.next("/token", { kind: "status", status: 400, body: { error } });
  const refused = await refusal(stage.provider.pollDeviceFlow(device!.deviceCode, verifier));
  // By the vendor's code the poller tells a refusal from an answer that says nothing.
  expect([refused.code, refused.vendorCode]).toEqual([code, code === "PROVIDER_UNAVAILABLE" ? error : null]);
});

/** What the device endpoints answer a start with, beside what is tried. */
const starts = {
  "RFC 8628": [
    standardStage,
    "/device/auth",
    { device_code: "d", user_code: "ABCD-EFGH", verification_uri: "https://as.example/device", expires_in: 600 },
  ],
  "a code behind the device endpoint": [
    () => setStage("openai"),
    "/api/accounts/deviceauth/usercode",
    { device_auth_id: "d", user_code: "ABCD-EFGH" },
  ],
} as const;

describe.each(Object.entries(starts))("a start by %s", (_name, [open, path, usual]) => {
  const start = async (changes: object) => {
    await using stage = await open();
    stage.server.next(path, { kind: "status", status: 200, body: { ...usual, ...changes } });
    return (await stage.provider.initiateOAuthFlow(newFlow("device"))).device!;
  };

  test.each([
    ["5", 5],
    ["12", 12],
    [7, 7],
    [undefined, 5],
    [null, 5],
    ["", 5],
    ["soon", 5],
    [{}, 5],
    [true, 5],
    [0, 1],
    ["0", 1],
    [-3, 1],
    [0.5, 1],
    [2.2, 3],
    ["2.5", 3],
    [1e9, 60],
    ["99999999999999999999", 60],
  ])("with the interval %j asks every %i seconds: 5 by default, 1 at least", async (interval, expected) => {
    expect((await start({ interval })).interval).toBe(expected);
  });

  test.each([
    [{ expires_in: 3 }, 3],
    [{ expires_in: "120" }, 120],
    [{ expires_in: 30, expires_at: "2099-01-01T00:00:00Z" }, 30],
    [{ expires_in: 7_200 }, 7_200],
    [{ expires_in: 1e12 }, 86_400],
  ])("with %j ends when the answer says so", async (changes, expected) => {
    expect((await start(changes)).expiresIn).toBe(expected);
  });

  test.each([
    ["a date", (at: number) => new Date(at).toISOString()],
    ["seconds", (at: number) => Math.floor(at / 1000)],
    ["milliseconds", (at: number) => at],
    ["seconds in digits", (at: number) => String(Math.floor(at / 1000))],
  ])("ends at the instant of `expires_at`, as %s, where it names no lifetime", async (_form, write) => {
    const { expiresIn } = await start({ expires_in: undefined, expires_at: write(Date.now() + 50_000) });
    expect(expiresIn).toBeGreaterThan(20);
    expect(expiresIn).toBeLessThanOrEqual(50);
  });

  test.each([undefined, null, 0, -5, "soon", []])("with the lifetime %j ends as usual", async (lifetime) => {
    const { expiresIn } = await start({ expires_in: lifetime, expires_at: lifetime });
    expect([600, 900]).toContain(expiresIn);
  });

  test.each([
    [404, ""],
    [404, { detail: "Not Found" }],
    [404, "<!doctype html><title>404: This page could not be found.</title>"],
    [403, ""],
    [403, { error: { code: "device_authorization_disabled", message: "Enable device code authorization." } }],
    [400, { error: "device_flow_disabled" }],
    [400, { error: "unauthorized_client" }],
    [403, { error: "unauthorized_client" }],
  ])("that is refused by %i and %j says that it must be switched on, and where", async (status, body) => {
    await using stage = await open();
    stage.server.next(path, { kind: "status", status, body });
    const refused = await refusal(stage.provider.initiateOAuthFlow(newFlow("device")));
    expect(refused).toMatchObject({ code: "METHOD_UNAVAILABLE", vendorCode: expect.any(String) });
    expect(refused.message).toMatch(
      /does not offer the DEVICE flow to this client or account\. (In ChatGPT|See the client)/,
    );
  });

  test.each([
    [403, "<!doctype html><title>Just a moment...</title>"],
    [403, { error: { code: "unsupported_country_region_territory", message: "Not here." } }],
    [500, ""],
    [503, { error: "temporarily_unavailable" }],
    [429, { error: "device_flow_disabled" }],
    [200, "no JSON"],
  ])("that ends in %i and %j says nothing of a switch", async (status, body) => {
    await using stage = await open();
    stage.server.next(path, { kind: "status", status, body });
    expect((await refusal(stage.provider.initiateOAuthFlow(newFlow("device")))).code).toBe("PROVIDER_UNAVAILABLE");
  });

  test.each(["invalid_client", "invalid_scope", "invalid_request"])(
    "that is refused by %s blames the operator's client",
    async (error) => {
      await using stage = await open();
      stage.server.next(path, { kind: "status", status: 400, body: { error } });
      const refused = await refusal(stage.provider.initiateOAuthFlow(newFlow("device")));
      expect(refused).toMatchObject({ code: "PROVIDER_UNAVAILABLE", vendorCode: error });
      expect(refused.message).toMatch(/_OAUTH_CLIENT_ID/);
    },
  );
});

test("Google's name of the address is understood", async () => {
  await using stage = await standardStage();
  const [, , usual] = starts["RFC 8628"];
  const body = { ...usual, verification_uri: undefined, verification_url: "https://www.google.com/device" };
  stage.server.next("/device/auth", { kind: "status", status: 200, body });
  const { device } = await stage.provider.initiateOAuthFlow(newFlow("device"));
  expect(device!.verificationUri).toBe("https://www.google.com/device");
});

describe("polls of the flow that hands out a code", () => {
  const path = "/api/accounts/deviceauth/token";
  const poll = async (status: number, body: unknown) => {
    await using stage = await setStage("openai");
    const { device } = await stage.provider.initiateOAuthFlow(newFlow("device"));
    stage.server.next(path, { kind: "status", status, body });
    return await stage.provider.pollDeviceFlow(device!.deviceCode, verifier);
  };

  test.each([
    [403, "", false],
    [404, "", false],
    [403, {}, false],
    [403, { error: { code: "deviceauth_authorization_pending", type: "invalid_request_error" } }, false],
    [403, { error: { code: "deviceauth_authorization_unknown", message: "Device authorization is unknown." } }, false],
    [400, { error: "authorization_pending" }, false],
    [403, { error: "slow_down" }, true],
    [400, { error: { code: "deviceauth_slow_down" } }, true],
  ])("%i %j says that the user has not decided", async (status, body, slowDown) => {
    expect(await poll(status, body)).toEqual({ status: "pending", slowDown });
  });

  test.each([
    [403, { error: { message: "The code has expired.", code: null } }, "OAUTH_STATE_INVALID"],
    [403, { error: "code has expired" }, "OAUTH_STATE_INVALID"],
    [403, "code has expired", "OAUTH_STATE_INVALID"],
    [403, { detail: "Code expired" }, "OAUTH_STATE_INVALID"],
    [404, { error: { code: "deviceauth_expired" } }, "OAUTH_STATE_INVALID"],
    [400, { error: "expired_token" }, "OAUTH_STATE_INVALID"],
    [403, { error: { code: "deviceauth_access_denied" } }, "OAUTH_DENIED"],
    [400, { error: "access_denied" }, "OAUTH_DENIED"],
    [403, { error: { code: "deviceauth_workspace_refused" } }, "INVALID_CREDENTIAL"],
    [400, "", "INVALID_CREDENTIAL"],
    [410, "", "INVALID_CREDENTIAL"],
  ])("%i %j ends the flow as %s", async (status, body, code) => {
    expect((await refusal(poll(status, body))).code).toBe(code);
  });

  test("401 invalid_client ends the flow and blames the operator's client", async () => {
    const refused = await refusal(poll(401, { error: { code: "invalid_client" } }));
    expect(refused).toMatchObject({ code: "PROVIDER_UNAVAILABLE", vendorCode: "invalid_client" });
  });

  test.each([
    [403, "<!doctype html><title>Attention Required!</title>"],
    [429, { error: "rate_limited" }],
    [500, { error: { code: "deviceauth_expired" } }],
    [408, ""],
  ])("%i %j says nothing", async (status, body) => {
    expect(await refusal(poll(status, body))).toMatchObject({ code: "PROVIDER_UNAVAILABLE", vendorCode: null });
  });

  test.each([
    ["a limit of requests leaves the code for the next poll", { kind: "status", status: 429 } as const, null],
    ["a code that may have been used is not sent again", { kind: "lost" } as const, "INVALID_CREDENTIAL"],
    [
      "a code that may have been used is not sent again after a 500",
      { kind: "status", status: 500 } as const,
      "INVALID_CREDENTIAL",
    ],
  ])("%s", async (_name, fault, code) => {
    await using stage = await setStage("openai");
    const { device } = await stage.provider.initiateOAuthFlow(newFlow("device"));
    await new Browser().enterUserCode(device!.verificationUri, device!.userCode);
    stage.server.next("/token", fault);
    const refused = await refusal(stage.provider.pollDeviceFlow(device!.deviceCode, verifier));
    expect(refused.code).toBe(code ?? "PROVIDER_UNAVAILABLE");
    if (code !== null) return;
    expect(await stage.provider.pollDeviceFlow(device!.deviceCode, verifier)).toMatchObject({ status: "authorized" });
  });
});

test("a device endpoint that does not answer as it should starts nothing", async () => {
  await using stage = await setStage("openai");
  stage.server.next("/api/accounts/deviceauth/usercode", { kind: "status", status: 200, body: { user_code: "" } });
  expect((await refusal(stage.provider.initiateOAuthFlow(newFlow("device")))).code).toBe("PROVIDER_UNAVAILABLE");
});
