import type { Database } from "../db/database.ts";
import type { Logger } from "../observability/logger.ts";
import type { Doorbell } from "./doorbell.ts";
import { WatchedStream } from "./watched-stream.ts";

/** One reader's hold on a stream: the last one that is disposed ends the watch, and frees what it kept in memory. */
export class WatchHandle implements Disposable {
  readonly stream: WatchedStream;
  readonly #onDispose: (stream: WatchedStream) => void;
  #isHeld = true;

  constructor(stream: WatchedStream, onDispose: (stream: WatchedStream) => void) {
    this.stream = stream;
    this.#onDispose = onDispose;
  }

  get wakeUps(): number {
    return this.stream.wakeUps;
  }

  /** Resolves when there may be something new since `wakeUps` was read, or when the signal aborts. */
  async changed(wakeUps: number, signal: AbortSignal): Promise<void> {
    if (this.stream.wakeUps !== wakeUps || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const endWait = this.stream.onWake(resolve);
    const stop = () => resolve();
    signal.addEventListener("abort", stop);
    await promise;
    signal.removeEventListener("abort", stop);
    endWait();
  }

  [Symbol.dispose](): void {
    if (this.#isHeld) this.#onDispose(this.stream);
    this.#isHeld = false;
  }
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
  readonly #release: (stream: WatchedStream) => void;
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(database: Database, doorbell: Doorbell, log: Logger, intervalMs: number) {
    this.#database = database;
    this.#log = log;
    this.#intervalMs = intervalMs;
    this.#release = (stream) => {
      stream.readers -= 1;
      if (stream.readers === 0) this.#streams.delete(stream.userId);
    };
    doorbell.onRing((userId, committed) => this.#streams.get(userId)?.ring(committed));
  }

  watch(userId: string): WatchHandle {
    let stream = this.#streams.get(userId);
    if (stream === undefined) this.#streams.set(userId, (stream = new WatchedStream(userId)));
    stream.readers += 1;
    this.#schedule();
    return new WatchHandle(stream, this.#release);
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
      for (const { user_id, seq } of rows) this.#streams.get(user_id)?.poll(seq);
    } catch (error) {
      this.#log.tell("events.unpolled", { err: error });
    }
    this.#timer = undefined;
    this.#schedule();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#polling;
    for (const stream of this.#streams.values()) stream.wake();
  }
}
