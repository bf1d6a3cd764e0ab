import type { Database } from "../db/database.ts";
import type { Logger } from "../observability/logger.ts";
import type { Doorbell } from "./doorbell.ts";

interface WatchedStream {
  readers: number;
  /** The highest number that polling has seen. */
  seq: number;
  /** Counts wake-ups, so that one between a reader's look and its wait is not missed. */
  wakeUps: number;
  waiting: (() => void)[];
}

/** One reader's view of a watched stream. */
export interface WatchHandle extends Disposable {
  readonly wakeUps: number;
  /** Resolves when there may be something new since `wakeUps` was read, or when the signal aborts. */
  changed(wakeUps: number, signal: AbortSignal): Promise<void>;
}

const statement = {
  name: "poll_streams",
  text: "select user_id, seq::float8 as seq from user_streams where user_id = any($1)",
};

/**
 * Wakes the readers of a user's stream: at once when the doorbell rings, and after at most one interval when it did not.
 * However many readers there are, one query an interval looks after all of them.
 */
export class StreamWatch implements AsyncDisposable {
  readonly #database: Database;
  readonly #log: Logger;
  readonly #intervalMs: number;
  readonly #streams = new Map<string, WatchedStream>();
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(database: Database, doorbell: Doorbell, log: Logger, intervalMs: number) {
    this.#database = database;
    this.#log = log;
    this.#intervalMs = intervalMs;
    doorbell.onRing((userId) => this.#wake(this.#streams.get(userId)));
  }

  watch(userId: string): WatchHandle {
    let stream = this.#streams.get(userId);
    if (stream === undefined) this.#streams.set(userId, (stream = { readers: 0, seq: 0, wakeUps: 0, waiting: [] }));
    const watched = stream;
    watched.readers += 1;
    this.#schedule();
    return {
      get wakeUps() {
        return watched.wakeUps;
      },
      changed: (wakeUps, signal) => waitForWakeUp(watched, wakeUps, signal),
      [Symbol.dispose]: () => {
        watched.readers -= 1;
        if (watched.readers === 0) this.#streams.delete(userId);
      },
    };
  }

  #wake(stream: WatchedStream | undefined): void {
    if (stream === undefined) return;
    stream.wakeUps += 1;
    for (const resolve of stream.waiting.splice(0)) resolve();
  }

  #schedule(): void {
    if (this.#closed || this.#streams.size === 0) return;
    this.#timer ??= setTimeout(() => {
      this.#polling = this.#poll();
    }, this.#intervalMs).unref();
  }

  async #poll(): Promise<void> {
    try {
      const rows = await this.#database.query<{ user_id: string; seq: number }>(statement, [[...this.#streams.keys()]]);
      for (const row of rows) {
        const stream = this.#streams.get(row.user_id);
        if (stream === undefined || row.seq <= stream.seq) continue;
        stream.seq = row.seq;
        this.#wake(stream);
      }
    } catch (error) {
      this.#log.warn({ err: error }, "event streams could not be polled; trying again");
    }
    this.#timer = undefined;
    this.#schedule();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#polling;
    for (const stream of this.#streams.values()) this.#wake(stream);
  }
}

async function waitForWakeUp(stream: WatchedStream, wakeUps: number, signal: AbortSignal): Promise<void> {
  if (stream.wakeUps !== wakeUps || signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.waiting.push(resolve);
  const stop = () => resolve();
  signal.addEventListener("abort", stop);
  await promise;
  signal.removeEventListener("abort", stop);
}
