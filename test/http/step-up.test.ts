import { describe, expect, test } from "vitest";
import type { Scope } from "../../src/callers/scope.ts";
import { userScopes } from "../../src/callers/scope.ts";
import { signToken } from "../../src/callers/token-verifier.ts";
import { startSession } from "../sessions/session-stage.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp } from "../support/test-app.ts";
import { TestClient } from "../support/test-client.ts";
import { createTestDatabase } from "../support/test-database.ts";
import { ProtocolSocket } from "./websocket/protocol-socket.ts";

interface Login {
  readonly acr?: string;
  readonly amr?: readonly string[];
  /** Seconds since. */
  readonly ago?: number;
}

const nobodysCredential = Buffer.from(`Credential:${crypto.randomUUID()}`).toString("base64url");

/** Each sensitive mutation, of something that is not there: whoever may do it is told that. */
const sensitive = {
  revokeCredential: `mutation { revokeCredential(input: { credentialId: "${nobodysCredential}" }) { __typename } }`,
  clearProvider: `mutation { clearProvider(input: { sessionId: "${nobodysCredential}", provider: "anthropic" }) { __typename } }`,
  importCredential: 'mutation { importCredential(input: { provider: "nobody", accessToken: "t" }) { __typename } }',
} as const;

async function setStage(environment: Record<string, string>) {
  const provider = await startMockProvider("anthropic");
  const database = await createTestDatabase();
  const server = await startTestApp({
    database,
    environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl, ...environment },
  });
  const { callerTokens } = server.config;
  if (callerTokens.kind !== "secret") throw new Error("this server does not sign tokens");
  const token = async (user: string, { ago = 0, ...login }: Login = {}, scopes: readonly Scope[] = userScopes) => {
    const clock = { now: () => new Date(Date.now() - ago * 1_000) };
    return signToken(callerTokens, { subject: user, scopes, lifetime: 7_200, login }, clock);
  };
  return {
    server,
    provider,
    token,
    client: async (login: Login = {}, scopes: readonly Scope[] = userScopes) =>
      new TestClient(server.baseUrl, await token("alice", login, scopes)),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

interface Body {
  readonly data?: Record<string, { __typename: string } | null> | null;
  readonly errors?: readonly [{ message: string; extensions: Record<string, unknown> }];
}

async function send(client: TestClient, query: string, headers: Record<string, string> = {}) {
  const response = await client.post({ query }, headers);
  return {
    status: response.status,
    challenge: response.headers.get("www-authenticate"),
    ...((await response.json()) as Body),
  };
}

const code = "INSUFFICIENT_USER_AUTHENTICATION";

describe.each(Object.entries(sensitive))("%s", (_name, query) => {
  test("needs a login that is recent, strong and by the right means, where the operator asks for all three", async () => {
    const environment = { STEP_UP_MAX_AGE: "300", STEP_UP_ACR_VALUES: "silver,gold", STEP_UP_AMR: "mfa,hwk" };
    await using stage = await setStage(environment);
    const good = { ago: 200, acr: "gold", amr: ["pwd", "hwk"] };
    expect((await send(await stage.client(good), query)).errors).toBeUndefined();
    for (const login of [
      { ...good, ago: 400 },
      { ...good, ago: -60 },
      { ...good, acr: "bronze" },
      { ...good, acr: "silver,gold" },
      { ...good, amr: ["pwd"] },
      { ...good, amr: [] },
      {},
    ]) {
      const { status, challenge, data, errors } = await send(await stage.client(login), query);
      expect({ status, data }).toEqual({ status: 401, data: null });
      expect(errors?.[0].extensions).toEqual({
        code,
        maxAge: 300,
        acrValues: ["silver", "gold"],
        amrValues: ["mfa", "hwk"],
      });
      expect(errors?.[0].message).toBe(
        "This requires a login within the last 300 s, at one of the levels silver, gold, by one of the methods mfa, hwk. Let the user log in that way, then repeat it with the new token.",
      );
      expect(challenge).toBe(
        `Bearer realm="maestro-auth", error="insufficient_user_authentication", error_description="${errors?.[0].message}", max_age=300, acr_values="silver gold"`,
      );
    }
  });

  test("needs no login where the operator asks for none", async () => {
    await using stage = await setStage({});
    expect((await send(await stage.client({ ago: 3_600 }), query)).errors).toBeUndefined();
  });

  test("is refused over WebSocket and SSE alike, with the same error", async () => {
    await using stage = await setStage({ STEP_UP_AMR: "mfa" });
    const expected = { code, maxAge: null, acrValues: [], amrValues: ["mfa"] };
    await using socket = await ProtocolSocket.connect(stage.server.baseUrl, await stage.token("alice"));
    socket.subscribe("1", query);
    const [next] = await socket.until(({ type }) => type === "complete");
    expect((next!.payload as Body).errors?.[0].extensions).toEqual(expected);
    const client = await stage.client();
    const response = await client.post({ query }, { accept: "text/event-stream" });
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer .*error="insufficient_user_authentication"/);
    const [, data] = /^data: (\{.*)$/m.exec(await response.text())!;
    expect((JSON.parse(data!) as Body).errors?.[0].extensions).toEqual(expected);
    await using strong = await ProtocolSocket.connect(
      stage.server.baseUrl,
      await stage.token("alice", { amr: ["mfa"] }),
    );
    strong.subscribe("1", query);
    expect(JSON.stringify(await strong.until(({ type }) => type === "complete"))).not.toContain(code);
  });

  test("is told of a missing scope before anything of the login", async () => {
    await using stage = await setStage({ STEP_UP_AMR: "mfa" });
    const { status, errors } = await send(await stage.client({ amr: ["mfa"] }, ["credentials:read"]), query);
    expect(status).toBe(200);
    expect(errors?.[0].extensions["code"]).toBe("FORBIDDEN");
  });

  test("is done by a service only with a token of a login, whomever it acts for", async () => {
    await using stage = await setStage({ STEP_UP_AMR: "mfa" });
    const scopes = [...userScopes, "users:act", "admin"] as const;
    const acting = { "x-on-behalf-of": "bob" };
    const refused = await send(await stage.client({}, scopes), query, acting);
    expect(refused.errors?.[0].extensions["code"]).toBe(code);
    expect((await send(await stage.client({ amr: ["mfa"] }, scopes), query, acting)).errors).toBeUndefined();
  });
});

test("each claim alone can be asked for", async () => {
  const query = sensitive.revokeCredential;
  for (const [environment, login] of [
    [{ STEP_UP_MAX_AGE: "60" }, { ago: 30 }],
    [{ STEP_UP_ACR_VALUES: "gold" }, { acr: "gold", ago: 3_600 }],
    [{ STEP_UP_AMR: "mfa" }, { amr: ["mfa"], ago: 3_600 }],
  ] as [Record<string, string>, Login][]) {
    await using stage = await setStage(environment);
    expect((await send(await stage.client(login), query)).errors).toBeUndefined();
    expect((await send(await stage.client({ ago: 7_000 }), query)).errors?.[0].extensions["code"]).toBe(code);
  }
});

test("a login grows old while its token is still good", async () => {
  let ahead = 0;
  const clock = { now: () => new Date(Date.now() + ahead) };
  await using server = await startTestApp({ clock, environment: { STEP_UP_MAX_AGE: "300" } });
  const client = await server.client("alice");
  expect((await send(client, sensitive.revokeCredential)).errors).toBeUndefined();
  ahead = 306_000;
  expect((await send(client, sensitive.revokeCredential)).errors?.[0].extensions["code"]).toBe(code);
});

test("what was refused has not been done, and all else needs no such login", async () => {
  await using stage = await setStage({ STEP_UP_MAX_AGE: "60" });
  const client = await stage.client({ ago: 3_600 });
  const connected = await send(
    client,
    `mutation { authenticate(input: { provider: "anthropic", credential: { apiKey: "${stage.provider.key}" } }) { ... on AuthenticatePayload { __typename credential { id } } } }`,
  );
  const { credential } = connected.data!["authenticate"] as unknown as { credential: { id: string } };
  const sessionId = await startSession(client);
  await send(client, `mutation { revokeCredential(input: { credentialId: "${credential.id}" }) { __typename } }`);
  await send(
    client,
    `mutation { clearProvider(input: { sessionId: "${sessionId}", provider: "anthropic" }) { __typename } }`,
  );
  const { data } = await send(client, 'mutation { issueAccess(input: { provider: "anthropic" }) { __typename } }');
  expect(data).toEqual({ issueAccess: { __typename: "IssueAccessPayload" } });
});
