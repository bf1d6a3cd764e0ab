import { describe, expect, test } from "vitest";
import { consent, initiate, type OAuthStage } from "../connect/oauth/oauth-stage.ts";
import { setSessionStage, startSession } from "../sessions/session-stage.ts";
import type { TestClient } from "../support/test-client.ts";

interface Refusal {
  readonly __typename: string;
  readonly code?: string;
  readonly quota?: string;
  readonly limit?: number;
  readonly message?: string;
}

const refusal = "... on QuotaExceededError { code quota limit message }";

async function mutate(client: TestClient, field: string, input: string, type: string, value: object): Promise<Refusal> {
  const query = `mutation ($input: ${type}!) { ${field}(input: $input) { __typename ${refusal} } }`;
  const response = await client.post({ query, variables: { [input]: value } });
  const body = (await response.json()) as { data: Record<string, Refusal> | null; errors?: unknown };
  if (body.data == null) throw new Error(JSON.stringify(body.errors));
  return body.data[field]!;
}

const keyOf = (stage: OAuthStage) => stage.api.key;
const connect = (stage: OAuthStage, client: TestClient, label: string, provider = "anthropic") =>
  mutate(client, "authenticate", "input", "AuthenticateInput", {
    provider,
    label,
    credential: { apiKey: keyOf(stage) },
  });
const importToken = (client: TestClient, label: string, accessToken: string) =>
  mutate(client, "importCredential", "input", "ImportCredentialInput", { provider: "anthropic", label, accessToken });
const start = (client: TestClient) => mutate(client, "startSession", "input", "StartSessionInput", {});
const begin = (client: TestClient, label: string) =>
  mutate(client, "initiateOAuth", "input", "InitiateOAuthInput", { provider: "anthropic", label });

function expectRefused(result: Refusal, quota: string, limit: number, variable: string): void {
  expect(result).toMatchObject({ __typename: "QuotaExceededError", code: "QUOTA_EXCEEDED", quota, limit });
  expect(result.message).toContain(variable);
  expect(result.message).toMatch(/^Nothing was stored: /);
}

async function countOf(stage: OAuthStage, table: string): Promise<number> {
  const rows = await stage.database.em().execute<{ count: number }[]>(`select count(*)::int4 as count from ${table}`);
  return rows[0]!.count;
}

const limits = (environment: Record<string, string>) =>
  setSessionStage({ environment: { RATE_LIMITS: "off", ...environment } });

test("a user has so many credentials, and whoever replaces one needs no room", async () => {
  await using stage = await limits({ QUOTA_CREDENTIALS: "2" });
  const alice = await stage.client("alice");
  expect((await connect(stage, alice, "a")).__typename).toBe("AuthenticatePayload");
  expect((await connect(stage, alice, "b")).__typename).toBe("AuthenticatePayload");
  const asked = stage.api.requests.length;
  expectRefused(await connect(stage, alice, "c"), "CREDENTIALS", 2, "QUOTA_CREDENTIALS");
  // The provider has not been asked for nothing.
  expect(stage.api.requests).toHaveLength(asked);
  expect((await connect(stage, alice, "b")).__typename).toBe("AuthenticatePayload");
  expect((await connect(stage, await stage.client("bob"), "c")).__typename).toBe("AuthenticatePayload");
  expect(await countOf(stage, "provider_credentials")).toBe(3);
});

test("a provider's method has so many labels, and another method has labels of its own", async () => {
  await using stage = await limits({ QUOTA_LABELS: "1" });
  const alice = await stage.client("alice");
  expect((await connect(stage, alice, "a")).__typename).toBe("AuthenticatePayload");
  expectRefused(await connect(stage, alice, "b"), "LABELS", 1, "QUOTA_LABELS");
  expect((await begin(alice, "b")).__typename).toBe("InitiateOAuthPayload");
});

test("an import and a flow that begins find no room either", async () => {
  await using stage = await limits({ QUOTA_CREDENTIALS: "1" });
  const alice = await stage.client("alice");
  expect((await connect(stage, alice, "a")).__typename).toBe("AuthenticatePayload");
  expectRefused(await importToken(alice, "b", "a-token"), "CREDENTIALS", 1, "QUOTA_CREDENTIALS");
  expectRefused(await begin(alice, "b"), "CREDENTIALS", 1, "QUOTA_CREDENTIALS");
});

