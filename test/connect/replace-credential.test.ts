import { describe, expect, test } from "vitest";
import {
  authenticateMutation,
  credentialsQuery,
  issueAccessMutation,
  validateCredentialMutation,
} from "../client/operations.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp } from "../support/test-app.ts";
import type { TestClient } from "../support/test-client.ts";
import { createTestDatabase } from "../support/test-database.ts";

async function startServer() {
  const provider = await startMockProvider("anthropic");
  const other = await startMockProvider("openai");
  const database = await createTestDatabase();
  const server = await startTestApp({
    database,
    environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl, OPENAI_API_BASE_URL: other.baseUrl },
  });
  return {
    provider,
    other,
    client: async (user: string) => server.client(user),
    /** A further key that the provider accepts. */
    newKey: (name: string) => {
      const key = `sk-ant-api03-${name}`.padEnd(40, name);
      provider.validKeys.add(key);
      return key;
    },
    rows: async (): Promise<{ id: string; token_version: number; fingerprint: string; label: string }[]> =>
      database
        .em()
        .execute("select id, token_version, fingerprint, label from provider_credentials order by created_at"),
    eventTypes: async () =>
      (await database.em().execute<{ type: string }[]>("select type from events order by seq")).map(({ type }) => type),
    auditRows: async (): Promise<{ outcome: string; credential_id: string | null }[]> =>
      database.em().execute("select outcome, credential_id from audit_log order by id"),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    },
  };
}

async function attempt(client: TestClient, apiKey: string, { label, provider = "anthropic" } = {} as Options) {
  const input = { provider, credential: { apiKey }, ...(label === undefined ? {} : { label }) };
  return (await client.execute(authenticateMutation, { input })).authenticate;
}

interface Options {
  readonly label?: string;
  readonly provider?: string;
}

async function connect(client: TestClient, apiKey: string, options?: Options) {
  const result = await attempt(client, apiKey, options);
  if (result.__typename !== "AuthenticatePayload") throw new Error(result.message);
  return result.credential;
}

async function grantedKey(client: TestClient): Promise<string | undefined> {
  const { issueAccess } = await client.execute(issueAccessMutation, { input: { provider: "anthropic" } });
  if (issueAccess.__typename !== "IssueAccessPayload") throw new Error(issueAccess.message);
  return issueAccess.grant.headers.find(({ name }) => name === "x-api-key")?.value;
}

test("a key with the label of an earlier one replaces it, and the credential keeps its id", async () => {
  await using server = await startServer();
  const client = await server.client("alice");
  const newKey = server.newKey("new");
  const first = await connect(client, server.provider.key);
  const second = await connect(client, newKey, { label: "default" });

  expect(second).toMatchObject({ id: first.id, label: "default", status: "ACTIVE", last4: newKey.slice(-4) });
  expect(second.fingerprint).not.toBe(first.fingerprint);
  const rows = await server.rows();
  expect(rows).toMatchObject([{ token_version: 2, fingerprint: second.fingerprint }]);
  expect(await grantedKey(client)).toBe(newKey);
  expect(await server.eventTypes()).toEqual(["CredentialStored", "CredentialStored"]);
  const succeeded = { outcome: "succeeded", credential_id: rows[0]!.id };
  expect(await server.auditRows()).toEqual([succeeded, succeeded]);
});

test("another label, another provider and another user have credentials of their own", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.client("alice"), await server.client("bob")];
  const ids = [
    await connect(alice, server.provider.key),
    await connect(alice, server.provider.key, { label: "work" }),
    await connect(alice, server.provider.key, { label: "Work" }),
    await connect(alice, server.other.key, { provider: "openai" }),
    await connect(bob, server.provider.key),
  ].map(({ id }) => id);
  expect(new Set(ids).size).toBe(5);
  expect((await server.rows()).map((row) => row.token_version)).toEqual([1, 1, 1, 1, 1]);
  const { viewer } = await alice.execute(credentialsQuery);
  expect(viewer.credentials.nodes.map(({ label }) => label)).toEqual(["default", "work", "Work", "default"]);
});

test("a key that is refused leaves the stored one as it is", async () => {
  await using server = await startServer();
  const client = await server.client("alice");
  await connect(client, server.provider.key);
  const before = await server.rows();
  expect(await attempt(client, "sk-ant-api03-unknown")).toMatchObject({ __typename: "InvalidCredentialError" });
  server.provider.next({ kind: "status", status: 503 });
  expect(await attempt(client, server.newKey("new"))).toMatchObject({ __typename: "ProviderUnavailableError" });
  expect(await server.rows()).toEqual(before);
  expect(await grantedKey(client)).toBe(server.provider.key);
  expect(await server.eventTypes()).toEqual(["CredentialStored"]);
});

test("a new key makes a credential that needed one ACTIVE again", async () => {
  await using server = await startServer();
  const client = await server.client("alice");
  const { id } = await connect(client, server.provider.key);
  server.provider.validKeys.clear();
  await client.execute(validateCredentialMutation, { input: { credentialId: id } });
  const statusOf = async () => (await client.execute(credentialsQuery)).viewer.credentials.nodes;
  expect(await statusOf()).toMatchObject([{ id, status: "NEEDS_REAUTH", statusReason: expect.any(String) }]);
  await connect(client, server.newKey("new"));
  expect(await statusOf()).toMatchObject([{ id, status: "ACTIVE", statusReason: null }]);
});

test.each([2, 8])("of %i at once with one label, each is stored in turn and one row is left", async (count) => {
  await using server = await startServer();
  const client = await server.client("alice");
  const keys = Array.from({ length: count }, (_, index) => server.newKey(`number-${index}`));
  const credentials = await Promise.all(keys.map((key) => connect(client, key)));

  expect(new Set(credentials.map(({ id }) => id)).size).toBe(1);
  expect(new Set(credentials.map(({ fingerprint }) => fingerprint)).size).toBe(count);
  const [row, ...others] = await server.rows();
  expect(others).toEqual([]);
  expect(row!.token_version).toBe(count);
  // The last one stored is the one that is granted.
  const granted = await grantedKey(client);
  expect(credentials[keys.indexOf(granted!)]!.fingerprint).toBe(row!.fingerprint);
  expect(await server.eventTypes()).toHaveLength(count);
  expect(await server.auditRows()).toEqual(keys.map(() => ({ outcome: "succeeded", credential_id: row!.id })));
});

describe("fingerprints", () => {
  test("are equal for equal keys of one user, whatever the label", async () => {
    await using server = await startServer();
    const client = await server.client("alice");
    const one = await connect(client, server.provider.key);
    const other = await connect(client, server.provider.key, { label: "other" });
    const different = await connect(client, server.newKey("new"), { label: "new" });
    expect(other.fingerprint).toBe(one.fingerprint);
    expect(different.fingerprint).not.toBe(one.fingerprint);
  });

  test("of two users differ for the same key, so nobody learns that they share it", async () => {
    await using server = await startServer();
    const alice = await connect(await server.client("alice"), server.provider.key);
    const bob = await connect(await server.client("bob"), server.provider.key);
    expect(alice.fingerprint).not.toBe(bob.fingerprint);
  });
});
