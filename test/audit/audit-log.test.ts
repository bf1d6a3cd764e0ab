import { expect, test } from "vitest";
import { writeAudit } from "../../src/audit/audit-log.ts";
import { AuditReader } from "../../src/audit/audit-reader.ts";
import type { Database, EntityManager } from "../../src/db/database.ts";
import { encodeNodeId } from "../../src/graphql/node-id.ts";
import type { AuditLogQueryVariables } from "../client/gql/graphql.ts";
import {
  auditLogQuery,
  authenticateMutation,
  clearProviderMutation,
  completeOAuthMutation,
  endOtherSessionsMutation,
  importCredentialMutation,
  refreshCredentialMutation,
  userAuditLogQuery,
  validateCredentialMutation,
} from "../client/operations.ts";
import { complete, consent, signIn } from "../connect/oauth/oauth-stage.ts";
import {
  connectKey,
  end,
  nobodysSession,
  revoke,
  setSessionStage,
  startSession,
  StillClock,
} from "../sessions/session-stage.ts";
import { TestClient } from "../support/test-client.ts";
import { createTestDatabase } from "../support/test-database.ts";

async function readLog(client: TestClient, variables: AuditLogQueryVariables = {}) {
  return (await client.execute(auditLogQuery, { first: 100, ...variables })).viewer.auditLog;
}

/** What an action adds to the log of the user who does it. */
async function added(client: TestClient, action: () => Promise<unknown>) {
  const before = (await readLog(client)).nodes.length;
  await action();
  return (await readLog(client)).nodes.slice(before);
}

const ofAlice = { actor: "alice", ip: "127.0.0.1", userAgent: expect.stringContaining("") as string };
const nobodysCredential = encodeNodeId("Credential", crypto.randomUUID());

const authenticate = (client: TestClient, apiKey: string) =>
  client.execute(authenticateMutation, { input: { provider: "anthropic", credential: { apiKey } } });
const validate = (client: TestClient, credentialId: string) =>
  client.execute(validateCredentialMutation, { input: { credentialId } });
const refresh = (client: TestClient, credentialId: string) =>
  client.execute(refreshCredentialMutation, { input: { credentialId } });
const importToken = (client: TestClient, accessToken: string) =>
  client.execute(importCredentialMutation, { input: { provider: "anthropic", accessToken } });

test("each action on a credential adds one entry, with who did it, to what, from where and how it ended", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  let id = "";
  const expectOne = async (action: () => Promise<unknown>, entry: Record<string, unknown>) =>
    expect(await added(client, action)).toEqual([expect.objectContaining({ ...ofAlice, ...entry })]);
  const provider = "anthropic";
  const succeeded = { outcome: "succeeded", provider };
  await expectOne(async () => (id = await connectKey(client, stage)), {
    action: "credential.authenticate",
    ...succeeded,
  });
  await expectOne(() => validate(client, id), { action: "credential.validate", credentialId: id, ...succeeded });
  await expectOne(() => revoke(client, id), { action: "credential.revoke", credentialId: id, ...succeeded });
  await expectOne(async () => (id = (await signIn(client, provider)).id), {
    action: "credential.authenticate",
    ...succeeded,
  });
  await expectOne(() => refresh(client, id), {
    action: "credential.refresh",
    credentialId: id,
    ...succeeded,
    ip: null,
    userAgent: null,
  });
  stage.api.next({ kind: "status", status: 200, body: { data: [] } });
  await expectOne(() => importToken(client, "an-access-token"), { action: "credential.import", ...succeeded });
});

