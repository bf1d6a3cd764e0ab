import { randomBytes } from "node:crypto";
import { describe, expect, inject, test } from "vitest";
import { openDatabase } from "../../src/app/database.ts";
import { rateLimitNames, rateLimits, type RateLimitSettings } from "../../src/rate-limits/limits.ts";
import { refreshCredentialsMutation } from "../client/operations.ts";
import {
  begin,
  consent,
  type OAuthStage,
  type OAuthStageOptions,
  publicUrl,
  setOAuthStage,
  signIn,
} from "../connect/oauth/oauth-stage.ts";
import { ProtocolSocket } from "../http/websocket/protocol-socket.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp } from "../support/test-app.ts";
import { createServerDatabase } from "../support/test-database.ts";
import { type Answer, call, operation } from "./limited-operations.ts";

const { redisUrl } = inject("testRun");
const postgresUrl = await createServerDatabase();
// Of this run alone: counters in Redis are found by what the key makes of a user's name.
const sharedKey = randomBytes(32).toString("base64");

const hourly = (points: number) => ({ points, seconds: 3_600 });

const stage = (limits: Partial<RateLimitSettings> = {}, options: OAuthStageOptions = {}) =>
  setOAuthStage("anthropic", { rateLimits: limits, ...options });

const key = (apiKey: string) => ({ provider: "anthropic", credential: { apiKey } });
const wrongKey = key("sk-ant-api03-of-nobody");
const tokens = { provider: "anthropic", accessToken: "sk-ant-oat01-of-nobody" };

async function audit({ database }: Pick<OAuthStage, "database">, user = "alice") {
  return database
    .em()
    .execute<Record<"actor" | "action" | "outcome" | "provider", string>[]>(
      "select actor, action, outcome, provider from audit_log where user_id = ? order by id",
      [user],
    );
}

function expectLimited(answer: Answer, windowSeconds = 3_600): void {
  const { type, code, retryAfter, message, status } = answer;
  expect({ type, code, status }).toEqual({ type: "RateLimitedError", code: "RATE_LIMITED", status: 200 });
  expect(retryAfter).toBeGreaterThan(0);
  expect(retryAfter).toBeLessThanOrEqual(windowSeconds);
  expect(message).toMatch(/^Too many .*\. Nothing was tried\. Try again in \d+ s\.$/);
  expect(message).toContain(`in ${retryAfter} s.`);
}

test("by the default limits a user may be wrong ten times in five minutes, and nobody else is held up by it", async () => {
  await using server = await stage();
  const alice = await server.client("alice");
  for (let wrong = 0; wrong < 10; wrong++) {
    expect((await call(alice, "authenticate", wrongKey)).code).toBe("INVALID_CREDENTIAL");
  }
  expectLimited(await call(alice, "authenticate", key(server.api.key)), 300);
  expect(server.api.requests).toHaveLength(10);
  const bob = await server.client("bob");
  expect((await call(bob, "authenticate", key(server.api.key))).type).toBe("AuthenticatePayload");
});

test("a user whose keys are good connects more often than one may be wrong", async () => {
  await using server = await stage({ "authentication-user": hourly(12) });
  const alice = await server.client("alice");
  for (let good = 0; good < 7; good++) {
    expect((await call(alice, "authenticate", key(server.api.key))).type).toBe("AuthenticatePayload");
  }
  expectLimited(await call(alice, "authenticate", key(server.api.key)));
});

test("a provider that is down, and a name that is no provider's, count as little as a good key", async () => {
  await using server = await stage({ "authentication-user": hourly(12) });
  const alice = await server.client("alice");
  server.api.always({ kind: "status", status: 500 });
  for (let down = 0; down < 3; down++) {
    expect((await call(alice, "authenticate", wrongKey)).code).toBe("PROVIDER_UNAVAILABLE");
    expect((await call(alice, "authenticate", { ...wrongKey, provider: "nobody" })).code).toBe("PROVIDER_NOT_FOUND");
  }
  expect((await call(alice, "authenticate", wrongKey)).code).toBe("PROVIDER_UNAVAILABLE");
  expectLimited(await call(alice, "authenticate", wrongKey));
});

