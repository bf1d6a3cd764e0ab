import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openConfiguredDatabase } from "../../src/app/database.ts";
import { explainPostgresFailure } from "../../src/connections/postgres-failure.ts";
import { parsePostgresUrl } from "../../src/connections/postgres-url.ts";
import { migrate } from "../../src/db/migrate.ts";
import { Secret } from "../../src/lib/secret.ts";
import { PostgresCluster } from "../support/postgres-cluster.ts";
import { startTestApp } from "../support/test-app.ts";
import { administer, createOwnDatabase, openAt, programs, refusalOf, urlOf } from "./cluster-stage.ts";

const access = `
local all all trust
host all postgres all trust
host special all all scram-sha-256
host "a special %/#?@:+ ü" all all scram-sha-256
host all nobody all reject
host all outsider 10.0.0.0/8 trust
host all app all scram-sha-256
host all stranger all trust
`;

let cluster: PostgresCluster;

beforeAll(async () => {
  cluster = await PostgresCluster.create(programs, {
    access,
    settings: () => "listen_addresses = '127.0.0.1, ::1'\nmax_connections = 12\nsuperuser_reserved_connections = 2\n",
  });
  await administer(cluster, ["create role app login password 'right'", "create role outsider login"]);
});

afterAll(() => cluster[Symbol.asyncDispose]());

test.each([
  ["an IPv6 address", () => `postgres://postgres@[::1]:${cluster.port}/postgres`],
  ["a socket in host", () => `postgres://postgres@/postgres?host=${cluster.folder}&port=${cluster.port}`],
  ["a socket as the host", () => `postgres://postgres@${encodeURIComponent(cluster.folder)}:${cluster.port}/postgres`],
  ["a name", () => `postgres://postgres@localhost:${cluster.port}/postgres`],
  ["parameters only", () => `postgres://?host=127.0.0.1&port=${cluster.port}&user=postgres&dbname=postgres`],
])("%s is connected to", async (_, url) => {
  await using database = await openAt(url());
  expect(await database.query({ name: "one", text: "select 1 as one" }, [])).toEqual([{ one: 1 }]);
});

test("a server listens on HOST=[::1] and keeps its rows in a socket's PostgreSQL", async () => {
  const name = await createOwnDatabase(cluster);
  const DATABASE_URL = `postgres://${name}@/${name}?host=${encodeURIComponent(cluster.folder)}&port=${cluster.port}`;
  await using app = await startTestApp({ environment: { DATABASE_URL, HOST: "[::1]" } });
  const { port } = new URL(app.baseUrl);
  expect((await fetch(`http://[::1]:${port}/ready`)).status).toBe(200);
});

test("special characters in user, password and database arrive as they are", async () => {
  const special = "a special %/#?@:+ ü";
  await administer(cluster, [
    `create role "${special}" login password '${special}'`,
    `create database "${special}" owner "${special}"`,
  ]);
  const encoded = encodeURIComponent(special);
  await using database = await openAt(urlOf(cluster, { user: `${encoded}:${encoded}`, database: encoded }));
  expect((await migrate(database)).length).toBeGreaterThan(0);
  const text = "select current_user as role, current_database() as database";
  expect(await database.query({ name: "who", text }, [])).toEqual([{ role: special, database: special }]);
});

test("application_name and options hold for every connection", async () => {
  const query = "application_name=my%20auth&options=-c%20work_mem%3D5MB";
  await using database = await openAt(urlOf(cluster, { query }));
  const text = "select current_setting('application_name') as name, current_setting('work_mem') as memory";
  const both = await Promise.all([1, 2, 3].map(() => database.query({ name: "set", text }, [])));
  expect(both.flat()).toEqual(Array.from({ length: 3 }, () => ({ name: "my auth", memory: "5MB" })));
});

test.each([
  ["a wrong password", "28P01", { user: "app:wrong" }, /password/],
  ["no password", "NO_PASSWORD", { user: "app" }, /has none/],
  ["an unknown user", "28000", { user: "stranger" }, /user/],
  ["no entry in pg_hba.conf", "28000", { user: "outsider" }, /./],
  ["an entry that rejects", "28000", { user: "nobody" }, /pg_hba\.conf/],
  ["no such database", "3D000", { database: "nowhere" }, /no database/],
  ["an unknown parameter in options", "42704", { query: "options=-c%20no_such%3D1" }, /options/],
  ["a bad value in options", "22023", { query: "options=-c%20work_mem%3Dmuch" }, /options/],
])("%s is told with its cause and its cure, and not waited for", async (_, code, at, cause) => {
  const failure = await refusalOf(openAt(urlOf(cluster, at)));
  expect(failure).toMatchObject({ code, isPassing: false });
  expect(failure.reason).toMatch(cause);
  expect(`${failure.reason} ${failure.cure}`).not.toMatch(/wrong|\n| {4}at /);
  expect(failure.cure).not.toBe("");
});

test.each([
  ["no server", "ECONNREFUSED", () => "postgres://u@127.0.0.1:1/db"],
  ["no socket", "ENOENT", () => `postgres://u@/db?host=${encodeURIComponent(`${cluster.folder}/none`)}`],
])("%s is told with its cause and its cure, and may be over in a moment", async (_, code, url) => {
  const failure = await refusalOf(openAt(url()));
  expect(failure).toMatchObject({ code, isPassing: true });
  expect(failure.cure).toContain("DATABASE_URL");
});

test("a database that is missing is made where the role may, and told of where not", async () => {
  const url = new Secret(urlOf(cluster, { database: "made%20at%20the%20start" }));
  const settings = { databaseUrl: url, dataDir: "" };
  // A command that only reads makes nothing.
  expect(await refusalOf(openConfiguredDatabase(settings))).toMatchObject({ code: "3D000" });
  await using database = await openConfiguredDatabase(settings, { isForWriting: true });
  expect(database.facts?.database).toBe("made at the start");
  const other = { databaseUrl: new Secret(urlOf(cluster, { user: "app:right", database: "nowhere" })), dataDir: "" };
  expect(await refusalOf(openConfiguredDatabase(other, { isForWriting: true }))).toMatchObject({ code: "3D000" });
});

test.each(["ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "ECONNRESET", "EPIPE"])(
  "a network that answers %s may be mended in a moment",
  (code) => {
    const target = parsePostgresUrl("postgres://u:secret@db.internal/db");
    // As Node has it of a name with two addresses.
    const error = new AggregateError([Object.assign(new Error(`connect ${code}`), { code })], "");
    const failure = explainPostgresFailure(error, { setting: "DATABASE_URL", target });
    expect(failure).toMatchObject({ code, isPassing: true, reason: expect.stringContaining("db.internal") });
    expect(failure?.message).not.toContain("secret");
  },
);

test("a server without a free connection says so", async () => {
  await using stack = new AsyncDisposableStack();
  for (let index = 0; index < 10; index += 1) {
    const client = new pg.Client({ connectionString: urlOf(cluster, { user: "app:right" }) });
    client.on("error", () => {});
    await client.connect();
    stack.defer(() => client.end());
  }
  expect(await refusalOf(openAt(urlOf(cluster, { user: "app:right" })))).toMatchObject({
    code: "53300",
    isPassing: true,
  });
});
