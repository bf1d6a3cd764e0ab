import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "../../src/db/database.ts";
import { migrate, readSchemaState } from "../../src/db/migrate.ts";
import { authenticateMutation } from "../client/operations.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { PostgresCluster } from "../support/postgres-cluster.ts";
import { startTestApp } from "../support/test-app.ts";
import { administer, createOwnDatabase, openAt, programs, refusalOf, urlOf } from "./cluster-stage.ts";

let cluster: PostgresCluster;
beforeAll(async () => void (cluster = await PostgresCluster.create(programs)));
afterAll(() => cluster[Symbol.asyncDispose]());

async function schemasOf(name: string): Promise<unknown> {
  const query =
    "select table_schema as schema, count(*)::int as tables from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema') group by 1";
  return administer(cluster, [query], name);
}

describe("the tables are made, and looked for, where the search_path says", () => {
  const owned =
    (statement: string, more: readonly string[] = []) =>
    async () => {
      const name = await createOwnDatabase(cluster, more);
      await administer(cluster, [statement.replaceAll("$name", name)], name);
      return name;
    };

  test.each([
    [
      "a role's search_path",
      owned("create schema app authorization $name", ["alter role $name set search_path = app"]),
      "",
      "app",
    ],
    [
      "a database's search_path",
      owned("create schema app authorization $name", ["alter database $name set search_path = app, public"]),
      "",
      "app",
    ],
    ["options", owned("create schema app authorization $name"), "options=-c%20search_path%3Dapp", "app"],
    ["a schema that is named as the role", owned("create schema authorization $name"), "", "$name"],
    [
      "a name that needs quotes",
      owned('create schema "My App" authorization $name', ["alter role $name set search_path = 'My App'"]),
      "",
      "My App",
    ],
    ["nothing", owned("select 1"), "", "public"],
  ])("by %s, at the first start, the second and the third", async (_, create, query, schema) => {
    const name = await create();
    const url = urlOf(cluster, { user: name, database: name, query });
    for (const isFirst of [true, false, false]) {
      await using database = await openAt(url);
      expect((await migrate(database)).length > 0).toBe(isFirst);
      expect((await readSchemaState(database)).pending).toEqual([]);
    }
    expect(await schemasOf(name)).toEqual([{ schema: schema.replace("$name", name), tables: expect.any(Number) }]);
  });

  test("tables that are there stay in use when a schema is made that comes first", async () => {
    const name = await createOwnDatabase(cluster);
    const url = urlOf(cluster, { user: name, database: name });
    for (const schema of ["public", "public"]) {
      await using database = await openAt(url);
      await migrate(database);
      expect(database.facts?.schema).toBe(schema);
      await administer(cluster, [`create schema if not exists ${name} authorization ${name}`], name);
    }
  });

  test("a search_path that leads nowhere is told with its cure", async () => {
    const name = await createOwnDatabase(cluster, ["alter role $name set search_path = nowhere"]);
    const { reason, cure } = await refusalOf(openAt(urlOf(cluster, { user: name, database: name })));
    expect(reason).toContain("search_path");
    expect(cure).toContain("create schema");
  });
});

const defaults: Readonly<Record<string, string>> = {
  DateStyle: "'German, DMY'",
  TimeZone: "'Asia/Kolkata'",
  IntervalStyle: "'sql_standard'",
  bytea_output: "'escape'",
  extra_float_digits: "-15",
  standard_conforming_strings: "off",
  default_transaction_isolation: "'serializable'",
  default_transaction_deferrable: "on",
  statement_timeout: "'1ms'",
  lock_timeout: "'1ms'",
  idle_in_transaction_session_timeout: "'1ms'",
  idle_session_timeout: "'1ms'",
  client_encoding: "'latin1'",
};

