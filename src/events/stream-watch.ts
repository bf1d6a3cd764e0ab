import type { Database } from "../db/database.ts";
import type { Logger } from "../observability/logger.ts";
import type { Place } from "./cursor.ts";
import type { Doorbell } from "./doorbell.ts";
import { type PolledStream, WatchedStream } from "./watched-stream.ts";

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
  text: `select asked.user_id, coalesce(s.seq, 0)::float8 as seq, coalesce(s.mark, 0)::float8 as mark, t.id::text as timeline
    from timeline t cross join unnest($1::text[]) as asked (user_id) left join user_streams s on s.user_id = asked.user_id`,
};

interface PollRow extends PolledStream {
  readonly user_id: string;
}

/**
 * Wakes the readers of a user's stream: at once when the doorbell rings, and after at most one interval when it did
 * not. However many readers there are, one query an interval looks after all of them. It also notices streams whose
 * past has changed, since the database went back or is another: their readers end.
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
  #onContradiction: () => void = () => {};

  constructor(database: Database, doorbell: Doorbell, log: Logger, intervalMs: number) {
    this.#database = database;
    this.#log = log;
    this.#intervalMs = intervalMs;
    this.#release = (stream) => {
      stream.readers -= 1;
      if (stream.readers === 0) this.#forget(stream);
    };
    doorbell.onRing((userId, committed) => this.#streams.get(userId)?.ring(committed));
  }

  watch(userId: string): WatchHandle {
    let stream = this.#streams.get(userId);
    if (stream === undefined) {
      stream = new WatchedStream(userId, (ended) => this.#contradicted(ended));
      this.#streams.set(userId, stream);
    }
    stream.readers += 1;
    this.#schedule();
    return new WatchHandle(stream, this.#release);
  }

  /** @param listener told when the database shows another past of a stream than this process has seen */
  onContradiction(listener: () => void): void {
    this.#onContradiction = listener;
  }

  /** Ends all readers: the database is no longer the one that they have read. Those who come next begin anew. */
  endAll(): void {
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const stream of streams) stream.end();
  }

  #contradicted(stream: WatchedStream): void {
    this.#forget(stream);
    this.#onContradiction();
  }

  #forget(stream: WatchedStream): void {
    if (this.#streams.get(stream.userId) === stream) this.#streams.delete(stream.userId);
  }

  #schedule(): void {
    if (this.#closed || this.#streams.size === 0) return;
    this.#timer ??= setTimeout(() => {
      this.#polling = this.#poll();
    }, this.#intervalMs).unref();
  }

  async #poll(): Promise<void> {
    try {
      const asked = new Map<string, readonly [WatchedStream, known: Place | null]>();
      for (const [userId, stream] of this.#streams) asked.set(userId, [stream, stream.recent.end]);
      const rows = await this.#database.query<PollRow>(statement, [[...asked.keys()]]);
      for (const row of rows) {
        const [stream, known] = asked.get(row.user_id)!;
        if (stream.over === null) stream.poll(row, known);
      }
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
