import { expect, test } from "vitest";
import { defineProvider } from "../../../src/providers/provider.ts";
import type { ImportCredentialInput } from "../../client/gql/graphql.ts";
import {
  authenticateMutation,
  credentialEventsSubscription,
  importCredentialMutation,
  issueAccessMutation,
  revokeCredentialMutation,
  viewerQuery,
} from "../../client/operations.ts";
import { startTestApp } from "../../support/test-app.ts";
import type { TestClient } from "../../support/test-client.ts";
import { dump, setOAuthStage, signIn } from "./oauth-stage.ts";

const tokens = {
  accessToken: "an-access-token",
  refreshToken: "a-refresh-token",
  expiresAt: "2036-11-01T12:00:00.000Z",
  scopes: ["user:inference"],
};

async function importTokens(client: TestClient, input: Partial<ImportCredentialInput> & { provider: string }) {
  const result = await client.execute(importCredentialMutation, { input: { ...tokens, ...input } });
  return result.importCredential;
}

async function revoke(client: TestClient, credentialId: string) {
  return (await client.execute(revokeCredentialMutation, { input: { credentialId } })).revokeCredential;
}

const models = { kind: "status", status: 200, body: { data: [], models: [] } } as const;

test.each(["anthropic", "openai", "google"] as const)(
  "%s: tokens obtained elsewhere are checked with the provider, stored, and give access",
  async (kind) => {
    await using stage = await setOAuthStage(kind);
    const client = await stage.client("alice");
    const { viewer } = await client.execute(viewerQuery);
    stage.api.next(models);
    const { expiresAt, scopes } = tokens;
    expect(await importTokens(client, { provider: kind, label: "work" })).toMatchObject({
      __typename: "ImportCredentialPayload",
      credential: { method: "OAUTH", label: "work", scopes, expiresAt, refreshable: true },
    });
    expect(stage.api.requests).toMatchObject([{ headers: { authorization: "Bearer an-access-token" } }]);
    await using events = await client.subscribeSse(credentialEventsSubscription, { after: viewer.eventCursor });
    expect((await events.next()).data?.credentialEvents.__typename).toBe("CredentialStored");
    const { issueAccess } = await client.execute(issueAccessMutation, { input: { provider: kind } });
    expect(JSON.stringify(issueAccess)).toContain("Bearer an-access-token");
    expect(JSON.stringify(issueAccess)).not.toContain(tokens.refreshToken);
  },
);

test.each([
  ["anthropic", 401, "InvalidCredentialError"],
  ["openai", 401, "InvalidCredentialError"],
  ["google", 401, "InvalidCredentialError"],
  ["google", 500, "ProviderUnavailableError"],
] as const)("%s: tokens that the provider answers with %i are not stored: %s", async (kind, status, name) => {
  await using stage = await setOAuthStage(kind);
  const client = await stage.client("alice");
  stage.api.always({ kind: "status", status });
  expect((await importTokens(client, { provider: kind })).__typename).toBe(name);
  expect(await dump(stage.database, "provider_credentials", "events")).toEqual([]);
  expect((await dump(stage.database, "audit_log", "events")).join()).not.toContain(tokens.accessToken);
});

test("importing needs the scope credentials:import, and a provider that takes tokens", async () => {
  const keysOnly = defineProvider({
    name: "keys-only",
    displayName: "Keys only",
    documentationUrl: "https://keys.example",
    baseUrl: "https://keys.example",
    apiKey: { headers: (key) => ({ authorization: key }), probe: "/" },
  });
  await using server = await startTestApp({ catalog: [keysOnly] });
  const scoped = await server.client("alice", ["credentials:read", "credentials:write", "credentials:use"]);
  const refused = await scoped.send(importCredentialMutation, { input: { ...tokens, provider: "keys-only" } });
  expect(refused.errors).toMatchObject([{ extensions: { code: "FORBIDDEN" } }]);
  const client = await server.client("alice");
  expect((await importTokens(client, { provider: "keys-only" })).__typename).toBe("MethodUnavailableError");
  expect((await importTokens(client, { provider: "nonesuch" })).__typename).toBe("ProviderNotFoundError");
});

