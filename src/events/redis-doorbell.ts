import { createClient } from "@redis/client";
import type { OpenLine } from "./shared-doorbell.ts";

/** Redis has one space of channels for all of its databases. */
const channel = "maestro_auth_events";
const connectTimeoutMs = 5_000;
/** Without it a connection that a firewall has dropped would look open for hours. */
const pingIntervalMs = 10_000;
const silenceTimeoutMs = 30_000;

/**
 * Processes tell each other by Redis pub/sub. With RESP3 (Redis 6 and later) one connection both listens and sends. The
 * client's own reconnecting is off: its waits cannot be cut short.
 */
export function redisLine(url: string): OpenLine {
  return async (onPayload) => {
    const client = createClient({
      url,
      RESP: 3,
      name: "maestro-auth-doorbell",
      disableOfflineQueue: true,
      pingInterval: pingIntervalMs,
      socket: { reconnectStrategy: false, connectTimeout: connectTimeoutMs, socketTimeout: silenceTimeoutMs },
    });
    const { promise: lost, resolve } = Promise.withResolvers<void>();
    client.on("error", () => resolve());
    client.on("end", () => resolve());
    const close = async () => {
      resolve();
      if (client.isOpen) client.destroy();
    };
    try {
      await client.connect();
      await client.subscribe(channel, onPayload);
    } catch (error) {
      await close();
      throw error;
    }
    return { send: (payload) => client.publish(channel, payload), lost, close };
  };
}
