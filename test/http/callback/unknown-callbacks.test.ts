import { request } from "undici";
import { expect, test } from "vitest";
import { authenticateMutation } from "../../client/operations.ts";
import { startTestApp } from "../../support/test-app.ts";

const environment = {
  // One attempt to connect is allowed from this address, and no provider answers it.
  RATE_LIMITS: "unknown-callback-ip=3/300,authentication-ip=6/300",
  ANTHROPIC_API_BASE_URL: "http://127.0.0.1:1",
};

async function statusOf(baseUrl: string, headers: Record<string, string> = {}): Promise<number> {
  const { statusCode, body } = await request(`${baseUrl}/auth/google/callback?state=nobodys&code=x`, { headers });
  await body.dump();
  return statusCode;
}

test.each([
  ["images", { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" }],
  ["frames", { "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" }],
  ["scripts that fetch", { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "empty" }],
])("callbacks that %s of another page ask for use nothing up", async (_name, headers) => {
  await using server = await startTestApp({ environment });
  for (let count = 0; count < 10; count++) expect(await statusOf(server.baseUrl, headers)).toBe(400);
  expect(await statusOf(server.baseUrl)).toBe(400);
});

test("unknown callbacks are limited by address, and keep nobody there from connecting", async () => {
  await using server = await startTestApp({ environment });
  const navigation = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
  for (let count = 0; count < 3; count++) expect(await statusOf(server.baseUrl, navigation)).toBe(400);
  for (const headers of [navigation, {}]) expect(await statusOf(server.baseUrl, headers)).toBe(429);
  const client = await server.client("alice");
  const input = { provider: "anthropic", credential: { apiKey: "sk-ant-api03-of-nobody" } };
  const { authenticate } = await client.execute(authenticateMutation, { input });
  expect(authenticate.__typename).toBe("ProviderUnavailableError");
});
