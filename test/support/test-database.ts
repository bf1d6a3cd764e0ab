import { cp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { inject } from "vitest";
import { openDatabase } from "../../src/app/database.ts";
import type { Database } from "../../src/db/database.ts";
import { migrate } from "../../src/db/migrate.ts";

const tables = [
  "provider_credentials",
  "credential_uses",
  "encryption_keys",
  "server_processes",
  "user_streams",
  "events",
  "audit_log",
  "oauth_flows",
  "sessions",
  "session_providers",
  "rate_limits",
];

let created = 0;

async function onServer<Result>(databaseUrl: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function urlOf(databaseUrl: string, name: string): string {
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function createFrom(template: string): Promise<string | null> {
  const { databaseUrl, prefix } = inject("testRun");
  if (databaseUrl === null) return null;
  const name = `${prefix}_${process.pid}_${++created}`;
  await onServer(databaseUrl, (client) => client.query(`create database "${name}" template "${template}"`));
  return urlOf(databaseUrl, name);
}

/** A new, empty database on the test server, dropped at the end of the run; null where no server is named. */
export function createServerDatabase(): Promise<string | null> {
  return createFrom("template1");
}

/** Any constant will do; it names the lock of those that make the run's template. */
const templateLock = 4_727_299;

/** Makes what all migrated databases of the run are copied from, unless another worker has. @returns its name */
async function makeTemplate(databaseUrl: string, prefix: string): Promise<string> {
  const name = `${prefix}_template`;
  await onServer(databaseUrl, async (client) => {
    await client.query("select pg_advisory_lock($1)", [templateLock]);
    const { rowCount } = await client.query("select from pg_database where datname = $1", [name]);
    if (rowCount! > 0) return;
    await client.query(`create database "${name}"`);
    await using database = await openDatabase({ kind: "postgres", url: urlOf(databaseUrl, name) });
    await migrate(database);
  });
  return name;
}

let template: Promise<string> | undefined;

/** As `createServerDatabase`, with this version's schema. */
export async function createMigratedServerDatabase(): Promise<string | null> {
  const { databaseUrl, prefix } = inject("testRun");
  if (databaseUrl === null) return null;
  return createFrom(await (template ??= makeTemplate(databaseUrl, prefix)));
}

/** The data folder that all migrated ones of the run are copied from. */
async function makeTemplateFolder(): Promise<string> {
  const made = join(inject("testRun").folder, "migrated");
  const draft = `${made}.${process.pid}`;
  {
    await using database = await openDatabase({ kind: "embedded", dataDir: draft });
    await migrate(database);
  }
  // Another worker may have been first, and its one is as good.
  await rename(draft, made).catch(() => rm(draft, { recursive: true }));
  return made;
}

let templateFolder: Promise<string> | undefined;

/** An empty database of a test's own: on the test server where the run has one, else to be made in the folder. */
export async function emptyDatabaseIn(folder: string): Promise<Record<string, string>> {
  const url = await createServerDatabase();
  return { DATA_DIR: folder, ...(url === null ? {} : { DATABASE_URL: url }) };
}

/**
 * A migrated database of a test's own: on the test server where the run has one, else the embedded database in the
 * folder. Copied from one that is migrated once a run.
 * @returns the variables that name it
 */
export async function migratedDatabaseIn(folder: string): Promise<Record<string, string>> {
  const url = await createMigratedServerDatabase();
  if (url !== null) return { DATA_DIR: folder, DATABASE_URL: url };
  await fillDataFolder(folder);
  return { DATA_DIR: folder };
}

/** Puts a migrated embedded database into a data folder. */
export async function fillDataFolder(folder: string): Promise<void> {
  const made = await (templateFolder ??= makeTemplateFolder());
  await cp(join(made, "pglite"), join(folder, "pglite"), { recursive: true });
}

async function open(): Promise<Database> {
  const url = await createMigratedServerDatabase();
  if (url !== null) return openDatabase({ kind: "postgres", url });
  const database = await openDatabase({ kind: "memory" });
  await migrate(database);
  return database;
}

/** TRUNCATE makes new files for each table, which costs ten times what the few rows of a test do. */
const emptyTables = {
  name: "empty_tables",
  text: `with ${tables.map((table) => `of_${table} as (delete from ${table})`).join(", ")} select`,
};

let shared: Promise<Database> | undefined;

/**
 * A migrated database without rows: PostgreSQL where TEST_DATABASE_URL names one, else PGlite. The test files of a
 * worker take turns on it.
 */
export async function createTestDatabase(): Promise<Database> {
  const database = await (shared ??= open());
  await database.query(emptyTables, []);
  return { ...database, [Symbol.asyncDispose]: () => Promise.resolve() };
}
