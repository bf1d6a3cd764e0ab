import { describe, expect, test } from "vitest";
import type { AuthenticateInput } from "../client/gql/graphql.ts";
import { authenticateMutation, credentialsQuery, viewerQuery } from "../client/operations.ts";
import { type MockProvider, startMockProvider } from "../support/mock-provider.ts";
import { startTestApp } from "../support/test-app.ts";
import { createTestDatabase } from "../support/test-database.ts";

const wireText = "text-that-only-the-provider-knows";

async function startServer(options: { baseUrl?: string; deadlineMs?: number } = {}) {
  const provider = await startMockProvider("anthropic");
  const database = await createTestDatabase();
  const server = await startTestApp({
    database,
    environment: { ANTHROPIC_API_BASE_URL: options.baseUrl ?? provider.baseUrl },
    http: { deadlineMs: options.deadlineMs ?? 10_000 },
  });
  const client = await server.client("alice");
  const { viewer } = await client.execute(viewerQuery);
  return {
    provider,
    logs: server.logs,
    attempt: async (input: AuthenticateInput) => client.send(authenticateMutation, { input }),
    auditRows: async () =>
      database
        .em()
        .execute("select user_id, actor, action, outcome, provider, credential_id from audit_log order by id"),
    expectNothingStored: async () => {
      expect((await client.execute(credentialsQuery)).viewer.credentials.nodes).toEqual([]);
      expect((await client.execute(viewerQuery)).viewer.eventCursor).toBe(viewer.eventCursor);
      for (const table of ["provider_credentials", "events"]) {
        expect(await database.em().execute(`select * from ${table}`)).toEqual([]);
      }
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

type Server = Awaited<ReturnType<typeof startServer>>;

/** Where nobody listens any more. */
async function closedAddress(): Promise<string> {
  await using provider = await startMockProvider("anthropic");
  return provider.baseUrl;
}

const refused = (outcome: string, provider: string | null) => ({
  user_id: "alice",
  actor: "alice",
  action: "credential.authenticate",
  outcome,
  provider,
  credential_id: null,
});

const key = "sk-ant-api03-a-key-that-must-not-be-seen";

async function attemptKey(server: Server, apiKey = key) {
  const { data, errors } = await server.attempt({ provider: "anthropic", credential: { apiKey } });
  expect(errors).toBeUndefined();
  const shown = JSON.stringify(data) + server.logs.join("\n");
  for (const secret of [key, wireText, "<html>"]) expect(shown).not.toContain(secret);
  return data!.authenticate;
}

test("a key that the provider rejects is not stored, and the attempt is on record", async () => {
  await using server = await startServer();
  expect(await attemptKey(server)).toMatchObject({
    __typename: "InvalidCredentialError",
    code: "INVALID_CREDENTIAL",
    message: expect.stringContaining("Anthropic"),
  });
  await server.expectNothingStored();
  expect(await server.auditRows()).toEqual([refused("INVALID_CREDENTIAL", "anthropic")]);
});

describe("a key that could not be checked is not stored, and the attempt is on record", () => {
  test.each<[name: string, fail: (provider: MockProvider) => void, retryAfter: number | null]>([
    ["HTML", (provider) => provider.always({ kind: "html" }), null],
    ["rubbish", (provider) => provider.always({ kind: "rubbish" }), null],
    ["too much", (provider) => provider.always({ kind: "huge" }), null],
    ["a cut connection", (provider) => provider.always({ kind: "reset" }), null],
    [
      "an error that repeats the key",
      (provider) =>
        provider.always({ kind: "status", status: 500, body: { error: { message: `${wireText} ${key}` } } }),
      null,
    ],
    [
      "a rate limit",
      (provider) => provider.always({ kind: "status", status: 429, headers: { "retry-after": "7" } }),
      7,
    ],
  ])("%s", async (_name, fail, retryAfter) => {
    await using server = await startServer();
    fail(server.provider);
    expect(await attemptKey(server)).toMatchObject({
      __typename: "ProviderUnavailableError",
      code: "PROVIDER_UNAVAILABLE",
      retryAfter,
    });
    await server.expectNothingStored();
    expect(await server.auditRows()).toEqual([refused("PROVIDER_UNAVAILABLE", "anthropic")]);
  });

  test.each<[name: string, fail: (provider: MockProvider) => void]>([
    ["no answer", (provider) => provider.always({ kind: "hang" })],
    ["a late answer", (provider) => provider.always({ kind: "slow", ms: 60_000 })],
  ])("%s", async (_name, fail) => {
    await using server = await startServer({ deadlineMs: 100 });
    fail(server.provider);
    expect(await attemptKey(server)).toMatchObject({
      __typename: "ProviderUnavailableError",
      message: expect.stringContaining("in time"),
    });
    await server.expectNothingStored();
    expect(await server.auditRows()).toEqual([refused("PROVIDER_UNAVAILABLE", "anthropic")]);
  });

  test("nobody listens", async () => {
    await using server = await startServer({ baseUrl: await closedAddress() });
    expect(await attemptKey(server)).toMatchObject({ __typename: "ProviderUnavailableError", retryAfter: null });
    await server.expectNothingStored();
    expect(await server.auditRows()).toEqual([refused("PROVIDER_UNAVAILABLE", "anthropic")]);
  });
});

test("an unknown provider is answered with those that exist, and nothing of its name is kept: it may be a key", async () => {
  await using server = await startServer();
  const { data } = await server.attempt({ provider: key, credential: { apiKey: key } });
  expect(data?.authenticate).toMatchObject({
    __typename: "ProviderNotFoundError",
    code: "PROVIDER_NOT_FOUND",
    availableProviders: expect.arrayContaining(["anthropic", "google", "openai"]),
  });
  await server.expectNothingStored();
  expect(await server.auditRows()).toEqual([refused("PROVIDER_NOT_FOUND", null)]);
  expect(JSON.stringify(data) + server.logs.join("\n")).not.toContain(key);
});

test("a code where OAuth is not configured is answered with the methods that are", async () => {
  await using server = await startServer();
  const oauthCode = { code: key, state: "a-state" };
  const { data } = await server.attempt({ provider: "anthropic", credential: { oauthCode } });
  expect(data?.authenticate).toMatchObject({
    __typename: "MethodUnavailableError",
    code: "METHOD_UNAVAILABLE",
    availableMethods: ["API_KEY"],
  });
  await server.expectNothingStored();
  expect(await server.auditRows()).toEqual([refused("METHOD_UNAVAILABLE", "anthropic")]);
  expect(server.provider.requests).toEqual([]);
  expect(JSON.stringify(data) + server.logs.join("\n")).not.toContain(key);
});

test.each([
  ["is empty", ""],
  ["is nothing but spaces", "   "],
  ["has a space inside", `${key} ${key}`],
  ["has a line break inside", `${key}\r\nx-evil: 1`],
  ["has a character beyond ASCII", `${key}é`],
  ["is shortened", `${key.slice(0, 8)}…${key.slice(-4)}`],
  ["is one character too long", "k".repeat(2_049)],
  ["is much too long", key.repeat(1_000)],
])("a key that %s is refused before the provider hears of it", async (_name, apiKey) => {
  await using server = await startServer();
  expect(await attemptKey(server, apiKey)).toMatchObject({
    __typename: "ValidationError",
    code: "VALIDATION_FAILED",
    issues: expect.arrayContaining([{ path: ["input", "credential", "apiKey"], message: expect.any(String) }]),
  });
  await server.expectNothingStored();
  expect(server.provider.requests).toEqual([]);
});
