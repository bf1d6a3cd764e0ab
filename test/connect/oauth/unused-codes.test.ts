import { expect, test } from "vitest";
import type { AuthorizationFault } from "../../support/authorization-server/fault.ts";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { startTestApp } from "../../support/test-app.ts";
import { complete, consent, exchangedCodes, publicUrl, readFlow, setOAuthStage } from "./oauth-stage.ts";

const busy = (retryAfter: string | null): AuthorizationFault => ({
  kind: "status",
  status: 429,
  ...(retryAfter === null ? {} : { headers: { "retry-after": retryAfter } }),
});

test.each([null, "0", "1", "2"])(
  "a provider that is busy (429, Retry-After: %s) gets the same code again within the request",
  async (retryAfter) => {
    await using stage = await setOAuthStage("google");
    const client = await stage.client("alice");
    const { answer, flow } = await consent(client, "google");
    stage.vendor.next("/token", busy(retryAfter));
    expect((await complete(client, { code: answer })).__typename).toBe("CompleteOAuthPayload");
    expect(exchangedCodes(stage.vendor)).toEqual([answer.code, answer.code]);
    expect((await readFlow(client, flow.id)).status).toBe("COMPLETED");
  },
);

test.each(["google", "anthropic", "openai"] as const)(
  "%s: one that is busy for longer leaves the flow PENDING, and the same code can be sent again",
  async (kind) => {
    await using stage = await setOAuthStage(kind);
    const client = await stage.client("alice");
    const { answer, flow } = await consent(client, kind);
    stage.vendor.next("/token", busy("30"));
    const refused = await complete(client, { code: answer });
    expect(refused).toMatchObject({ __typename: "ProviderUnavailableError", retryAfter: 30 });
    expect((refused as { message: string }).message).toMatch(/was not used and can be sent again. Try again in 30 s/);
    expect(exchangedCodes(stage.vendor)).toEqual([answer.code]);
    expect(await readFlow(client, flow.id)).toMatchObject({ status: "PENDING", error: null });
    // Nobody else can, and no other code is needed.
    expect((await complete(await stage.client("bob"), { code: answer })).__typename).toBe("OAuthStateError");
    const pasted = `${answer.code}#${answer.state}`;
    const again = kind === "anthropic" ? { pasted } : { code: answer };
    expect((await complete(client, again)).__typename).toBe("CompleteOAuthPayload");
    expect((await complete(client, again)).__typename).toBe("OAuthStateError");
  },
);

test("a provider that stays busy gets a code no more than three times within one request", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  const { answer } = await consent(client, "google");
  for (let times = 0; times < 10; times++) stage.vendor.next("/token", busy("0"));
  expect(await complete(client, { code: answer })).toMatchObject({ __typename: "ProviderUnavailableError" });
  expect(exchangedCodes(stage.vendor)).toHaveLength(3);
});

test("a provider that cannot be reached leaves the flow PENDING, and the code arrives once", async () => {
  await using vendorStage = await setOAuthStage("google");
  const { vendor, database } = vendorStage;
  await using proxy = await FaultProxy.start({ port: Number(new URL(vendor.issuer).port) });
  const environment = {
    PUBLIC_URL: publicUrl,
    ...vendor.environment("google"),
    GOOGLE_OAUTH_TOKEN_URL: proxy.through(`${vendor.issuer}/token`),
  };
  await using server = await startTestApp({ database, environment });
  const client = await server.client("alice");
  const { answer, flow } = await consent(client, "google");
  await proxy.cut();
  const refused = await complete(client, { code: answer });
  expect(refused).toMatchObject({ __typename: "ProviderUnavailableError", retryAfter: 5 });
  expect((await readFlow(client, flow.id)).status).toBe("PENDING");
  await proxy.restore();
  expect((await complete(client, { code: answer })).__typename).toBe("CompleteOAuthPayload");
  expect(exchangedCodes(vendor)).toEqual([answer.code]);
});

test.each([
  ["the answer is lost", "/token", { kind: "lost" }],
  ["a 500 comes", "/token", { kind: "status", status: 500 }],
  ["a 503 comes", "/token", { kind: "status", status: 503, headers: { "retry-after": "1" } }],
] as const)(
  "where %s the code may have been used: it is sent once, and the flow has FAILED",
  async (_name, path, fault) => {
    await using stage = await setOAuthStage("google");
    const client = await stage.client("alice");
    const { answer, flow } = await consent(client, "google");
    stage.vendor.next(path, fault);
    const refused = await complete(client, { code: answer });
    expect(refused.__typename).toBe("ProviderUnavailableError");
    expect(exchangedCodes(stage.vendor)).toEqual([answer.code]);
    expect((await readFlow(client, flow.id)).status).toBe("FAILED");
    expect((await complete(client, { code: answer })).__typename).toBe("OAuthStateError");
  },
);

test("keys that cannot be read are read before the code is used, so it is still good", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  const { answer, flow } = await consent(client, "google");
  for (let times = 0; times < 3; times++) stage.vendor.next("/jwks", busy("0"));
  expect((await complete(client, { code: answer })).__typename).toBe("ProviderUnavailableError");
  expect(exchangedCodes(stage.vendor)).toEqual([]);
  expect((await readFlow(client, flow.id)).status).toBe("PENDING");
  expect((await complete(client, { code: answer })).__typename).toBe("CompleteOAuthPayload");
});
