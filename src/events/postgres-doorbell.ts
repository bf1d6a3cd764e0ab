import { Client } from "pg";
import type { OpenLine } from "./shared-doorbell.ts";

const channel = "maestro_auth_events";
const connectTimeoutMs = 5_000;

/** Processes on one PostgreSQL tell each other by NOTIFY, over a connection of its own that also listens. */
export function postgresLine(url: string): OpenLine {
  return async (onPayload) => {
    const client = new Client({
      connectionString: url,
      application_name: "maestro-auth doorbell",
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
    });
    const { promise: lost, resolve } = Promise.withResolvers<void>();
    client.on("error", () => resolve());
    client.on("end", () => resolve());
    client.on("notification", ({ payload = "" }) => onPayload(payload));
    const close = () => client.end().catch(() => {});
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
    } catch (error) {
      await close();
      throw error;
    }
    return { send: (payload) => client.query("select pg_notify($1, $2)", [channel, payload]), lost, close };
  };
}
