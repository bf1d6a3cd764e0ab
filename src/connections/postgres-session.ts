import type { Pooling } from "./pooling.ts";
import { PostgresClient } from "./postgres-client.ts";
import type { PostgresTarget } from "./postgres-url.ts";

/**
 * Settings that statements and results depend on. PgBouncer follows these for each of its clients and sets them where
 * they differ (https://www.pgbouncer.org/config.html, `track_extra_parameters`); `client_encoding` pg sends itself.
 */
const trackedSettings = {
  DateStyle: "ISO, MDY",
  TimeZone: "UTC",
  standard_conforming_strings: "on",
} as const;

/** As sent where nothing stands in between. Whatever a role, a database or `options` has set, these are what counts. */
const directSettings = {
  ...trackedSettings,
  IntervalStyle: "postgres",
  bytea_output: "hex",
  extra_float_digits: "1",
  default_transaction_isolation: "read committed",
  default_transaction_deferrable: "off",
  idle_session_timeout: "0",
} as const;

/** Milliseconds after which PostgreSQL ends a transaction whose process has gone away, and frees its locks. */
const idleInTransactionMs = 60_000;

/** How long PostgreSQL works for one statement, in milliseconds; 0 is no limit. */
export interface StatementLimits {
  readonly statementMs: number;
  /** Of which it waits for a lock that another transaction holds. */
  readonly lockMs: number;
}

/** The parameters of a session: a pooler takes only those that it follows. */
export function sessionSettings(
  pooling: Pooling,
  { statementMs, lockMs }: StatementLimits,
): Readonly<Record<string, string>> {
  if (pooling !== "none") return trackedSettings;
  return {
    ...directSettings,
    statement_timeout: String(statementMs),
    lock_timeout: String(lockMs),
    idle_in_transaction_session_timeout: String(idleInTransactionMs),
  };
}

/** Milliseconds that a statement of a single connection may take. */
const answerMs = 10_000;

async function open(target: PostgresTarget, applicationName: string, pooling: Pooling): Promise<PostgresClient> {
  const session = sessionSettings(pooling, { statementMs: answerMs, lockMs: answerMs });
  const client = new PostgresClient(target, { applicationName, session, answerMs });
  client.on("error", () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

/** Opens a single connection of which it is not known yet whether a pooler stands in between. */
export async function openPostgres(target: PostgresTarget, applicationName: string): Promise<PostgresClient> {
  try {
    return await open(target, applicationName, "none");
  } catch (error) {
    // PgBouncer refuses each parameter that it does not follow.
    if (!(error instanceof Error && /unsupported startup parameter/i.test(error.message))) throw error;
    return open(target, applicationName, "session");
  }
}