test("a flow whose room was taken while its user was at the provider says so, whenever it is read", async () => {
  await using stage = await limits({ QUOTA_CREDENTIALS: "1" });
  const alice = await stage.client("alice");
  const { flow, answer } = await consent(alice, "anthropic", { label: "b" });
  expect((await connect(stage, alice, "a")).__typename).toBe("AuthenticatePayload");
  const result = await mutate(alice, "completeOAuth", "input", "CompleteOAuthInput", { code: answer });
  expectRefused(result, "CREDENTIALS", 1, "QUOTA_CREDENTIALS");
  const query = `query ($id: ID!) { node(id: $id) { ... on OAuthFlow { status error { __typename ${refusal} } } } }`;
  const response = await alice.post({ query, variables: { id: flow.id } });
  const { data } = (await response.json()) as { data: { node: { status: string; error: Refusal } } };
  expect(data.node.status).toBe("FAILED");
  expectRefused(data.node.error, "CREDENTIALS", 1, "QUOTA_CREDENTIALS");
});

test("a user has so many sessions that are not over, and an ended one makes room", async () => {
  await using stage = await limits({ QUOTA_SESSIONS: "2" });
  const alice = await stage.client("alice");
  const first = await startSession(alice);
  await startSession(alice);
  expectRefused(await start(alice), "SESSIONS", 2, "QUOTA_SESSIONS");
  await alice.post({ query: `mutation { endSession(input: { sessionId: "${first}" }) { __typename } }` });
  expect((await start(alice)).__typename).toBe("StartSessionPayload");
});

test("sessions that are over count as long as they are kept", async () => {
  await using stage = await limits({ QUOTA_STORED_SESSIONS: "1" });
  const alice = await stage.client("alice");
  const first = await startSession(alice);
  await alice.post({ query: `mutation { endSession(input: { sessionId: "${first}" }) { __typename } }` });
  expectRefused(await start(alice), "STORED_SESSIONS", 1, "QUOTA_STORED_SESSIONS");
});

test("a user has so many flows that wait for an answer", async () => {
  await using stage = await limits({ QUOTA_OAUTH_FLOWS: "1" });
  const alice = await stage.client("alice");
  expect((await begin(alice, "a")).__typename).toBe("InitiateOAuthPayload");
  expectRefused(await begin(alice, "a"), "OAUTH_FLOWS", 1, "QUOTA_OAUTH_FLOWS");
  expect((await initiate(await stage.client("bob"), { provider: "anthropic" })).__typename).toBe(
    "InitiateOAuthPayload",
  );
  await stage.database.em().execute("update oauth_flows set expires_at = now() where user_id = 'alice'");
  expect((await begin(alice, "a")).__typename).toBe("InitiateOAuthPayload");
});

describe("calls at the same moment stay within a quota together", () => {
  const environment = {
    QUOTA_CREDENTIALS: "3",
    QUOTA_SESSIONS: "3",
    QUOTA_OAUTH_FLOWS: "3",
  };

  test.each([
    [
      "credentials",
      "provider_credentials",
      (stage: OAuthStage, client: TestClient, index: number) => connect(stage, client, `label ${index}`),
    ],
    ["sessions", "sessions", (_stage: OAuthStage, client: TestClient) => start(client)],
    ["flows", "oauth_flows", (_stage: OAuthStage, client: TestClient) => begin(client, "a")],
  ] as const)("%s", async (_name, table, act) => {
    await using stage = await limits(environment);
    const alice = await stage.client("alice");
    const results = await Promise.all(Array.from({ length: 12 }, (_, index) => act(stage, alice, index)));
    const refused = results.filter(({ __typename }) => __typename === "QuotaExceededError");
    expect(refused).toHaveLength(9);
    expect(await countOf(stage, table)).toBe(3);
  });

  test("and of those with one label, all find the room of the first", async () => {
    await using stage = await limits({ QUOTA_CREDENTIALS: "1" });
    const alice = await stage.client("alice");
    const results = await Promise.all(Array.from({ length: 6 }, () => connect(stage, alice, "one")));
    expect(results.map(({ __typename }) => __typename)).toEqual(Array(6).fill("AuthenticatePayload"));
    expect(await countOf(stage, "provider_credentials")).toBe(1);
  });
});
