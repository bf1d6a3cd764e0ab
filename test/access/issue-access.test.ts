import { expect, test } from "vitest";
import type { IssueAccessInput } from "../client/gql/graphql.ts";
import {
  authenticateMutation,
  credentialsQuery,
  issueAccessMutation,
  revokeCredentialMutation,
} from "../client/operations.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp, type TestAppOptions } from "../support/test-app.ts";
import type { TestClient } from "../support/test-client.ts";
import { createTestDatabase } from "../support/test-database.ts";

async function startServer({ environment, ...options }: TestAppOptions = {}) {
  const provider = await startMockProvider("anthropic");
  const server = await startTestApp({
    ...options,
    environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl, ...environment },
  });
  return {
    ...server,
    provider,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

async function connect(client: TestClient, apiKey: string, label?: string): Promise<string> {
  const input = { provider: "anthropic", credential: { apiKey }, ...(label === undefined ? {} : { label }) };
  const { authenticate } = await client.execute(authenticateMutation, { input });
  if (authenticate.__typename !== "AuthenticatePayload") throw new Error(authenticate.message);
  return authenticate.credential.id;
}

async function issue(client: TestClient, input: Partial<IssueAccessInput> = {}) {
  return (await client.execute(issueAccessMutation, { input: { provider: "anthropic", ...input } })).issueAccess;
}

async function grantedKey(client: TestClient, input: Partial<IssueAccessInput> = {}) {
  const result = await issue(client, input);
  if (result.__typename !== "IssueAccessPayload") throw new Error(result.message);
  return { ...result.grant, key: result.grant.headers.find((header) => header.name === "x-api-key")?.value };
}

test("the chain ends with the server's own key, which stands in only for a user who has stored nothing", async () => {
  await using server = await startServer({ environment: { ANTHROPIC_API_KEY: "the-servers-own-key" } });
  const client = await server.client("alice");
  expect(await grantedKey(client)).toMatchObject({
    source: "ENVIRONMENT",
    credential: null,
    key: "the-servers-own-key",
  });
  expect(await issue(client, { method: "OAUTH" })).toMatchObject({ __typename: "CredentialNotFoundError" });
  expect(await issue(client, { label: "work" })).toMatchObject({ __typename: "CredentialNotFoundError" });

  const id = await connect(client, server.provider.key);
  expect(await grantedKey(client)).toMatchObject({ source: "STORED", credential: { id }, key: server.provider.key });

  server.provider.validKeys.clear();
  const { grantId } = await grantedKey(client);
  expect(await issue(client, { rejectedGrantId: grantId })).toMatchObject({
    __typename: "ReauthenticationRequiredError",
  });
  expect(await issue(client)).toMatchObject({ __typename: "ReauthenticationRequiredError" });

  await client.execute(revokeCredentialMutation, { input: { credentialId: id } });
  expect(await grantedKey(client)).toMatchObject({ source: "ENVIRONMENT" });
});

test("without anything stored or configured the refusal names the way to connect", async () => {
  await using server = await startServer();
  const refusal = await issue(await server.client("alice"));
  expect(refusal).toMatchObject({
    __typename: "CredentialNotFoundError",
    code: "CREDENTIAL_NOT_FOUND",
    message: expect.stringContaining('authenticate(input: {provider: "anthropic"'),
  });
});

test("a request without a provider is a ValidationError, and an unknown provider is named as such", async () => {
  await using server = await startServer();
  const client = await server.client("alice");
  expect((await client.execute(issueAccessMutation, { input: {} })).issueAccess).toMatchObject({
    __typename: "ValidationError",
  });
  expect(await issue(client, { provider: "nonesuch" })).toMatchObject({ __typename: "ProviderNotFoundError" });
});

test("of several accounts the label decides; without one `default`, then the oldest", async () => {
  await using server = await startServer();
  const client = await server.client("alice");
  const keys = { work: "sk-ant-api03-work-000000000000", home: "sk-ant-api03-home-000000000000" };
  for (const key of Object.values(keys)) server.provider.validKeys.add(key);
  await connect(client, keys.work, "work");
  await connect(client, keys.home, "home");
  expect((await grantedKey(client)).key).toBe(keys.work);
  expect((await grantedKey(client, { label: "home" })).key).toBe(keys.home);
  expect(await issue(client, { label: "nonesuch" })).toMatchObject({ __typename: "CredentialNotFoundError" });
  await connect(client, server.provider.key);
  expect((await grantedKey(client)).key).toBe(server.provider.key);
});

test("another user's credential is never granted", async () => {
  await using server = await startServer();
  await connect(await server.client("alice"), server.provider.key);
  expect(await issue(await server.client("bob"))).toMatchObject({ __typename: "CredentialNotFoundError" });
});

test("a rejected grant that is still current is checked with the provider, an older one is not", async () => {
  await using server = await startServer();
  const client = await server.client("alice");
  await connect(client, server.provider.key);
  const old = await grantedKey(client);
  await connect(client, server.provider.key);
  const asked = server.provider.requests.length;

  const current = await grantedKey(client, { rejectedGrantId: old.grantId });
  expect(server.provider.requests.length).toBe(asked);
  expect(current.grantId).not.toBe(old.grantId);

  expect((await grantedKey(client, { rejectedGrantId: current.grantId })).grantId).toBe(current.grantId);
  expect(server.provider.requests.length).toBe(asked + 1);

  server.provider.always({ kind: "status", status: 500 });
  expect(await issue(client, { rejectedGrantId: current.grantId })).toMatchObject({
    __typename: "ProviderUnavailableError",
  });
  expect(await issue(client)).toMatchObject({ __typename: "IssueAccessPayload" });
});

test("a row that was changed, or moved to another user, is never opened: it shows as UNREADABLE and is kept as it is", async () => {
  const database = await createTestDatabase();
  await using server = await startServer({ database });
  const [alice, bob] = [await server.client("alice"), await server.client("bob")];
  await connect(alice, server.provider.key);
  const rows = "select user_id, encode(credentials, 'hex') as sealed, token_version from provider_credentials";
  await database.em().execute("update provider_credentials set user_id = 'bob'");
  const before = await database.em().execute(rows);

  const refusal = await issue(bob);
  expect(refusal).toMatchObject({ __typename: "KeyUnavailableError", code: "KEY_UNAVAILABLE" });
  const { viewer } = await bob.execute(credentialsQuery, { status: "UNREADABLE" });
  expect(viewer.credentials.nodes).toMatchObject([
    { status: "UNREADABLE", statusReason: expect.stringMatching(/operator/) },
  ]);
  expect(await database.em().execute(rows)).toEqual(before);

  await connect(bob, server.provider.key);
  expect(await issue(bob)).toMatchObject({ __typename: "IssueAccessPayload" });
});

test("uses are counted by the hour and show as lastUsedAt, without a write for each call", async () => {
  const database = await createTestDatabase();
  {
    await using server = await startServer({ database });
    const client = await server.client("alice");
    await connect(client, server.provider.key);
    await Promise.all(Array.from({ length: 25 }, () => issue(client)));
  }
  expect(await database.em().execute("select user_id, uses from credential_uses")).toEqual([
    { user_id: "alice", uses: 25 },
  ]);
  const [row] = await database
    .em()
    .execute<{ ago: number }[]>(
      "select extract(epoch from now() - last_used_at)::float8 as ago from provider_credentials",
    );
  expect(row?.ago).toBeLessThan(60);
});
