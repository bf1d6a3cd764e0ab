import { setTimeout as delay } from "node:timers/promises";
import { PostgresUnavailableError } from "../connections/postgres-failure.ts";
import { openPostgres, type StatementLimits } from "../connections/postgres-session.ts";
import { parsePostgresUrl, placeOf } from "../connections/postgres-url.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import type { Secret } from "../lib/secret.ts";
import type { Logger } from "../observability/logger.ts";
import { DatabaseClock } from "./database-clock.ts";
import { type Database, type Entities, isEmbeddedMade, openDatabase } from "./database.ts";

/** How long the database may take to answer before the server counts as not ready. */
const readyDeadlineMs = 2_000;
/** Milliseconds between two tries to reach a PostgreSQL that is away, and between two notices of it. */
const retryMs = 500;
const tellEveryMs = 5_000;

export type DatabaseSettings = { readonly databaseUrl: Secret | null; readonly dataDir: string } & {
  readonly databaseStatementTimeout?: number;
  readonly databaseLockTimeout?: number;
};

export interface OpenOptions {
  readonly entities: Entities;
  /** Told of each step that is done. */
  readonly onStep?: (step: string) => void;
  /** Told now and then what is waited for. */
  readonly onWait?: (text: string) => void;
  /**
   * Milliseconds for which a PostgreSQL that is away, or cannot write, is waited for; it is not unless this is given.
   */
  readonly waitMs?: number;
  /** Whether a database that cannot write is of no use. */
  readonly isForWriting?: boolean;
}

function readOnly(url: Secret): PostgresUnavailableError {
  return new PostgresUnavailableError(
    `PostgreSQL at ${placeOf(parsePostgresUrl(url.reveal()))} is read-only: a standby, or default_transaction_read_only is on.`,
    "Name the primary in DATABASE_URL, promote the standby, or reset default_transaction_read_only.",
    { code: "25006", isPassing: true },
  );
}

/** Makes the database that the URL names, where its role may. @returns whether it is there now */
async function createDatabase(url: Secret): Promise<boolean> {
  const target = parsePostgresUrl(url.reveal());
  if (target.database === undefined) return false;
  try {
    const client = await openPostgres({ ...target, database: "postgres" }, "maestro-auth start");
    try {
      await client.query(`create database ${client.escapeIdentifier(target.database)}`);
    } finally {
      await client.end();
    }
    return true;
  } catch (error) {
    // Another process has just made it: duplicate_database, or a unique_violation at the same moment.
    return ["42P04", "23505"].includes(String((error as { code?: unknown }).code));
  }
}

async function openForUse(
  url: Secret,
  limits: StatementLimits,
  { entities, isForWriting = false }: OpenOptions,
): Promise<Database> {
  const open = () => openDatabase({ kind: "postgres", url: url.reveal(), ...limits }, entities);
  const database = await open().catch(async (error: unknown) => {
    const isMissing = error instanceof PostgresUnavailableError && error.code === "3D000";
    if (!isForWriting || !isMissing || !(await createDatabase(url))) throw error;
    return open();
  });
  if (!isForWriting || database.facts?.isReadOnly !== true) return database;
  await database[Symbol.asyncDispose]();
  throw readOnly(url);
}

/** Tries until PostgreSQL is there, or the time is up. */
async function waitForPostgres(url: Secret, limits: StatementLimits, options: OpenOptions): Promise<Database> {
  const { waitMs = 0, onWait = () => {} } = options;
  const deadline = performance.now() + waitMs;
  let toldAt = -Infinity;
  for (;;) {
    try {
      return await openForUse(url, limits, options);
    } catch (error) {
      const now = performance.now();
      if (!(error instanceof PostgresUnavailableError) || !error.isPassing || now >= deadline) throw error;
      if (now - toldAt >= tellEveryMs) {
        toldAt = now;
        onWait(`${error.reason} Waiting for it, ${Math.ceil((deadline - now) / 1_000)} s at most`);
      }
    }
    await delay(retryMs);
  }
}

/**
 * Opens PostgreSQL where the configuration names one, else the embedded database in its folder.
 * @throws OperatorError
 */
export async function openConfiguredDatabase(
  { databaseUrl, dataDir, databaseStatementTimeout = 10, databaseLockTimeout = 5 }: DatabaseSettings,
  options: OpenOptions,
): Promise<Database> {
  const { entities, onStep = () => {} } = options;
  if (databaseUrl === null) {
    const database = await openDatabase({ kind: "embedded", dataDir }, entities);
    onStep(`embedded database opened in ${dataDir}`);
    return database;
  }
  const limits = { statementMs: databaseStatementTimeout * 1_000, lockMs: databaseLockTimeout * 1_000 };
  const database = await waitForPostgres(databaseUrl, limits, options);
  const place = placeOf(parsePostgresUrl(databaseUrl.reveal()));
  onStep(`connected to PostgreSQL at ${place}${describePooling(database)}`);
  return database;
}

function describePooling({ facts }: Database): string {
  return facts === null || facts.pooling === "none" ? "" : ` through a pooler in ${facts.pooling} mode`;
}

/** Whether there is something to open; the embedded database is made when it is first opened. */
export function isDatabaseMade({ databaseUrl, dataDir }: Pick<DatabaseSettings, "databaseUrl" | "dataDir">): boolean {
  return databaseUrl !== null || isEmbeddedMade(dataDir);
}

/** The clock that a database's times go by; the embedded one goes by this process's own. */
export async function openClock(database: Database, log: Logger): Promise<Clock & Disposable> {
  if (database.url !== null) return DatabaseClock.start(database, log);
  return { now: () => systemClock.now(), [Symbol.dispose]: () => {} };
}

// A standby says that its transactions are read-only, too.
const readyQuery = { name: "ready", text: "select current_setting('transaction_read_only')::boolean as read_only" };

/** Why the database cannot take what a request writes; null where it can. */
export async function findUnreadiness(database: Database): Promise<string | null> {
  const away = "The database does not answer.";
  const answer = database.query<{ read_only: boolean }>(readyQuery, []).then(
    ([row]) => (row!.read_only ? "The database is read-only." : null),
    () => away,
  );
  return Promise.race([answer, delay(readyDeadlineMs, away, { ref: false })]);
}
