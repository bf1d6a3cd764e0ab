import { randomBytes } from "node:crypto";
import pg from "pg";
import { openDatabase } from "../../src/app/database.ts";
import type { Database } from "../../src/db/database.ts";
import { OperatorError } from "../../src/errors/operator-error.ts";
import { PostgresCluster } from "../support/postgres-cluster.ts";

const found = await PostgresCluster.find();
if (found === null) throw new Error("these suites need PostgreSQL's own programs: initdb and pg_ctl");
export const programs = found;

/** A superuser of the test is not subject to what the test sets for a database. */
const ownLimits = `options=${encodeURIComponent("-c idle_session_timeout=0 -c statement_timeout=0 -c lock_timeout=0")}`;

/** Runs statements as the superuser, each by itself. */
export async function administer(cluster: PostgresCluster, statements: readonly string[], database = "postgres") {
  const client = new pg.Client({ connectionString: urlOf(cluster, { database, query: ownLimits }) });
  await client.connect();
  try {
    let rows: unknown[] = [];
    for (const statement of statements) ({ rows } = await client.query(statement));
    return rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

export function urlOf(
  { port }: PostgresCluster,
  { user = "postgres", database = "postgres", query = "" }: { user?: string; database?: string; query?: string } = {},
): string {
  return `postgres://${user}@127.0.0.1:${port}/${database}${query === "" ? "" : `?${query}`}`;
}

/** A new, empty database and a role of its own, which owns it. @returns the name of both */
export async function createOwnDatabase(cluster: PostgresCluster, settings: readonly string[] = []): Promise<string> {
  const name = `app_${randomBytes(4).toString("hex")}`;
  await administer(cluster, [
    `create role ${name} login`,
    `create database ${name} owner ${name}`,
    ...settings.map((setting) => setting.replaceAll("$name", name)),
  ]);
  return name;
}

/** Why a database cannot be opened, and that the operator is told it in two short texts. */
export async function refusalOf(
  opening: Promise<Database>,
): Promise<OperatorError & { readonly code?: string | null }> {
  try {
    await using _ = await opening;
  } catch (error) {
    if (error instanceof OperatorError) return error;
    throw error;
  }
  throw new Error("it was opened");
}

export const openAt = (url: string): Promise<Database> => openDatabase({ kind: "postgres", url });
