import { expect, test } from "vitest";
import { parseImportLine } from "../../src/cli/commands/import/import-line.ts";
import { authenticateMutation, importCredentialMutation } from "../client/operations.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp } from "../support/test-app.ts";
import { setOAuthStage } from "./oauth/oauth-stage.ts";

const wrappings: [string, (key: string) => string][] = [
  ["Bearer", (key) => `Bearer ${key}`],
  ["quotes", (key) => `"${key}"`],
  ["a variable", (key) => `export SOME_API_KEY="${key}"`],
  ["a header", (key) => `x-api-key: ${key}`],
  ["zero-width characters", (key) => `\u200b${key.slice(0, 9)}\u200d${key.slice(9)}\ufeff`],
  ["line breaks", (key) => ` ${key.slice(0, 12)}\n  ${key.slice(12)}\n`],
  ["JSON", (key) => JSON.stringify({ key })],
];

test.each(["anthropic", "openai", "google"] as const)("%s gets a key without what it was pasted in", async (kind) => {
  await using provider = await startMockProvider(kind);
  await using server = await startTestApp({
    environment: { [`${kind.toUpperCase()}_API_BASE_URL`]: provider.baseUrl },
  });
  const client = await server.client("alice");
  for (const [name, wrap] of wrappings) {
    const input = { provider: kind, label: name, credential: { apiKey: wrap(provider.key) } };
    const { authenticate } = await client.execute(authenticateMutation, { input });
    expect([name, authenticate]).toMatchObject([
      name,
      { __typename: "AuthenticatePayload", credential: { last4: provider.key.slice(-4), status: "ACTIVE" } },
    ]);
  }
  expect(provider.requests).toHaveLength(wrappings.length);
});

test.each([
  ["sk-ant-…wxyz", "is a shortened copy"],
  ["sk-ant-api03-****", "is a shortened copy"],
  ["my key is sk-ant-api03-abcdefgh", "has spaces inside"],
  ["sk-aaaaaaaa\nsk-bbbbbbbb", "holds more than one key or token"],
  ["sk–ant–abcdefgh", "has characters that no key or token has"],
  ["\u200b", "must not be empty"],
  ["k".repeat(2_049), "must have at most 2048 characters"],
  [`"${"k".repeat(2_049)}"`, "must have at most 2048 characters"],
])("%j is explained, sent to nobody and repeated nowhere", async (apiKey, message) => {
  await using provider = await startMockProvider("anthropic");
  await using server = await startTestApp({ environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl } });
  const client = await server.client("alice");
  const input = { provider: "anthropic", credential: { apiKey } };
  const { authenticate } = await client.execute(authenticateMutation, { input });
  expect(authenticate).toMatchObject({
    __typename: "ValidationError",
    issues: [{ path: ["input", "credential", "apiKey"], message: expect.stringContaining(message) }],
  });
  expect(provider.requests).toEqual([]);
  expect(JSON.stringify(authenticate) + server.logs.join("")).not.toContain(JSON.stringify(apiKey).slice(1, -1));
});

test("tokens that are imported come out of what they were pasted in, by the API and from a file", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  const { key: token } = stage.api;
  for (const [label, wrap] of wrappings) {
    const input = { provider: "google", label, accessToken: wrap(token), refreshToken: wrap("refresh-token-1234") };
    const { importCredential } = await client.execute(importCredentialMutation, { input });
    expect(importCredential.__typename).toBe("ImportCredentialPayload");
    const line = JSON.stringify({ user: "bob", ...input });
    const { credentials } = parseImportLine(line);
    if (credentials.method !== "oauth") throw new Error("these are no tokens");
    expect([credentials.accessToken.reveal(), credentials.refreshToken!.reveal()]).toEqual([
      token,
      "refresh-token-1234",
    ]);
    const keyLine = parseImportLine(JSON.stringify({ user: "bob", provider: "google", apiKey: wrap(token) }));
    if (keyLine.credentials.method !== "api_key") throw new Error("this is no key");
    expect(keyLine.credentials.apiKey.reveal()).toBe(token);
  }
});
