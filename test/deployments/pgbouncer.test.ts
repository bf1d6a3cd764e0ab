import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { checkListening, checkPooler } from "../../src/cli/commands/doctor/connections.ts";
import { migrate } from "../../src/db/migrate.ts";
import { authenticateMutation, credentialEventsSubscription } from "../client/operations.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { patience } from "../support/patience.ts";
import { PgBouncer } from "../support/pgbouncer.ts";
import { PostgresCluster } from "../support/postgres-cluster.ts";
import { startTestApp, type TestApp } from "../support/test-app.ts";
import { load } from "../support/test-config.ts";
import { administer, createOwnDatabase, openAt, programs, refusalOf, urlOf } from "./cluster-stage.ts";

let cluster: PostgresCluster;
let transactions: PgBouncer;
let sessions: PgBouncer;
let statements: PgBouncer;

beforeAll(async () => {
  cluster = await PostgresCluster.create(programs);
  transactions = await PgBouncer.start(programs, cluster, { mode: "transaction" });
  sessions = await PgBouncer.start(programs, cluster, { mode: "session", poolSize: 20 });
  statements = await PgBouncer.start(programs, cluster, { mode: "statement" });
});

afterAll(async () => {
  for (const bouncer of [transactions, sessions, statements]) await bouncer[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const listeningLogs = ({ logs }: TestApp) => logs.filter((line) => line.includes("doorbell cannot connect"));

describe("in transaction mode", () => {
  test("two servers that start at once migrate once, and sixty queries at a time all succeed", async () => {
    const name = await createOwnDatabase(cluster);
    const url = transactions.url(name);
    await using provider = await startMockProvider("anthropic");
    const environment = { DATABASE_URL: url, ANTHROPIC_API_BASE_URL: provider.baseUrl };
    await using stack = new AsyncDisposableStack();
    const apps = await Promise.all([1, 2].map(() => startTestApp({ environment, pollIntervalMs: 100 })));
    for (const app of apps) stack.use(app);
    const [here, there] = apps as [TestApp, TestApp];

    await using database = await openAt(url);
    expect(database.facts?.pooling).toBe("transaction");
    const sum = { name: "sum", text: "select $1::int + 1 as sum" };
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, index) => database.query<{ sum: number }>(sum, [index])),
      );
      expect(answers.map(([row]) => row!.sum)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    }

    // Without LISTEN the other server's subscribers find the event by polling.
    const alice = await there.client("alice");
    await using subscription = await alice.subscribeSse(credentialEventsSubscription);
    const input = { provider: "anthropic", credential: { apiKey: provider.key } };
    const { authenticate } = await (await here.client("alice")).execute(authenticateMutation, { input });
    expect(authenticate.__typename).toBe("AuthenticatePayload");
    expect(await subscription.next()).toBeTruthy();

    for (const app of apps) {
      expect(listeningLogs(app)).toHaveLength(1);
      expect(listeningLogs(app)[0]).toContain("DATABASE_LISTEN_URL");
      expect(app.logs.filter((line) => line.includes("does not exist") || line.includes("already exists"))).toEqual([]);
    }
  });

  test("with DATABASE_LISTEN_URL a server listens past the pooler", async () => {
    const name = await createOwnDatabase(cluster);
    for (const DATABASE_LISTEN_URL of [urlOf(cluster, { database: name }), sessions.url(name)]) {
      await using app = await startTestApp({
        environment: { DATABASE_URL: transactions.url(name), DATABASE_LISTEN_URL },
      });
      expect(listeningLogs(app)).toEqual([]);
      const query = `select query from pg_stat_activity where datname = '${name}' and query like 'listen %'`;
      await vi.waitFor(async () => expect(await administer(cluster, [query])).toHaveLength(1), patience);
    }
  });

  test("what a role has as its defaults changes nothing", async () => {
    const name = await createOwnDatabase(cluster, [
      "alter database $name set DateStyle = 'German'",
      "alter database $name set TimeZone = 'Asia/Kolkata'",
      "alter database $name set standard_conforming_strings = off",
      "alter database $name set default_transaction_isolation = 'serializable'",
      "alter database $name set bytea_output = 'escape'",
    ]);
    await using database = await openAt(transactions.url(name));
    await migrate(database);
    const text = `select current_setting('DateStyle') as dates, current_setting('TimeZone') as zone,
      current_setting('standard_conforming_strings') as strings, '\\x00ff'::bytea as bytes`;
    expect(await database.query({ name: "settings", text }, [])).toEqual([
      { dates: "ISO, MDY", zone: "UTC", strings: "on", bytes: Buffer.from([0, 255]) },
    ]);
    const isolation = "select current_setting('transaction_isolation') as level";
    expect(await database.transaction((em) => em.execute(isolation))).toEqual([{ level: "read committed" }]);
  });

  test("a default that cannot be set there, and would falsify numbers, is refused with its cure", async () => {
    const name = await createOwnDatabase(cluster, ["alter database $name set extra_float_digits = -3"]);
    const { cure } = await refusalOf(openAt(transactions.url(name)));
    expect(cure).toContain("alter role");
  });

  test("options are refused with their cure", async () => {
    const name = await createOwnDatabase(cluster);
    const url = `${transactions.url(name)}?options=-c%20search_path%3Dapp`;
    const { reason, cure } = await refusalOf(openAt(url));
    expect(reason).toContain("options");
    expect(cure).toContain("alter role");
  });

  test("the doctor tells of it, and of listening through it", async () => {
    const config = load({ DATABASE_URL: transactions.url("postgres") });
    await using database = await openAt(transactions.url("postgres"));
    expect(checkPooler(database, config)).toMatchObject({
      status: "warn",
      cure: expect.stringContaining("DATABASE_LISTEN_URL"),
    });
    expect(await checkListening(config)).toMatchObject({ status: "warn" });
    const mended = load({ DATABASE_URL: transactions.url("postgres"), DATABASE_LISTEN_URL: urlOf(cluster) });
    expect(checkPooler(database, mended)).toMatchObject({ status: "ok" });
    expect(await checkListening(mended)).toMatchObject({ status: "ok" });
  });
});

test("in session mode a server listens through the pooler", async () => {
  const name = await createOwnDatabase(cluster);
  await using app = await startTestApp({ environment: { DATABASE_URL: sessions.url(name) } });
  expect(listeningLogs(app)).toEqual([]);
  await using database = await openAt(sessions.url(name));
  expect(database.facts?.pooling).toBe("session");
});

test("statement mode is refused with its cure", async () => {
  const { reason, cure } = await refusalOf(openAt(statements.url("postgres")));
  expect(reason).toContain("statement mode");
  expect(cure).toContain("pool_mode");
});

test("what the pooler refuses is told with its cause and its cure", async () => {
  for (const url of [transactions.url("postgres", "stranger"), transactions.url("nowhere")]) {
    const { reason, cure } = await refusalOf(openAt(url));
    expect(reason).toMatch(/user|database/);
    expect(cure).not.toBe("");
  }
});

test("a direct connection keeps its prepared statements", async () => {
  await using database = await openAt(urlOf(cluster));
  expect(database.facts?.pooling).toBe("none");
  await database.transaction(async () => {});
  const kept = { name: "kept", text: "select count(*)::int as count from pg_prepared_statements where name = 'kept'" };
  expect(await database.query(kept, [])).toEqual([{ count: 1 }]);
});
