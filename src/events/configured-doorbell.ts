import type { Database } from "../db/database.ts";
import { Secret } from "../lib/secret.ts";
import type { Logger } from "../observability/logger.ts";
import { type Doorbell, inProcessDoorbell } from "./doorbell.ts";
import { postgresLine } from "./postgres-doorbell.ts";
import { redisLine } from "./redis-doorbell.ts";
import { SharedDoorbell } from "./shared-doorbell.ts";

interface DoorbellSettings {
  readonly eventsUrl: Secret | null;
  readonly databaseUrl: Secret | null;
  readonly databaseListenUrl: Secret | null;
}

/** Where a server listens to PostgreSQL, and which setting says so; null where it listens to Redis, or to nobody. */
export function listenAddress({ eventsUrl, databaseUrl, databaseListenUrl }: DoorbellSettings) {
  if (eventsUrl !== null || databaseUrl === null) return null;
  return databaseListenUrl === null
    ? { url: databaseUrl, setting: "DATABASE_URL" }
    : { url: databaseListenUrl, setting: "DATABASE_LISTEN_URL" };
}

/** The doorbell over Redis where the configuration names one, else over PostgreSQL. */
export async function openDoorbell(
  { eventsUrl, databaseListenUrl }: DoorbellSettings,
  { url }: Pick<Database, "url">,
  log: Logger,
): Promise<Doorbell> {
  // The embedded database has no other processes to tell.
  if (url === null) return inProcessDoorbell();
  if (eventsUrl !== null) return SharedDoorbell.connect(redisLine(eventsUrl), log);
  const address = listenAddress({ eventsUrl, databaseUrl: new Secret(url), databaseListenUrl })!;
  return SharedDoorbell.connect(postgresLine(address.url, address.setting), log);
}
