import { connectRedis, createRedisClient } from "../connections/redis-client.ts";
import { explainRedisFailure } from "../connections/redis-failure.ts";
import type { Secret } from "../lib/secret.ts";
import type { OpenLine } from "./shared-doorbell.ts";

/** Redis has one space of channels for all of its databases. */
const channel = "maestro_auth_events";
const connectTimeoutMs = 5_000;

/** Processes tell each other by Redis pub/sub. @throws RedisUnavailableError when it opens */
export function redisLine(url: Secret): OpenLine {
  return async (onPayload) => {
    const client = createRedisClient(url, "maestro-auth-doorbell", connectTimeoutMs);
    const { promise: lost, resolve } = Promise.withResolvers<void>();
    client.on("error", () => resolve());
    client.on("end", () => resolve());
    const close = async () => {
      resolve();
      if (client.isOpen) client.destroy();
    };
    try {
      await connectRedis(client, connectTimeoutMs);
      await client.subscribe(channel, onPayload);
    } catch (error) {
      await close();
      throw explainRedisFailure(error, url);
    }
    return { send: (payload) => client.publish(channel, payload), lost, close };
  };
}
