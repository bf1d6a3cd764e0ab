import { expect, test } from "vitest";
import { encodeNodeId } from "../../../src/graphql/node-id.ts";
import {
  authenticateMutation,
  credentialsQuery,
  eventsSubscription,
  nodeQuery,
  revokeCredentialMutation,
  validateCredentialMutation,
  viewerQuery,
} from "../../client/operations.ts";
import { cursorAt } from "../../support/cursor.ts";
import { startMockProvider } from "../../support/mock-provider.ts";
import { startTestApp } from "../../support/test-app.ts";
import type { TestClient } from "../../support/test-client.ts";
import { createTestDatabase } from "../../support/test-database.ts";

async function startServer() {
  const provider = await startMockProvider("anthropic");
  const server = await startTestApp({ environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl } });
  return {
    ...server,
    provider,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

async function connect(client: TestClient, apiKey: string, label = "default"): Promise<string> {
  const input = { provider: "anthropic", label, credential: { apiKey } };
  const { authenticate } = await client.execute(authenticateMutation, { input });
  if (authenticate.__typename !== "AuthenticatePayload") throw new Error(authenticate.message);
  return authenticate.credential.id;
}

async function readPage(client: TestClient, variables: Parameters<typeof client.execute<never, object>>[1]) {
  return (await client.execute(credentialsQuery, variables)).viewer.credentials;
}

test("pages go forwards and backwards through all credentials in the order of their creation", async () => {
  await using server = await startServer();
  const client = await server.client("alice");
  const labels = ["a", "b", "c", "d", "e"];
  for (const label of labels) await connect(client, server.provider.key, label);

  const seen: string[] = [];
  let after: string | null = null;
  do {
    const page = await readPage(client, { first: 2, after });
    seen.push(...page.nodes.map((node) => node.label));
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor! : null;
  } while (after !== null);
  expect(seen).toEqual(labels);

  const last = await readPage(client, { last: 2 });
  expect(last.nodes.map((node) => node.label)).toEqual(["d", "e"]);
  const before = await readPage(client, { last: 2, before: last.pageInfo.startCursor });
  expect(before.nodes.map((node) => node.label)).toEqual(["b", "c"]);
  expect(before.pageInfo.hasPreviousPage).toBe(true);
});

test("an empty page has no cursors", async () => {
  await using server = await startServer();
  const page = await readPage(await server.client("alice"), {});
  expect(page.pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null });
});

test("filters by provider, method and status choose what they say", async () => {
  await using server = await startServer();
  const client = await server.client("alice");
  await connect(client, server.provider.key);
  const count = async (filter: object) => (await readPage(client, filter)).nodes.length;
  expect(await count({ provider: "anthropic" })).toBe(1);
  expect(await count({ provider: "openai" })).toBe(0);
  expect(await count({ method: "API_KEY" })).toBe(1);
  expect(await count({ method: "OAUTH" })).toBe(0);
  expect(await count({ status: "ACTIVE" })).toBe(1);
  for (const status of ["EXPIRING", "EXPIRED", "NEEDS_REAUTH", "UNREADABLE"]) expect(await count({ status })).toBe(0);
});

test.each([{ first: 101 }, { last: 101 }, { first: -1 }, { after: "garbage" }, { first: 1, before: "Y3Vyc29y" }])(
  "the page %j is refused with the code VALIDATION_FAILED",
  async (variables) => {
    await using server = await startServer();
    const client = await server.client("alice");
    const { errors } = await client.send(credentialsQuery, variables);
    expect(errors).toMatchObject([{ extensions: { code: "VALIDATION_FAILED" } }]);
  },
);

test("a check keeps a credential that the provider accepts, and marks one that it rejects, once", async () => {
  await using server = await startServer();
  const client = await server.client("alice");
  const credentialId = await connect(client, server.provider.key);
  const { viewer } = await client.execute(viewerQuery);
  const check = async () =>
    (await client.execute(validateCredentialMutation, { input: { credentialId } })).validateCredential;

  expect(await check()).toMatchObject({ __typename: "ValidateCredentialPayload", credential: { status: "ACTIVE" } });

  server.provider.validKeys.clear();
  expect(await check()).toMatchObject({ __typename: "InvalidCredentialError", code: "INVALID_CREDENTIAL" });
  expect(await check()).toMatchObject({ __typename: "InvalidCredentialError" });
  const [rejected] = (await readPage(client, { status: "NEEDS_REAUTH" })).nodes;
  expect(rejected).toMatchObject({ id: credentialId, statusReason: expect.stringMatching(/did not accept/) });

  server.provider.validKeys.add(server.provider.key);
  expect(await check()).toMatchObject({ credential: { status: "ACTIVE" } });
  await client.execute(revokeCredentialMutation, { input: { credentialId } });

  await using events = await client.subscribeSse(eventsSubscription, { after: viewer.eventCursor });
  const types = [await events.next(), await events.next()].map((event) => event.data?.events.__typename);
  expect(types).toEqual(["ReauthenticationRequired", "CredentialRevoked"]);
});

