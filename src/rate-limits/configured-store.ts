import type { Database } from "../db/database.ts";
import type { Secret } from "../lib/secret.ts";
import type { Logger } from "../observability/logger.ts";
import { DatabaseLimits } from "./database-limits.ts";
import { RedisLimits } from "./redis-limits.ts";
import { memoryStore, type RateLimitStore } from "./store.ts";

/** Counts in Redis where the configuration names one, else in the database where other processes may share it. */
export async function openRateLimitStore(
  { eventsUrl }: { readonly eventsUrl: Secret | null },
  database: Database,
  log: Logger,
): Promise<RateLimitStore> {
  if (database.url === null) return memoryStore();
  return eventsUrl === null ? new DatabaseLimits(database, log) : RedisLimits.connect(eventsUrl, log);
}
