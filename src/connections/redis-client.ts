import { createClient } from "@redis/client";
import type { Secret } from "../lib/secret.ts";

/** Without it a connection that a firewall has dropped would look open for hours. */
const pingIntervalMs = 10_000;
const silenceTimeoutMs = 30_000;

/**
 * A client with RESP3 (Redis 6 and later), whose connection both listens and sends. Its own reconnecting is off: its
 * waits cannot be cut short.
 */
export function createRedisClient(url: Secret, name: string, connectTimeoutMs: number) {
  return createClient({
    url: url.reveal(),
    RESP: 3,
    name,
    disableOfflineQueue: true,
    pingInterval: pingIntervalMs,
    socket: { reconnectStrategy: false, connectTimeout: connectTimeoutMs, socketTimeout: silenceTimeoutMs },
  });
}

export type RedisClient = ReturnType<typeof createRedisClient>;

/**
 * Connects, and gives up on a Redis that takes the connection and says nothing: the client's own limit ends with the
 * connection of TCP.
 */
export async function connectRedis(client: RedisClient, deadlineMs: number): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("Redis did not answer in time")), deadlineMs);
  try {
    await Promise.race([client.connect(), late]);
  } catch (error) {
    if (client.isOpen) client.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
