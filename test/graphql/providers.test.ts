import { expect, test } from "vitest";
import { authenticateMutation, nodeQuery, providersQuery } from "../client/operations.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp } from "../support/test-app.ts";

test("the catalogue shows what can be connected, and how each provider answered so far", async () => {
  await using provider = await startMockProvider("anthropic");
  await using server = await startTestApp({ environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl } });
  const client = await server.client("alice");
  const read = async () => (await client.execute(providersQuery)).providers;

  const before = await read();
  expect(before.map(({ name }) => name)).toEqual(["anthropic", "google", "openai"]);
  for (const { health, methods } of before) {
    expect(health).toEqual({ status: "UNKNOWN", since: null, lastCheckedAt: null });
    expect(methods).toContainEqual(expect.objectContaining({ method: "API_KEY", available: true, flows: [] }));
  }
  for (const { id } of before) expect(await client.execute(nodeQuery, { id })).toMatchObject({ node: { id } });

  const input = { provider: "anthropic", credential: { apiKey: provider.key } };
  await client.execute(authenticateMutation, { input });
  expect((await read())[0]?.health.status).toBe("HEALTHY");
  provider.always({ kind: "status", status: 503 });
  await client.execute(authenticateMutation, { input });
  expect((await read())[0]?.health.status).toBe("DEGRADED");
  expect((await read())[1]?.health.status).toBe("UNKNOWN");
});
