import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import type { Logger } from "../observability/logger.ts";
import { type Doorbell, inProcessDoorbell } from "./doorbell.ts";

const channel = "maestro_auth_events";
/** At most a hundred notifications a second: NOTIFY takes a lock that all of a server's commits share. */
const flushIntervalMs = 10;
/** PostgreSQL refuses payloads of 8000 bytes and more. */
const maxPayloadBytes = 7_900;
const reconnectDelayMs = 1_000;

/** Packs user ids into as few payloads as possible. */
function packPayloads(userIds: Iterable<string>): string[] {
  const payloads: string[] = [];
  let batch: string[] = [];
  let size = 2;
  for (const userId of userIds) {
    const length = Buffer.byteLength(JSON.stringify(userId)) + 1;
    if (size + length > maxPayloadBytes) {
      payloads.push(JSON.stringify(batch));
      batch = [];
      size = 2;
    }
    batch.push(userId);
    size += length;
  }
  if (batch.length > 0) payloads.push(JSON.stringify(batch));
  return payloads;
}

/** Rings in other processes by NOTIFY, over one connection of its own that it also listens on. */
export class PostgresDoorbell implements Doorbell {
  readonly #url: string;
  readonly #log: Logger;
  readonly #local = inProcessDoorbell();
  readonly #stopped = new AbortController();
  #client: Client | undefined;
  #pending = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  private constructor(url: string, log: Logger) {
    this.#url = url;
    this.#log = log;
  }

  /** Resolves once it listens, or once the first try has failed; it goes on trying. */
  static async connect(url: string, log: Logger): Promise<PostgresDoorbell> {
    const doorbell = new PostgresDoorbell(url, log);
    const connection = await doorbell.#open();
    doorbell.#running = doorbell.#keepOpen(connection);
    return doorbell;
  }

  ring(userId: string): void {
    this.#local.ring(userId);
    this.#pending.add(userId);
    this.#timer ??= setTimeout(() => void this.#flush(), flushIntervalMs).unref();
  }

  onRing(listener: (userId: string) => void): void {
    this.#local.onRing(listener);
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    const userIds = this.#pending;
    this.#pending = new Set();
    try {
      for (const payload of packPayloads(userIds))
        await this.#client?.query("select pg_notify($1, $2)", [channel, payload]);
    } catch (error) {
      this.#log.debug({ err: error }, "doorbell not rung; subscribers elsewhere find the events by polling");
    }
  }

  /** Connects once; `lost` resolves when the connection has ended, or could not be made. */
  async #open(): Promise<{ readonly lost: Promise<void> }> {
    const client = new Client({
      connectionString: this.#url,
      application_name: "maestro-auth doorbell",
      keepAlive: true,
    });
    const { promise: lost, resolve } = Promise.withResolvers<void>();
    client.on("error", () => resolve());
    client.on("end", () => resolve());
    client.on("notification", ({ payload }) => {
      for (const userId of JSON.parse(payload ?? "[]") as string[]) this.#local.ring(userId);
    });
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
      this.#client = client;
    } catch (error) {
      this.#log.warn({ err: error }, "doorbell cannot connect; events are found by polling until it can");
      resolve();
      await client.end().catch(() => {});
    }
    return { lost };
  }

  async #keepOpen(first: { readonly lost: Promise<void> }): Promise<void> {
    let connection = first;
    const signal = this.#stopped.signal;
    while (!signal.aborted) {
      await connection.lost;
      this.#client = undefined;
      await delay(reconnectDelayMs, undefined, { signal }).catch(() => {});
      if (!signal.aborted) connection = await this.#open();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await this.#flush();
    this.#stopped.abort();
    await this.#client?.end().catch(() => {});
    await this.#running;
  }
}