const attempts = {
  "authenticate with a key": ["authenticate", wrongKey],
  "authenticate with a code": [
    "authenticate",
    { provider: "anthropic", credential: { oauthCode: { code: "c", state: "of-no-flow" } } },
  ],
  completeOAuth: ["completeOAuth", { code: { code: "c", state: "of-no-flow" } }],
  "completeOAuth with what was pasted": ["completeOAuth", { pasted: "code#of-no-flow" }],
  importCredential: ["importCredential", tokens],
} as const;

test.each(Object.entries(attempts))(
  "%s: a wrong one counts, and is refused with those of all other ways",
  async (_name, [field, input]) => {
    await using server = await stage({ "authentication-user": hourly(12) });
    const alice = await server.client("alice");
    expect((await call(alice, field, input)).code).toMatch(/^(INVALID_CREDENTIAL|OAUTH_STATE_INVALID)$/);
    expect((await call(alice, "authenticate", wrongKey)).code).toBe("INVALID_CREDENTIAL");
    const asked = server.api.requests.length;
    for (const [again, other] of Object.values(attempts)) expectLimited(await call(alice, again, other));
    expect(server.api.requests).toHaveLength(asked);
  },
);

test("a stored credential that is checked too often is refused, by validateCredential and issueAccess alike", async () => {
  await using server = await stage({ "authentication-user": hourly(8) });
  const alice = await server.client("alice");
  await call(alice, "authenticate", key(server.api.key));
  const { data } = (await (await alice.post({ query: "{ viewer { credentials { nodes { id } } } }" })).json()) as {
    data: { viewer: { credentials: { nodes: [{ id: string }] } } };
  };
  const [{ id: credentialId }] = data.viewer.credentials.nodes;
  const grant = await alice.post({
    query:
      'mutation { issueAccess(input: { provider: "anthropic" }) { ... on IssueAccessPayload { grant { grantId } } } }',
  });
  const { grantId } = ((await grant.json()) as { data: { issueAccess: { grant: { grantId: string } } } }).data
    .issueAccess.grant;
  const rejected = { provider: "anthropic", rejectedGrantId: grantId };
  expect((await call(alice, "validateCredential", { credentialId })).type).toBe("ValidateCredentialPayload");
  expect((await call(alice, "issueAccess", rejected)).type).toBe("IssueAccessPayload");
  const asked = server.api.requests.length;
  expectLimited(await call(alice, "validateCredential", { credentialId }));
  expectLimited(await call(alice, "issueAccess", rejected));
  expect(server.api.requests).toHaveLength(asked);
  // Without a rejected grant nobody is asked, and nothing is counted.
  expect((await call(alice, "issueAccess", { provider: "anthropic" })).type).toBe("IssueAccessPayload");
});

test("issueAccess makes no use of counters", async () => {
  await using server = await stage({ "authentication-user": hourly(7) });
  const alice = await server.client("alice");
  await call(alice, "authenticate", key(server.api.key));
  const rows = () => server.database.em().execute("select key, points from rate_limits order by key");
  const before = await rows();
  for (let issued = 0; issued < 20; issued++) {
    expect((await call(alice, "issueAccess", { provider: "anthropic" })).type).toBe("IssueAccessPayload");
  }
  expect(await rows()).toEqual(before);
});

test("OAuth flows are begun so often by one user, and so often from one address", async () => {
  await using server = await stage({ "oauth-start-user": hourly(2), "oauth-start-ip": hourly(3) });
  const [alice, bob, carol] = await Promise.all(["alice", "bob", "carol"].map((user) => server.client(user)));
  const start = { provider: "anthropic" };
  for (const client of [alice!, alice!, bob!]) {
    expect((await call(client, "initiateOAuth", start)).type).toBe("InitiateOAuthPayload");
  }
  const byUser = await call(alice!, "initiateOAuth", start);
  expectLimited(byUser);
  expect(byUser.message).toContain("for this user");
  const byAddress = await call(carol!, "initiateOAuth", start);
  expectLimited(byAddress);
  expect(byAddress.message).toContain("from this address");
});

