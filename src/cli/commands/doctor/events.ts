import type { Config } from "../../../config/config.ts";
import { connectRedis, createRedisClient } from "../../../connections/redis-client.ts";
import { explainRedisFailure } from "../../../connections/redis-failure.ts";
import { parseRedisUrl } from "../../../connections/redis-url.ts";
import { OperatorError } from "../../../errors/operator-error.ts";
import { redisLine } from "../../../events/redis-doorbell.ts";
import type { Secret } from "../../../lib/secret.ts";
import { codeOf, fail, type Finding, ok, skip, warn } from "./check.ts";

/** Milliseconds. */
const connectTimeoutMs = 5_000;

/** What Redis says of itself, by name. https://redis.io/docs/latest/commands/info/ */
async function readInfo(url: Secret): Promise<Map<string, string>> {
  const client = createRedisClient(url, "maestro-auth-doctor", connectTimeoutMs);
  client.on("error", () => {});
  try {
    await connectRedis(client, connectTimeoutMs);
    const lines = (await client.info()).split(/\r?\n/);
    return new Map(lines.filter((line) => line.includes(":")).map((line) => line.split(":", 2) as [string, string]));
  } finally {
    if (client.isOpen) client.destroy();
  }
}

/** What would keep limits from being counted in a Redis that takes connections. */
function findObstacle(info: ReadonlyMap<string, string>, place: string): Finding | null {
  const counted = "limits are counted by each process for itself";
  if (info.get("cluster_enabled") === "1") {
    return warn(
      `Redis at ${place} is a cluster: events pass, ${counted}.`,
      "Name a single Redis in EVENTS_URL, or a proxy before the cluster.",
    );
  }
  if (info.get("role") === "slave") {
    return warn(`Redis at ${place} is a read-only replica: ${counted}.`, "Name the primary in EVENTS_URL.");
  }
  const limit = Number(info.get("maxmemory") ?? 0);
  if (limit > 0 && Number(info.get("used_memory")) >= limit && info.get("maxmemory_policy") === "noeviction") {
    return warn(`Redis at ${place} is full: ${counted}.`, "Raise its maxmemory, or let it evict: maxmemory-policy.");
  }
  return null;
}

/** Whether Redis takes a connection as the server makes it, subscribed to the channel of events. */
export async function checkEvents({ eventsUrl }: Pick<Config, "eventsUrl">): Promise<Finding> {
  if (eventsUrl === null) return skip("EVENTS_URL is not set: events go by PostgreSQL, or within the process");
  const { place, isEncrypted } = parseRedisUrl(eventsUrl.reveal());
  try {
    const line = await redisLine(eventsUrl)(() => {});
    await line.close();
    const obstacle = findObstacle(await readInfo(eventsUrl), place);
    return obstacle ?? ok(`Redis at ${place} answers, ${isEncrypted ? "encrypted" : "in plain text"}`);
  } catch (error) {
    const explained = explainRedisFailure(error, eventsUrl);
    const polled = "until then events arrive within a second, by polling.";
    return explained instanceof OperatorError
      ? fail(explained.reason, `${explained.cure.replace(/\.$/, "")}; ${polled}`)
      : fail(
          `Redis at ${place} does not take a subscriber (${codeOf(error)}).`,
          `Start it (version 6 or later), or correct EVENTS_URL; ${polled}`,
        );
  }
}
