import { expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { Database } from "../../src/db/database.ts";
import { createLogger } from "../../src/observability/logger.ts";
import { ServiceAccesses } from "../../src/observability/service-accesses.ts";
import { auditLogQuery } from "../client/operations.ts";
import { connectKey, granted, issue, setSessionStage, StillClock } from "../sessions/session-stage.ts";
import { TestClient } from "../support/test-client.ts";
import { createTestDatabase } from "../support/test-database.ts";

const log = createLogger("silent");
const byBackend = { userId: "alice", actor: "backend", ip: "10.0.0.7", userAgent: "backend/1" };
const credentialId = crypto.randomUUID();
const succeeded = { outcome: "succeeded", provider: "anthropic", credentialId } as const;

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
