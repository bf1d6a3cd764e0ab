import { expect, test } from "vitest";
import { audience, IdentityProvider, issuer } from "../callers/identity-provider.ts";
import { authenticateMutation, viewerQuery } from "../client/operations.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp, type TestApp } from "../support/test-app.ts";
import { createServerDatabase } from "../support/test-database.ts";

type Line = Readonly<Record<string, unknown>>;

const linesOf = ({ logs }: TestApp, event: string): Line[] =>
  logs.map((line) => JSON.parse(line) as Line).filter((line) => line["event"] === event);

const databaseUrl = await createServerDatabase();

test.runIf(databaseUrl !== null)(
  "a database that is lost is told once with cause and cure, and so is its return",
  async () => {
    await using proxy = await FaultProxy.start({ port: Number(new URL(databaseUrl!).port || 5432) });
    await using server = await startTestApp({ environment: { DATABASE_URL: proxy.through(databaseUrl!) } });
    await proxy.cut();
    const lost = () => linesOf(server, "database.lost");
    await expect.poll(() => lost().length, { timeout: 60_000 }).toBe(1);
    expect(lost()).toMatchObject([
      {
        level: "error",
        reason: expect.stringMatching(/^PostgreSQL/),
        cure: expect.any(String),
        code: expect.any(String),
      },
    ]);
    await proxy.restore();
    await expect.poll(() => linesOf(server, "database.regained").length, { timeout: 60_000 }).toBe(1);
    expect(lost()).toHaveLength(1);
  },
);

test("an identity provider whose keys cannot be read is told with its address and no more, and so is its return", async () => {
  await using provider = await IdentityProvider.start();
  const key = await provider.createKey("ES256", "1");
  provider.publish(key);
  const time = { ahead: 0 };
  const url = new URL(`${provider.server.baseUrl}/jwks.json?key=a-secret-of-the-operator`);
  await using proxy = await FaultProxy.start({ port: Number(url.port) });
  url.port = new URL(proxy.through(provider.server.baseUrl)).port;
  await using server = await startTestApp({
    clock: { now: () => new Date(Date.now() + time.ahead) },
    environment: { AUTH_JWT_SECRET: "", AUTH_JWKS_URL: url.href, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience },
  });
  const send = async () => {
    const token = await provider.sign(key, { scope: "credentials:read" });
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const body = JSON.stringify({ query: viewerQuery.toString() });
    return (await fetch(`${server.baseUrl}/graphql`, { method: "POST", headers, body })).status;
  };
  await proxy.cut();
  expect(await send()).toBe(503);
  expect(await send()).toBe(503);
  expect(linesOf(server, "identity_provider.lost")).toMatchObject([
    { level: "warn", address: url.host, reason: "It could not be reached.", code: expect.stringMatching(/^E|^UND/) },
  ]);
  await proxy.restore();
  time.ahead += 30_000;
  expect(await send()).toBe(200);
  expect(linesOf(server, "identity_provider.regained")).toMatchObject([{ address: url.host }]);
  expect(linesOf(server, "caller.refused")).toEqual([]);
  expect(server.logs.join("")).not.toContain("a-secret-of-the-operator");
});

test("a refused caller is told with the reason and the address, and nothing of the token", async () => {
  await using server = await startTestApp();
  const send = async (authorization: string) => {
    const headers = { authorization, "content-type": "application/json" };
    await fetch(`${server.baseUrl}/graphql`, { method: "POST", headers, body: "{}" });
  };
  await send(`Bearer ${await server.token("alice", { lifetime: -60 })}`);
  await send("Bearer no-token-at-all");
  expect(linesOf(server, "caller.refused")).toMatchObject([
    { level: "info", code: "UNAUTHENTICATED", reason: "The token has expired. Get a new one.", ip: "127.0.0.1" },
    { level: "info", code: "UNAUTHENTICATED", reason: "This server does not accept the token." },
  ]);
  expect(server.logs.join("")).not.toContain("no-token-at-all");
});

test("what a provider refuses is told with the vendor's codes, and one that does not answer with the reason", async () => {
  await using provider = await startMockProvider("anthropic");
  await using server = await startTestApp({ environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl } });
  const client = await server.client("alice");
  const connect = (apiKey: string) =>
    client.execute(authenticateMutation, { input: { provider: "anthropic", credential: { apiKey } } });
  await connect("sk-ant-api03-unknown");
  provider.next({ kind: "reset" });
  await connect(provider.key);
  const call = { provider: "anthropic", operation: "check" };
  expect(linesOf(server, "provider.refused")).toMatchObject([{ ...call, vendorCodes: ["authentication_error"] }]);
  expect(linesOf(server, "provider.failed")).toMatchObject([
    { ...call, level: "warn", vendorCode: null, reason: expect.stringContaining("could not be reached") },
  ]);
});
