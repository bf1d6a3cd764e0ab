import { expect, test } from "vitest";
import { ServiceAccesses } from "../../src/audit/service-accesses.ts";
import type { Database } from "../../src/db/database.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLogger } from "../../src/observability/logger.ts";
import {
  auditLogQuery,
  credentialEventsSubscription,
  nodeQuery,
  oauthFlowSubscription,
  userAuditLogQuery,
  viewerQuery,
} from "../client/operations.ts";
import { begin } from "../connect/oauth/oauth-stage.ts";
import { connectKey, granted, issue, setSessionStage, StillClock } from "../sessions/session-stage.ts";
import { TestClient } from "../support/test-client.ts";
import { createTestDatabase } from "../support/test-database.ts";

const log = createLogger("silent");
const byBackend = { userId: "alice", actor: "backend", ip: "10.0.0.7", userAgent: "backend/1" };
const credentialId = crypto.randomUUID();
const succeeded = { action: "credential.access", outcome: "succeeded", provider: "anthropic", credentialId } as const;

async function readAccesses(database: Database) {
  return database
    .em()
    .execute(
      "select user_id, actor, outcome, provider, credential_id, ip from audit_log where action = 'credential.access' order by at, id",
    );
}

async function serviceFor(stage: Awaited<ReturnType<typeof setSessionStage>>, user: string) {
  const token = await stage.token("backend", { scopes: ["users:act", "credentials:use"] });
  return new TestClient(stage.baseUrl, token, { "x-on-behalf-of": user });
}

test("a service's issueAccess stands in its user's log once, whatever it asks in that hour; a user's own does not", async () => {
  await using stage = await setSessionStage();
  const alice = await stage.client("alice");
  const id = await connectKey(alice, stage);
  const backend = await serviceFor(stage, "alice");
  await granted(alice, { provider: "anthropic" });
  for (let call = 0; call < 3; call++) await granted(backend, { provider: "anthropic" });
  for (let call = 0; call < 2; call++) await issue(backend, { provider: "openai" });
  const accesses = async () =>
    (await alice.execute(auditLogQuery, { first: 100 })).viewer.auditLog.nodes
      .filter(({ action }) => action === "credential.access")
      .map(({ actor, outcome, provider, credentialId, ip }) => ({ actor, outcome, provider, credentialId, ip }));
  const entry = { actor: "backend", ip: "127.0.0.1" };
  await expect.poll(accesses, { timeout: 60_000 }).toEqual([
    { ...entry, outcome: "succeeded", provider: "anthropic", credentialId: id },
    { ...entry, outcome: "CREDENTIAL_NOT_FOUND", provider: "openai", credentialId: null },
  ]);
});

test("putting a service's access on record costs its call no statement", async () => {
  const real = await createTestDatabase();
  const statements: string[] = [];
  const database: Database = {
    ...real,
    query: (statement, values) => {
      statements.push(statement.name);
      return real.query(statement, values);
    },
  };
  await using stage = await setSessionStage({ database });
  const alice = await stage.client("alice");
  await connectKey(alice, stage);
  const backend = await serviceFor(stage, "alice");
  const accessStatements = async (client: TestClient) => {
    statements.length = 0;
    await granted(client, { provider: "anthropic" });
    return statements.filter((name) => name.includes("access") && !name.startsWith("record_"));
  };
  expect(await accessStatements(alice)).toEqual(["credentials_for_access"]);
  expect(await accessStatements(backend)).toEqual(["credentials_for_access"]);
  // It follows by itself.
  await expect.poll(() => readAccesses(real), { timeout: 60_000 }).toHaveLength(1);
});

test("what a service reads and follows of a user stands in the user's log once in an hour, and costs no call a statement", async () => {
  const clock = new StillClock();
  // The last ten minutes of an hour.
  clock.advance(6_600 - ((clock.now().getTime() / 1000) % 3_600));
  const real = await createTestDatabase();
  const written: string[] = [];
  const database: Database = {
    ...real,
    query: (statement, values) => {
      if (statement.name === "record_service_accesses") written.push(...(JSON.parse(String(values[0])) as string[]));
      return real.query(statement, values);
    },
  };
  await using stage = await setSessionStage({ database, clock });
  const token = await stage.token("backend", { scopes: ["users:act", "credentials:read", "sessions"] });
  const backend = new TestClient(stage.baseUrl, token);
  const forAlice = new TestClient(stage.baseUrl, token, { "x-on-behalf-of": "alice" });
  const [alice, carol] = [await stage.client("alice"), await stage.client("carol")];
  const entries = async () =>
    (await alice.execute(auditLogQuery, { first: 100 })).viewer.auditLog.nodes
      .map(({ actor, action, outcome, ip }) => ({ actor, action, outcome, ip }))
      .toSorted((one, other) => one.action.localeCompare(other.action));
  const entry = { actor: "backend", outcome: "succeeded", ip: "127.0.0.1" };
  const read = { ...entry, action: "user.read" };
  const followed = { ...entry, action: "user.follow" };

  const { viewer } = await alice.execute(viewerQuery);
  await backend.execute(viewerQuery);
  await backend.execute(userAuditLogQuery, { id: "alice" });
  await expect.poll(entries, { timeout: 60_000 }).toEqual([read]);
  for (let again = 0; again < 3; again++) {
    await backend.execute(userAuditLogQuery, { id: "alice" });
    await forAlice.execute(viewerQuery);
    await forAlice.execute(nodeQuery, { id: viewer.id });
  }
  for (const subscribe of ["subscribeSse", "subscribeWebSocket"] as const) {
    await using events = await forAlice[subscribe](credentialEventsSubscription, { after: viewer.eventCursor });
    await using own = await alice[subscribe](credentialEventsSubscription, { after: viewer.eventCursor });
    await connectKey(alice, stage, { label: subscribe });
    expect([await events.next(), await own.next()]).toMatchObject([{ data: {} }, { data: {} }]);
  }
  const byService = async () => (await entries()).filter(({ actor }) => actor === "backend");
  await expect.poll(byService, { timeout: 60_000 }).toEqual([followed, read]);
  expect(written).toHaveLength(2);

  clock.advance(900);
  await forAlice.execute(nodeQuery, { id: viewer.id });
  await expect.poll(byService, { timeout: 60_000 }).toEqual([followed, read, read]);
  expect((await carol.execute(auditLogQuery, { first: 100 })).viewer.auditLog.nodes).toEqual([]);
});