test("each refusal adds one entry with its code", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const key = await connectKey(client, stage);
  const expectOne = async (action: () => Promise<unknown>, entry: Record<string, unknown>) =>
    expect(await added(client, action)).toEqual([expect.objectContaining({ ...ofAlice, ...entry })]);
  const provider = "anthropic";
  await expectOne(() => authenticate(client, "sk-ant-wrong"), {
    action: "credential.authenticate",
    outcome: "INVALID_CREDENTIAL",
    provider,
    credentialId: null,
  });
  await expectOne(() => importToken(client, "wrong"), { action: "credential.import", outcome: "INVALID_CREDENTIAL" });
  const missing = { outcome: "CREDENTIAL_NOT_FOUND", provider: null, credentialId: null };
  await expectOne(() => revoke(client, nobodysCredential), { action: "credential.revoke", ...missing });
  await expectOne(() => validate(client, nobodysCredential), { action: "credential.validate", ...missing });
  await expectOne(() => refresh(client, nobodysCredential), { action: "credential.refresh", ...missing });
  await expectOne(() => refresh(client, key), {
    action: "credential.refresh",
    outcome: "METHOD_UNAVAILABLE",
    provider,
    credentialId: key,
  });
  const { answer } = await consent(client, provider);
  await expectOne(() => complete(client, { code: { ...answer, state: "unknown" } }), {
    action: "credential.authenticate",
    outcome: "OAUTH_STATE_INVALID",
  });
  const input = { code: { ...answer, code: "wrong" } };
  await expectOne(() => client.execute(completeOAuthMutation, { input }), {
    action: "credential.authenticate",
    outcome: "INVALID_CREDENTIAL",
    provider,
  });
});

test("sessions that a user starts and ends are on record, once for each call that changed something", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const phone = await startSession(client);
  const laptop = await startSession(client);
  await startSession(client);
  const actions = async (action: () => Promise<unknown>) => (await added(client, action)).map((entry) => entry.action);
  const endOthers = () => client.execute(endOtherSessionsMutation, { input: { keepSessionId: laptop } });
  expect(await actions(() => startSession(client))).toEqual(["session.start"]);
  expect(await actions(() => end(client, phone))).toEqual(["session.end"]);
  expect(await actions(() => end(client, phone))).toEqual([]);
  expect(await actions(endOthers)).toEqual(["session.end_others"]);
  expect(await actions(endOthers)).toEqual([]);
  expect(await actions(() => end(client, nobodysSession()))).toEqual([]);
  await connectKey(client, stage);
  const clear = { input: { sessionId: laptop, provider: "anthropic" } };
  expect(await actions(() => client.execute(clearProviderMutation, clear))).toEqual(["credential.revoke"]);
});

test("what a service does for a user stands in the user's log with both identities, and in nobody else's", async () => {
  await using stage = await setSessionStage();
  const alice = await stage.client("alice");
  const scopes = ["users:act", "credentials:write", "credentials:read"] as const;
  const backend = new TestClient(stage.baseUrl, await stage.token("backend", { scopes }), {
    "x-on-behalf-of": "alice",
  });
  await connectKey(backend, stage);
  expect((await readLog(alice)).nodes).toMatchObject([{ actor: "backend", action: "credential.authenticate" }]);
  expect((await readLog(backend)).nodes).toEqual((await readLog(alice)).nodes);
  expect((await readLog(await stage.client("backend"))).nodes).toEqual([]);
  expect((await readLog(await stage.client("bob"))).nodes).toEqual([]);
});

test("another user's log needs the scope users:act, and any log the scope credentials:read", async () => {
  await using stage = await setSessionStage();
  await startSession(await stage.client("alice"));
  const { errors } = await (await stage.client("bob")).send(userAuditLogQuery, { id: "alice" });
  expect(errors).toMatchObject([{ extensions: { code: "FORBIDDEN" } }]);
  const blind = await stage.client("alice", ["sessions"]);
  expect((await blind.send(auditLogQuery)).errors).toMatchObject([{ extensions: { code: "FORBIDDEN" } }]);
  const service = await stage.client("backend", ["users:act", "credentials:read"]);
  expect((await service.execute(userAuditLogQuery, { id: "alice" })).user?.auditLog.nodes).toEqual([
    { actor: "alice", action: "session.start" },
  ]);
});