test("wrong credentials of all users together are limited at one provider, and at no other", async () => {
  await using server = await stage({ "authentication-provider": hourly(12) });
  for (const user of ["alice", "bob"]) {
    expect((await call(await server.client(user), "authenticate", wrongKey)).code).toBe("INVALID_CREDENTIAL");
  }
  const carol = await server.client("carol");
  expectLimited(await call(carol, "authenticate", wrongKey));
  const { type } = await call(carol, "authenticate", { ...wrongKey, provider: "openai" });
  expect(type).not.toBe("RateLimitedError");
});

test("the provider of a flow counts where nobody names it", async () => {
  await using server = await stage({ "authentication-provider": hourly(6) });
  const alice = await server.client("alice");
  const { answer } = await consent(alice, "anthropic");
  expect((await call(await server.client("bob"), "authenticate", wrongKey)).code).toBe("INVALID_CREDENTIAL");
  expectLimited(await call(alice, "completeOAuth", { code: answer }));
  expect(server.vendor.requests.filter(({ path }) => path.includes("token"))).toEqual([]);
});

test("a flow whose completion is refused goes on, and can be completed later", async () => {
  await using server = await stage({ "authentication-user": hourly(6) });
  const { vendor, database } = server;
  const alice = await server.client("alice");
  const { answer } = await consent(alice, "anthropic");
  expect((await call(alice, "authenticate", wrongKey)).code).toBe("INVALID_CREDENTIAL");
  expectLimited(await call(alice, "completeOAuth", { code: answer }));
  await using later = await startTestApp({
    database,
    rateLimits: { "authentication-user": null },
    environment: { PUBLIC_URL: publicUrl, ...vendor.environment("anthropic") },
  });
  expect((await call(await later.client("alice"), "completeOAuth", { code: answer })).type).toBe(
    "CompleteOAuthPayload",
  );
});

test("a service that acts for its users is not limited by its address, and each of its users is", async () => {
  await using server = await stage({ "authentication-user": hourly(6), "authentication-ip": hourly(6) });
  const service = await server.client("service", ["users:act", "credentials:write"]);
  const acting = (user: string) => call(service, "authenticate", wrongKey, { "x-on-behalf-of": user });
  for (const user of ["alice", "bob", "carol"]) expect((await acting(user)).code).toBe("INVALID_CREDENTIAL");
  expectLimited(await acting("alice"));
  expect((await call(await server.client("dave"), "authenticate", wrongKey)).code).toBe("INVALID_CREDENTIAL");
  expectLimited(await call(await server.client("erin"), "authenticate", wrongKey));
});

test("renewals that a user asks for are limited, one by one", async () => {
  await using server = await stage({ "refresh-user": hourly(2) }, { refresh: { intervalMs: 2 ** 31 - 1 } });
  const alice = await server.client("alice");
  const { id: credentialId } = await signIn(alice, "anthropic");
  await signIn(alice, "anthropic", { label: "work" });
  expect((await call(alice, "refreshCredential", { credentialId })).type).toBe("RefreshCredentialPayload");
  const { refreshCredentials } = await alice.execute(refreshCredentialsMutation);
  expect(refreshCredentials.refreshed).toHaveLength(1);
  expect(refreshCredentials.failed).toMatchObject([
    { error: { __typename: "RateLimitedError", code: "RATE_LIMITED" } },
  ]);
  expectLimited(await call(alice, "refreshCredential", { credentialId }));
});

test("sessions are started so often by one user", async () => {
  await using server = await stage({ "session-start-user": hourly(2) });
  const alice = await server.client("alice");
  for (let started = 0; started < 2; started++) {
    expect((await call(alice, "startSession", {})).type).toBe("StartSessionPayload");
  }
  expectLimited(await call(alice, "startSession", {}));
  expect((await call(await server.client("bob"), "startSession", {})).type).toBe("StartSessionPayload");
});

test("an answer that was rate limited has the header fields for it, and no other answer has", async () => {
  await using server = await stage({ "authentication-user": hourly(6) });
  const alice = await server.client("alice");
  const wrong = await call(alice, "authenticate", wrongKey);
  for (const name of ["retry-after", "ratelimit", "ratelimit-policy"]) expect(wrong.headers.has(name)).toBe(false);
  const { headers, retryAfter } = await call(alice, "authenticate", wrongKey);
  expect(headers.get("retry-after")).toBe(String(retryAfter));
  expect(headers.get("ratelimit")).toBe(`"authentication-user";r=0;t=${retryAfter}`);
  expect(headers.get("ratelimit-policy")).toBe('"authentication-user";q=6;w=3600');
});