test("a flow that a service follows for its user stands in the user's log", async () => {
  await using stage = await setSessionStage();
  const alice = await stage.client("alice");
  const { id } = await begin(alice, "anthropic");
  const token = await stage.token("backend", { scopes: ["users:act", "credentials:read"] });
  const forAlice = new TestClient(stage.baseUrl, token, { "x-on-behalf-of": "alice" });
  await using flow = await forAlice.subscribeSse(oauthFlowSubscription, { id });
  expect(await flow.next()).toMatchObject({ data: { oauthFlow: { status: "PENDING" } } });
  const actions = async () =>
    (await alice.execute(auditLogQuery, { first: 100 })).viewer.auditLog.nodes
      .filter(({ actor }) => actor === "backend")
      .map(({ action }) => action);
  await expect.poll(actions, { timeout: 60_000 }).toEqual(["user.follow"]);
});

test("of two processes that see the same service in the same hour one adds the entry, and the next hour has its own", async () => {
  await using database = await createTestDatabase();
  // The start of an hour.
  const clock = new StillClock();
  clock.advance(3_600 - ((clock.now().getTime() / 1000) % 3_600));
  await using here = new ServiceAccesses(database, clock, log);
  await using there = new ServiceAccesses(database, clock, log);
  for (const process of [here, there]) process.record(byBackend, succeeded);
  await Promise.all([here.flush(), there.flush()]);
  const entry = { user_id: "alice", actor: "backend", ip: "10.0.0.7", provider: "anthropic" };
  const success = { ...entry, outcome: "succeeded", credential_id: credentialId };
  expect(await readAccesses(database)).toEqual([success]);
  here.record(byBackend, succeeded);
  clock.advance(1);
  here.record(byBackend, { ...succeeded, outcome: "REAUTHENTICATION_REQUIRED", credentialId: null });
  clock.advance(1);
  here.record({ ...byBackend, actor: "other" }, succeeded);
  here.record({ ...byBackend, actor: "alice" }, succeeded);
  await here.flush();
  clock.advance(3_600);
  there.record(byBackend, succeeded);
  await there.flush();
  expect(await readAccesses(database)).toEqual([
    success,
    { ...entry, outcome: "REAUTHENTICATION_REQUIRED", credential_id: null },
    { ...success, actor: "other" },
    success,
  ]);
});

test("what came of an access, and for which provider and credential, are entries of their own in the same hour", async () => {
  await using database = await createTestDatabase();
  await using accesses = new ServiceAccesses(database, new StillClock(), log);
  const refused = { ...succeeded, credentialId: null };
  const others = [
    succeeded,
    { ...succeeded, credentialId: crypto.randomUUID() },
    { ...refused, outcome: "CREDENTIAL_NOT_FOUND" },
    { ...refused, outcome: "KEY_UNAVAILABLE" },
    { ...refused, outcome: "KEY_UNAVAILABLE", provider: "google" },
    { ...refused, outcome: "KEY_UNAVAILABLE", provider: null },
  ] as const;
  for (let again = 0; again < 2; again++) for (const access of others) accesses.record(byBackend, access);
  await accesses.flush();
  expect(await readAccesses(database)).toHaveLength(others.length);
});

test("an entry says when the service came first in the hour, and from where, whoever sees it later", async () => {
  await using database = await createTestDatabase();
  const clock = new StillClock();
  clock.advance(3_600 - ((clock.now().getTime() / 1000) % 3_600));
  await using here = new ServiceAccesses(database, clock, log);
  await using there = new ServiceAccesses(database, clock, log);
  here.record(byBackend, succeeded);
  await here.flush();
  const entries = () => database.em().execute("select at, ip, user_agent from audit_log");
  const first = await entries();
  clock.advance(60);
  there.record({ ...byBackend, ip: "10.0.0.8", userAgent: "backend/2" }, succeeded);
  await there.flush();
  expect(await entries()).toEqual(first);
});

test("what cannot be put on record is kept until it can, and stands there once", async () => {
  const real = await createTestDatabase();
  let isAway = true;
  const flaky: Database = {
    ...real,
    query: (statement, values) => (isAway ? Promise.reject(new Error("away")) : real.query(statement, values)),
  };
  await using accesses = new ServiceAccesses(flaky, systemClock, log);
  accesses.record(byBackend, succeeded);
  await accesses.flush();
  accesses.record(byBackend, succeeded);
  await accesses.flush();
  isAway = false;
  await accesses.flush();
  await accesses.flush();
  expect(await readAccesses(real)).toHaveLength(1);
});
