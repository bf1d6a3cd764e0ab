import { describe, expect, test } from "vitest";
import { operation } from "../rate-limits/limited-operations.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp } from "../support/test-app.ts";
import { createTestDatabase } from "../support/test-database.ts";
import { callerTransports } from "./caller-transports.ts";

async function setStage() {
  const provider = await startMockProvider("anthropic");
  const database = await createTestDatabase();
  const server = await startTestApp({ database, environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl } });
  return {
    server,
    provider,
    bearer: async (user: string, scopes: Parameters<typeof server.token>[1]) =>
      `Bearer ${await server.token(user, scopes)}`,
    audited: () => database.em().execute("select actor, user_id, action, outcome from audit_log order by id"),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

describe.each(callerTransports)("over $name", ({ name, send }) => {
  const forbidden = name === "WebSocket" ? 4403 : 403;

  test("a service acts for the user that it names, and is on record with both identities", async () => {
    await using stage = await setStage();
    const authorization = await stage.bearer("service", { scopes: ["users:act", "credentials:write"] });
    expect((await send(stage.server, { authorization, onBehalfOf: "bob" })).text).toContain('"userId":"bob"');
    expect((await send(stage.server, { authorization })).text).toContain('"userId":"service"');
    const connect = (apiKey: string) =>
      send(stage.server, {
        authorization,
        onBehalfOf: "bob",
        query: operation("authenticate"),
        variables: { input: { provider: "anthropic", credential: { apiKey } } },
      });
    expect((await connect("sk-ant-api03-of-nobody")).text).toContain("INVALID_CREDENTIAL");
    expect((await connect(stage.provider.key)).text).toContain("AuthenticatePayload");
    const row = { actor: "service", user_id: "bob", action: "credential.authenticate" };
    expect(await stage.audited()).toEqual([
      { ...row, outcome: "INVALID_CREDENTIAL" },
      { ...row, outcome: "succeeded" },
    ]);
  });

  test("nobody acts for another without the scope for it, with whatever other scopes", async () => {
    await using stage = await setStage();
    const authorization = await stage.bearer("alice", {
      scopes: ["credentials:read", "credentials:write", "credentials:use", "credentials:import", "sessions", "admin"],
    });
    for (const onBehalfOf of ["bob", "alice"]) {
      const answer = await send(stage.server, { authorization, onBehalfOf });
      expect(answer).toEqual({ status: forbidden, text: "The token needs the scope `users:act`." });
    }
  });

  test("a service may name one user only, and somebody", async () => {
    await using stage = await setStage();
    const authorization = await stage.bearer("service", { scopes: ["users:act"] });
    for (const onBehalfOf of ["", "x".repeat(256)]) {
      expect((await send(stage.server, { authorization, onBehalfOf })).status).toBe(forbidden);
    }
  });
});