describe("defaults of a role or a database change nothing", () => {
  test.each(["role $name", "database $name", "role $name in database $name"])("of the %s", async (owner) => {
    const settings = Object.entries(defaults).map(([setting, value]) => `alter ${owner} set ${setting} = ${value}`);
    const name = await createOwnDatabase(cluster, settings);
    await using provider = await startMockProvider("anthropic");
    const environment = {
      ANTHROPIC_API_BASE_URL: provider.baseUrl,
      DATABASE_URL: urlOf(cluster, { user: name, database: name }),
    };
    await using app = await startTestApp({ environment });
    const alice = await app.client("alice");
    // Side by side, which serializable transactions of one user would not survive.
    const labels = Array.from({ length: 5 }, (_, index) => `label \\ ' ü ${index}`);
    const answers = await Promise.all(
      labels.map((label) =>
        alice.execute(authenticateMutation, {
          input: { provider: "anthropic", credential: { apiKey: provider.key }, label },
        }),
      ),
    );
    for (const { authenticate } of answers) expect(authenticate.__typename).toBe("AuthenticatePayload");
    const rows = await administer(cluster, ["select label from provider_credentials order by label"], name);
    expect(rows.map(({ label }) => label)).toEqual(labels);
    // What results are read by, on each of the pool's connections.
    await using database = await openAt(environment.DATABASE_URL);
    const text = `select current_setting('DateStyle') as dates, current_setting('TimeZone') as zone,
      current_setting('standard_conforming_strings') as strings, current_setting('client_encoding') as encoding,
      current_setting('default_transaction_isolation') as isolation, 1::float8 / 3 as third`;
    const expected = { dates: "ISO, MDY", zone: "UTC", strings: "on", encoding: "UTF8", isolation: "read committed" };
    expect(await database.query({ name: "settings", text }, [])).toEqual([{ ...expected, third: 1 / 3 }]);
  });
});

describe("a transaction that PostgreSQL gives up for another one", () => {
  async function withTable(use: (database: Database) => Promise<void>): Promise<void> {
    const name = await createOwnDatabase(cluster);
    await using database = await openAt(urlOf(cluster, { user: name, database: name }));
    await database.em().execute("create table counters (id int primary key, value int not null)");
    await database.em().execute("insert into counters values (1, 0), (2, 0)");
    await use(database);
  }

  test("runs again after a deadlock (40P01), until both are done", async () => {
    await withTable(async (database) => {
      let runs = 0;
      const both = Promise.withResolvers<void>();
      const cross = (first: number, second: number) =>
        database.transaction(async (em) => {
          runs += 1;
          await em.execute("update counters set value = value + 1 where id = ?", [first]);
          // Both hold their first row before either asks for the other one.
          if (runs === 2) both.resolve();
          await both.promise;
          await em.execute("update counters set value = value + 1 where id = ?", [second]);
        });
      await Promise.all([cross(1, 2), cross(2, 1)]);
      expect(runs).toBeGreaterThan(2);
      expect(await database.em().execute("select value from counters order by id")).toEqual([
        { value: 2 },
        { value: 2 },
      ]);
    });
  });

  test("runs again after a serialization failure (40001), a bounded number of times", async () => {
    await withTable(async (database) => {
      let runs = 0;
      const conflict = (times: number) =>
        database.transaction(async (em) => {
          runs += 1;
          if (runs <= times) await em.execute("do $$ begin raise exception 'x' using errcode = '40001'; end $$");
          return em.execute("update counters set value = value + 1 where id = 1");
        });
      await conflict(3);
      expect(runs).toBe(4);
      runs = 0;
      await expect(conflict(Infinity)).rejects.toMatchObject({ code: "40001" });
      expect(runs).toBe(5);
      expect(await database.em().execute("select value from counters where id = 1")).toEqual([{ value: 1 }]);
    });
  });

  test("is not run again where that would not help", async () => {
    await withTable(async (database) => {
      let runs = 0;
      const failing = database.transaction(async (em) => {
        runs += 1;
        await em.execute("insert into counters values (1, 0)");
      });
      await expect(failing).rejects.toMatchObject({ code: "23505" });
      expect(runs).toBe(1);
    });
  });
});

test("a statement that takes too long ends with its own error, and its connection stays", async () => {
  const { openDatabase } = await import("../../src/app/database.ts");
  await using database = await openDatabase({ kind: "postgres", url: urlOf(cluster), statementMs: 1_000, poolSize: 1 });
  const pid = { name: "pid", text: "select pg_backend_pid() as pid" };
  const before = await database.query(pid, []);
  await expect(database.query({ name: "sleep", text: "select pg_sleep(60)" }, [])).rejects.toMatchObject({
    code: "57014",
  });
  await delay(0);
  expect((await database.query(pid, [])).length).toBe(before.length);
});