test("a check that gets no answer changes nothing", async () => {
  await using server = await startServer();
  const client = await server.client("alice");
  const credentialId = await connect(client, server.provider.key);
  const before = await readPage(client, {});
  server.provider.always({ kind: "status", status: 503, headers: { "retry-after": "7" } });
  const { validateCredential } = await client.execute(validateCredentialMutation, { input: { credentialId } });
  expect(validateCredential).toMatchObject({ __typename: "ProviderUnavailableError" });
  expect(await readPage(client, {})).toEqual(before);
});

test("a revoked credential is gone, and revoking it again finds nothing", async () => {
  await using server = await startServer();
  const client = await server.client("alice");
  const credentialId = await connect(client, server.provider.key);
  const revoke = async () =>
    (await client.execute(revokeCredentialMutation, { input: { credentialId } })).revokeCredential;
  const both = await Promise.all([revoke(), revoke()]);
  expect(both.map((result) => result.__typename).toSorted()).toEqual([
    "CredentialNotFoundError",
    "RevokeCredentialPayload",
  ]);
  expect(await client.execute(nodeQuery, { id: credentialId })).toEqual({ node: null });
});

test("another user's credential is as absent as one that never was", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.client("alice"), await server.client("bob")];
  const hers = await connect(alice, server.provider.key);
  const nobodys = encodeNodeId("Credential", crypto.randomUUID());
  const validate = (credentialId: string) => bob.execute(validateCredentialMutation, { input: { credentialId } });
  const revoke = (credentialId: string) => bob.execute(revokeCredentialMutation, { input: { credentialId } });
  expect(await validate(hers)).toEqual(await validate(nobodys));
  expect(await revoke(hers)).toEqual(await revoke(nobodys));
  expect(await revoke(hers)).toMatchObject({ revokeCredential: { __typename: "CredentialNotFoundError" } });
  expect(await bob.execute(nodeQuery, { id: hers })).toEqual({ node: null });
  expect((await readPage(bob, {})).nodes).toEqual([]);
  expect(await alice.execute(nodeQuery, { id: hers })).toEqual({ node: { __typename: "Credential", id: hers } });
});

test.each([
  "",
  "garbage",
  encodeNodeId("User", "alice"),
  encodeNodeId("Credential", "not a uuid"),
  encodeNodeId("User", "bob"),
])("the id %j is nobody's credential and no readable node of another user", async (id) => {
  await using server = await startServer();
  const client = await server.client("carol");
  expect(await client.execute(nodeQuery, { id })).toEqual({ node: null });
  const { revokeCredential } = await client.execute(revokeCredentialMutation, { input: { credentialId: id } });
  expect(revokeCredential.__typename).toBe("CredentialNotFoundError");
});

test("an operation without its scope is refused by the scope's name, and nothing happens", async () => {
  await using server = await startServer();
  const reader = await server.client("alice", ["credentials:read"]);
  const input = { provider: "anthropic", credential: { apiKey: server.provider.key } };
  const refused = await reader.send(authenticateMutation, { input });
  expect(refused).toMatchObject({
    errors: [{ message: expect.stringContaining("`credentials:write`"), extensions: { code: "FORBIDDEN" } }],
  });
  expect((await readPage(reader, {})).nodes).toEqual([]);
  expect(server.provider.requests).toEqual([]);

  const writer = await server.client("alice", ["credentials:write"]);
  // What the answer would tell of the credential needs its own scope, and nothing is stored for an answer that cannot
  // be.
  expect(await writer.send(authenticateMutation, { input })).toMatchObject({
    errors: [{ extensions: { code: "FORBIDDEN" } }],
  });
  expect(server.provider.requests).toEqual([]);
  const id = await connect(await server.client("alice"), server.provider.key);
  expect(await writer.send(credentialsQuery, {})).toMatchObject({ errors: [{ extensions: { code: "FORBIDDEN" } }] });
  expect(await writer.send(nodeQuery, { id })).toMatchObject({ errors: [{ extensions: { code: "FORBIDDEN" } }] });
});

test("a credential whose provider has left the catalogue is still listed, can do nothing, and can be revoked", async () => {
  const database = await createTestDatabase();
  await using provider = await startMockProvider("anthropic");
  {
    await using server = await startTestApp({ database, environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl } });
    await connect(await server.client("alice"), provider.key);
  }
  await using server = await startTestApp({ database, catalog: [] });
  const client = await server.client("alice");
  const [credential] = (await readPage(client, {})).nodes;
  expect(credential).toMatchObject({ provider: { name: "anthropic" }, status: "ACTIVE" });
  const input = { credentialId: credential!.id };
  expect(await client.send(validateCredentialMutation, { input })).toMatchObject({
    errors: [{ extensions: { code: "METHOD_UNAVAILABLE" } }],
  });
  await using events = await client.subscribeSse(eventsSubscription, { after: await cursorAt(database, "alice", 0) });
  expect((await events.next()).data?.events.__typename).toBe("CredentialStored");
  const { revokeCredential } = await client.execute(revokeCredentialMutation, { input });
  expect(revokeCredential).toMatchObject({ __typename: "RevokeCredentialPayload", revokedAtProvider: null });
});
