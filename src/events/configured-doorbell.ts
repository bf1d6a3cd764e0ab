import type { Config } from "../config.ts";
import type { Database } from "../db/database.ts";
import type { Logger } from "../observability/logger.ts";
import { type Doorbell, inProcessDoorbell } from "./doorbell.ts";
import { postgresLine } from "./postgres-doorbell.ts";
import { redisLine } from "./redis-doorbell.ts";
import { SharedDoorbell } from "./shared-doorbell.ts";

/** The doorbell over Redis where the configuration names one, else over the database's own server. */
export async function openDoorbell(
  { eventsUrl }: Pick<Config, "eventsUrl">,
  { url }: Pick<Database, "url">,
  log: Logger,
): Promise<Doorbell> {
  // The embedded database has no other processes to tell.
  if (url === null) return inProcessDoorbell();
  return SharedDoorbell.connect(eventsUrl === null ? postgresLine(url) : redisLine(eventsUrl.reveal()), log);
}