test("where the operator has registered no client, tokens are not taken, and the refusal names what to set", async () => {
  await using server = await startTestApp();
  const refused = await importTokens(await server.client("alice"), { provider: "google" });
  expect(refused).toMatchObject({
    __typename: "MethodUnavailableError",
    message: expect.stringContaining("GOOGLE_OAUTH_CLIENT_ID"),
  });
});

test.each(["", " ", "a token", "a…token", "tök€n", "x".repeat(16_385)])("%o is no token", async (accessToken) => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  expect((await importTokens(client, { provider: "google", accessToken })).__typename).toBe("ValidationError");
  expect(stage.api.requests).toEqual([]);
});

test.each(["anthropic", "openai", "google"] as const)(
  "%s: revoking ends the grant at the provider, removes the local copy, and leaves all others as they are",
  async (kind) => {
    await using stage = await setOAuthStage(kind);
    const client = await stage.client("alice");
    await signIn(await stage.client("bob"), kind);
    await signIn(client, kind, { label: "work" });
    const others = await dump(stage.database, "provider_credentials");
    const { id } = await signIn(client, kind);

    expect(await revoke(client, id)).toEqual({
      __typename: "RevokeCredentialPayload",
      revokedCredentialId: id,
      revokedAtProvider: true,
    });
    const revocations = stage.vendor.requests.filter(({ path }) => path === "/token/revocation");
    expect(revocations).toMatchObject([{ body: { token_type_hint: "refresh_token" } }]);
    expect(await dump(stage.database, "provider_credentials")).toEqual(others);
    expect((await revoke(client, id)).__typename).toBe("CredentialNotFoundError");
    expect(stage.vendor.requests.filter(({ path }) => path === "/token/revocation")).toHaveLength(1);
  },
);

test.each([{ kind: "status", status: 500 }, { kind: "reset" }, { kind: "hang" }] as const)(
  "a revocation endpoint that fails with %o keeps nobody from removing the local copy",
  async (fault) => {
    await using stage = await setOAuthStage("google", { http: { deadlineMs: 1_000 } });
    const client = await stage.client("alice");
    const { viewer } = await client.execute(viewerQuery);
    const { id } = await signIn(client, "google");
    stage.vendor.next("/token/revocation", fault);
    expect(await revoke(client, id)).toMatchObject({ revokedCredentialId: id, revokedAtProvider: false });
    expect(await dump(stage.database, "provider_credentials")).toEqual([]);
    await using events = await client.subscribeSse(credentialEventsSubscription, { after: viewer.eventCursor });
    expect((await events.next()).data?.credentialEvents.__typename).toBe("CredentialStored");
    expect((await events.next()).data?.credentialEvents).toMatchObject({
      __typename: "CredentialRevoked",
      credentialId: id,
      credential: null,
    });
  },
);

test("an API key is removed here only: there is nothing to revoke it with", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  const input = { provider: "google", credential: { apiKey: stage.api.key } };
  const { authenticate } = await client.execute(authenticateMutation, { input });
  if (authenticate.__typename !== "AuthenticatePayload") throw new Error(authenticate.message);
  expect(await revoke(client, authenticate.credential.id)).toMatchObject({ revokedAtProvider: null });
  expect(await dump(stage.database, "provider_credentials")).toEqual([]);
});

test("a sign-in can be removed after the operator has taken OAuth away", async () => {
  await using stage = await setOAuthStage("google");
  const { id } = await signIn(await stage.client("alice"), "google");
  const { database } = stage;
  const apiKey = { headers: (key: string) => ({ authorization: key }), probe: "/" };
  const words = {
    displayName: "Google",
    documentationUrl: "https://google.example",
    baseUrl: "https://google.example",
  };
  const withoutOAuth = defineProvider({ ...words, name: "google", apiKey });
  await using server = await startTestApp({ database, catalog: [withoutOAuth] });
  expect(await revoke(await server.client("alice"), id)).toMatchObject({ revokedAtProvider: false });
  expect(await dump(database, "provider_credentials")).toEqual([]);
});