test("over WebSocket and SSE the same attempts count, and are refused in the same words", async () => {
  await using server = await stage({ "authentication-user": hourly(18) });
  const alice = await server.client("alice");
  const token = await server.token("alice");
  await using socket = await ProtocolSocket.connect(server.baseUrl, token);
  const overSocket = async () => {
    socket.subscribe(crypto.randomUUID(), operation("authenticate"), { input: wrongKey });
    return JSON.stringify(await socket.until(({ type }) => type === "complete"));
  };
  const overSse = async () => {
    const query = { query: operation("authenticate"), variables: { input: wrongKey } };
    return (await alice.post(query, { accept: "text/event-stream" })).text();
  };
  expect(await overSocket()).toContain("INVALID_CREDENTIAL");
  expect(await overSse()).toContain("INVALID_CREDENTIAL");
  expect((await call(alice, "authenticate", wrongKey)).code).toBe("INVALID_CREDENTIAL");
  for (const answer of [await overSocket(), await overSse()]) {
    expect(answer).toContain('"code":"RATE_LIMITED"');
    expect(answer).toMatch(/"retryAfter":\d+/);
  }
  expect(server.api.requests).toHaveLength(3);
});

test("attempts that are refused leave one audit row in a window", async () => {
  await using server = await stage({ "authentication-user": hourly(6), "oauth-start-user": hourly(1) });
  const alice = await server.client("alice");
  await begin(alice, "anthropic");
  for (let attempt = 0; attempt < 5; attempt++) await call(alice, "authenticate", wrongKey);
  for (let attempt = 0; attempt < 3; attempt++) await call(alice, "importCredential", tokens);
  for (let attempt = 0; attempt < 3; attempt++) await call(alice, "initiateOAuth", { provider: "anthropic" });
  const row = { actor: "alice", action: "credential.authenticate", outcome: "RATE_LIMITED", provider: "anthropic" };
  expect(await audit(server)).toEqual([
    { ...row, outcome: "INVALID_CREDENTIAL" },
    row,
    { ...row, action: "credential.import" },
    row,
  ]);
});

test("limits that are switched off refuse nothing", async () => {
  const off = Object.fromEntries(rateLimitNames.map((name) => [name, null]));
  await using server = await stage(off);
  const alice = await server.client("alice");
  const most = rateLimits["authentication-user"].points / rateLimits["authentication-user"].cost;
  for (let wrong = 0; wrong <= most; wrong++) {
    expect((await call(alice, "authenticate", wrongKey)).code).toBe("INVALID_CREDENTIAL");
  }
});

describe.each([
  ["over the database", null],
  ["over Redis", redisUrl],
])("two servers %s", (name, eventsUrl) => {
  const isThere = postgresUrl !== null && (eventsUrl !== null || name === "over the database");

  test.runIf(isThere)(
    "count wrong credentials of the same moment together, and tell of the refusals once",
    async () => {
      await using provider = await startMockProvider("anthropic");
      const environment = {
        ANTHROPIC_API_BASE_URL: provider.baseUrl,
        DATABASE_URL: postgresUrl!,
        CREDENTIAL_ENCRYPTION_KEY: sharedKey,
        ...(eventsUrl === null ? {} : { EVENTS_URL: eventsUrl }),
      };
      const limits = { "authentication-user": hourly(30) };
      await using here = await startTestApp({ environment, rateLimits: limits });
      await using there = await startTestApp({ environment, rateLimits: limits });
      const user = `alice ${name}`;
      const clients = [await here.client(user), await there.client(user)];
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => call(clients[index % 2]!, "authenticate", wrongKey)),
      );
      const codes = answers.map(({ code }) => code);
      expect(codes.filter((code) => code === "INVALID_CREDENTIAL")).toHaveLength(5);
      expect(codes.filter((code) => code === "RATE_LIMITED")).toHaveLength(15);
      expect(provider.requests).toHaveLength(5);
      await using database = await openDatabase({ kind: "postgres", url: postgresUrl! });
      const refused = (await audit({ database }, user)).filter(({ outcome }) => outcome === "RATE_LIMITED");
      expect(refused).toHaveLength(1);
    },
  );
});