// Without a step all entries have the same millisecond.
test.each([1, 0])("pages go through the log in the order of time, %i seconds apart", async (seconds) => {
  const clock = new StillClock();
  await using stage = await setSessionStage({ clock });
  const client = await stage.client("alice");
  // The entries' numbers, too, are compared as numbers.
  await stage.database.em().execute("select setval('audit_log_id_seq', 7)");
  for (let index = 0; index < 5; index++) {
    clock.advance(seconds);
    await startSession(client);
  }
  const { nodes: all } = await readLog(client);
  expect(new Set(all.map(({ id }) => id)).size).toBe(5);
  expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).toSorted());
  const forwards = [];
  for (let after: string | null = null, more = true; more;) {
    const page: Awaited<ReturnType<typeof readLog>> = await readLog(client, { first: 2, after });
    forwards.push(...page.nodes);
    ({ endCursor: after, hasNextPage: more } = page.pageInfo);
  }
  expect(forwards).toEqual(all);
  const backwards = [];
  for (let before: string | null = null, more = true; more;) {
    const page: Awaited<ReturnType<typeof readLog>> = await readLog(client, { first: null, last: 2, before });
    backwards.unshift(...page.nodes);
    ({ startCursor: before, hasPreviousPage: more } = page.pageInfo);
  }
  expect(backwards).toEqual(all);
});

test.each([
  { first: 101 },
  { after: "garbage" },
  { after: Buffer.from("c1.1.99999999999999999999").toString("base64url") },
  { after: Buffer.from(`c1.1.${crypto.randomUUID()}`).toString("base64url") },
])("the page %j is refused with the code VALIDATION_FAILED", async (variables) => {
  await using stage = await setSessionStage();
  const { errors } = await (await stage.client("alice")).send(auditLogQuery, variables);
  expect(errors).toMatchObject([{ extensions: { code: "VALIDATION_FAILED" } }]);
});

test("a page is found by the index, however long the log is", async () => {
  await using database = await createTestDatabase();
  await database.em().execute(
    `insert into audit_log (at, user_id, actor, action, outcome)
      select now() - i * interval '1 second', 'user ' || i % 50, 'x', 'session.start', 'succeeded' from generate_series(1, 20000) i`,
  );
  await database.em().execute("analyze audit_log");
  const plans: string[] = [];
  const explain = (em: EntityManager) =>
    Object.assign(Object.create(em) as EntityManager, {
      execute: async (sql: string, values: unknown[]) => {
        if (!sql.startsWith("select")) return em.execute(sql, values);
        const rows = await em.execute<Record<string, string>[]>(`explain ${sql}`, values);
        plans.push(rows.map((row) => row["QUERY PLAN"]).join("\n"));
        return [];
      },
    });
  const explaining: Database = {
    ...database,
    em: () => explain(database.em()),
    transaction: (work) => database.transaction((em) => work(explain(em))),
  };
  const reader = new AuditReader(explaining);
  const place = { createdAt: new Date(Date.now() - 10_000_000), id: "1" };
  await reader.list("user 1", { limit: 21, inverted: false, after: place });
  await reader.list("user 1", { limit: 21, inverted: true, before: place });
  for await (const _batch of reader.batches({ userId: null, since: new Date(0), until: new Date() }, 100));
  expect(plans).toHaveLength(3);
  for (const plan of plans.slice(0, 2)) {
    expect(plan).toMatch(/Index Scan( Backward)? using audit_log_user_id_index/);
    expect(plan).toMatch(/Index Cond: .*user_id.*ROW\(at, id\)/);
    expect(plan).not.toContain("Sort");
  }
  expect(plans[2]).toMatch(/Index Scan using audit_log_at_index/);
});

test("a program's name is kept up to 256 characters, and is a text wherever it is cut", async () => {
  const database = await createTestDatabase();
  const entry = { actor: "alice", ip: null, provider: null, credentialId: null, userId: "alice" } as const;
  for (const userAgent of ["x".repeat(300), `${"x".repeat(255)}😀`, null]) {
    await writeAudit(database.em(), new Date(), { ...entry, userAgent, action: "session.start", outcome: "succeeded" });
  }
  const rows = await new AuditReader(database).list("alice", { limit: 9, inverted: false });
  expect(rows.map(({ userAgent }) => userAgent)).toEqual(["x".repeat(256), `${"x".repeat(255)}\ufffd`, null]);
});

test("what concerns the whole server is in no user's log", async () => {
  await using stage = await setSessionStage();
  const entry = { actor: "operator", ip: null, userAgent: null, provider: null, credentialId: null } as const;
  await stage.database.transaction((em) =>
    writeAudit(em, new Date(), { ...entry, userId: null, action: "key.rotate", outcome: "succeeded" }),
  );
  for (const user of ["operator", "null", "alice"]) {
    expect((await readLog(await stage.client(user))).nodes).toEqual([]);
  }
});
