import { poolingOf } from "../connections/pooling.ts";
import type { PostgresClient } from "../connections/postgres-client.ts";
import { explainPostgresFailure } from "../connections/postgres-failure.ts";
import { openPostgres } from "../connections/postgres-session.ts";
import { parsePostgresUrl } from "../connections/postgres-url.ts";
import type { Secret } from "../lib/secret.ts";
import { LineRefusedError, type OpenLine } from "./shared-doorbell.ts";

const channel = "maestro_auth_events";
/** Between two looks whether the connection still is one: nothing else would come over it for hours. */
const pingIntervalMs = 10_000;

class ListenBehindPoolerError extends LineRefusedError {
  constructor(setting: string) {
    super(
      `${setting} leads to a pooler in transaction mode, over which PostgreSQL's LISTEN does not work.`,
      "Set DATABASE_LISTEN_URL to PostgreSQL itself, or to a pool in session mode; or set EVENTS_URL to a Redis.",
    );
  }
}

/**
 * Opens the connection that listens, without listening yet.
 * @throws ListenBehindPoolerError, PostgresUnavailableError
 */
export async function openListener(url: Secret, setting: string): Promise<PostgresClient> {
  const target = parsePostgresUrl(url.reveal());
  const applicationName = `${target.applicationName ?? "maestro-auth"} doorbell`;
  let client: PostgresClient | undefined;
  try {
    client = await openPostgres(target, applicationName);
    if ((await poolingOf(target, client)) === "transaction") throw new ListenBehindPoolerError(setting);
    return client;
  } catch (error) {
    await client?.end().catch(() => {});
    throw explainPostgresFailure(error, { setting, target }) ?? error;
  }
}

/**
 * Processes on one PostgreSQL tell each other by NOTIFY, over a connection of its own that also listens.
 * @param setting where the URL comes from, for what is said of it
 */
export function postgresLine(url: Secret, setting = "DATABASE_URL"): OpenLine {
  return async (onPayload) => {
    const client = await openListener(url, setting);
    const { promise: lost, resolve } = Promise.withResolvers<void>();
    const ping = setInterval(() => void client.query("select 1").catch(() => {}), pingIntervalMs).unref();
    const end = () => {
      clearInterval(ping);
      resolve();
    };
    client.on("error", end);
    client.on("end", end);
    client.on("notification", ({ payload = "" }) => onPayload(payload));
    const close = async () => {
      clearInterval(ping);
      await client.end().catch(() => {});
    };
    try {
      await client.query(`listen ${channel}`);
    } catch (error) {
      await close();
      throw error;
    }
    return { send: (payload) => client.query("select pg_notify($1, $2)", [channel, payload]), lost, close };
  };
}
