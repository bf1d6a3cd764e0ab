import { expect, test } from "vitest";
import { oauthFlowSubscription, providersQuery } from "../client/operations.ts";
import { startTestApp } from "../support/test-app.ts";
import { errorOf, requiredVariables } from "../support/test-config.ts";
import { startSandboxStage } from "./sandbox-stage.ts";

test("the catalogue has it, and what begins with `sandbox-` is a key", async () => {
  await using stage = await startSandboxStage();
  const { providers } = await stage.client.execute(providersQuery);
  expect(providers.at(-1)).toMatchObject({
    name: "sandbox",
    documentationUrl: stage.sandboxUrl,
    methods: [
      { method: "OAUTH", available: true, flows: ["REDIRECT", "LOOPBACK", "DEVICE"], policy: "SUPPORTED" },
      { method: "API_KEY", available: true },
    ],
  });
  expect(await stage.connectKey("sandbox-anything-long")).toBe("ACTIVE");
  expect(await stage.connectKey("something-else-as-long")).toBe("InvalidCredentialError");
});

test("a user allows it, and gets a token for 60 seconds", async () => {
  await using stage = await startSandboxStage();
  const page = await stage.openConsent();
  expect(page.html).toContain("Allow Maestro Auth?");
  expect(page.html).toContain("see your made-up e-mail address");
  expect(page.headers.get("content-security-policy")).toContain("form-action 'self' https://auth.example.test;");
  const { url } = await stage.visitor.submit(page, { decision: "allow" });
  const completed = await stage.complete(url);
  expect(completed).toMatchObject({
    credential: {
      refreshable: true,
      scopes: ["openid", "email", "models:read"],
      account: { email: "you@sandbox.example" },
    },
  });
  if (completed.__typename !== "CompleteOAuthPayload") throw new Error(completed.message);
  const lifetime = Date.parse(String(completed.credential.expiresAt)) - Date.now();
  expect(lifetime).toBeGreaterThan(50_000);
  expect(lifetime).toBeLessThanOrEqual(60_000);
  expect(await stage.validate(completed.credential.id)).toBe("valid");
});

test("each time it asks anew, and Deny is the outcome of the flow", async () => {
  await using stage = await startSandboxStage();
  await stage.connect();
  const { url } = await stage.visitor.submit(await stage.openConsent(), { decision: "deny" });
  expect(await stage.complete(url)).toMatchObject({ code: "OAUTH_DENIED" });
});

test("the denial switch declines one request without asking", async () => {
  await using stage = await startSandboxStage();
  await stage.turn("deny-next=on");
  const flow = await stage.initiate();
  const { url, html } = await stage.visitor.open(flow.authorizationUrl!);
  expect(html).toBeNull();
  expect(await stage.complete(url)).toMatchObject({ code: "OAUTH_DENIED" });
  await using changes = await stage.client.subscribeSse(oauthFlowSubscription, { id: flow.id });
  expect((await changes.next()).data?.oauthFlow.status).toBe("DENIED");
  expect((await stage.openConsent()).html).toContain("Allow Maestro Auth?");
});

test("an outage is the provider's, and ends", async () => {
  await using stage = await startSandboxStage();
  const id = await stage.connect();
  expect((await stage.turn("outage=on")).html).toContain('Outage: <strong class="on">on</strong>');
  const { url } = await stage.visitor.submit(await stage.openConsent(), { decision: "allow" });
  expect(await stage.complete(url)).toMatchObject({ __typename: "ProviderUnavailableError" });
  expect(await stage.connectKey("sandbox-anything-long")).toBe("ProviderUnavailableError");
  expect(await stage.validate(id)).toBe("PROVIDER_UNAVAILABLE");
  await stage.turn("outage=off");
  expect(await stage.validate(id)).toBe("valid");
});

test("revoking all ends the stored sign-ins", async () => {
  await using stage = await startSandboxStage();
  const id = await stage.connect();
  expect((await stage.visitor.open(stage.sandboxUrl)).html).toContain("Sign-ins: <strong>1</strong>");
  expect((await stage.turn("revoke-all")).html).toContain("Sign-ins: <strong>0</strong>");
  expect(await stage.validate(id)).toBe("REAUTHENTICATION_REQUIRED");
});

test("a user enters a code on another device", async () => {
  await using stage = await startSandboxStage();
  const { id, userCode, verificationUri } = await stage.initiate({ kind: "DEVICE" });
  await using changes = await stage.client.subscribeSse(oauthFlowSubscription, { id });
  const { visitor } = stage;
  const confirm = await visitor.submit(await visitor.open(verificationUri!), { user_code: userCode! });
  expect(confirm.html).toContain("Is this the code?");
  const done = await visitor.submit(await visitor.submit(confirm, {}), { decision: "allow" });
  expect(done.html).toContain("Go back to where you began.");
  let status: string | undefined;
  while (status !== "COMPLETED") status = (await changes.next()).data?.oauthFlow.status;
});

test("its pages answer neither other sites nor other names", async () => {
  await using stage = await startSandboxStage();
  const consent = await stage.openConsent();
  const body = new URLSearchParams({ action: "outage=on" });
  for (const headers of [{ origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }, {}]) {
    const response = await fetch(stage.sandboxUrl, { method: "POST", body, headers });
    expect(response.status).toBe(403);
  }
  expect((await stage.visitor.open(stage.sandboxUrl)).html).toContain("Outage: off");
  // Without the cookie of the browser that was asked, there is nothing to answer.
  const answer = { method: "POST", body: new URLSearchParams({ decision: "allow" }) };
  expect((await fetch(consent.url, answer)).status).toBe(400);
  const other = stage.sandboxUrl.replace("127.0.0.1", "localhost");
  expect((await fetch(other)).status).toBe(421);
});

test("it sends nobody to an address that the server does not list", async () => {
  await using stage = await startSandboxStage();
  const url = new URL((await stage.initiate()).authorizationUrl!);
  url.searchParams.set("redirect_uri", "https://auth.example.test/elsewhere");
  const page = await stage.visitor.open(url.href);
  expect(page.status).toBe(400);
  expect(page.html).toContain("This cannot go on");
});

test("it is never there in production", async () => {
  const production = { ...requiredVariables, NODE_ENV: "production", PUBLIC_URL: "https://auth.example.test" };
  const { faults } = errorOf({ ...production, SANDBOX: "true" });
  expect(faults).toMatchObject([{ name: "SANDBOX", example: "false" }]);
  await using server = await startTestApp({ environment: { ...production, HOST: "127.0.0.1" } });
  expect(server.app.sandboxUrl).toBeNull();
  const { providers } = await (await server.client("alice")).execute(providersQuery);
  expect(providers.map(({ name }) => name)).not.toContain("sandbox");
});
