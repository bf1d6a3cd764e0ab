import pg from "pg";
import { inject } from "vitest";
import { type Database, openDatabase } from "../../src/db/database.ts";
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

/** A new, empty database on the test server, dropped at the end of the run; null where no server is named. */
export async function createServerDatabase(): Promise<string | null> {
  const { databaseUrl, prefix } = inject("testRun");
  if (databaseUrl === null) return null;
  const name = `${prefix}_${process.pid}_${++created}`;
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`create database ${client.escapeIdentifier(name)}`);
  await client.end();
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function open(): Promise<Database> {
  const url = await createServerDatabase();
  const database = await openDatabase(url === null ? { kind: "memory" } : { kind: "postgres", url });
  await migrate(database);
  return database;
}

let shared: Promise<Database> | undefined;

/**
 * A migrated database without rows: PostgreSQL where TEST_DATABASE_URL names one, else PGlite. The test files of a
 * worker take turns on it.
 */
export async function createTestDatabase(): Promise<Database> {
  const database = await (shared ??= open());
  await database.em().execute(`truncate ${tables.join(", ")}`);
  return { ...database, [Symbol.asyncDispose]: () => Promise.resolve() };
}
