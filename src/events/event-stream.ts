import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "../db/database.ts";
import type { Logger } from "../observability/logger.ts";
import { CursorError, decodeCursor, encodeCursor } from "./cursor.ts";
import { EventReader } from "./event-reader.ts";
import { expired, readPage, readPosition, type StreamPage } from "./stream-page.ts";
import type { StreamWatch, WatchHandle } from "./stream-watch.ts";

const retryDelayMs = 1_000;

/** Reads the users' events, in order and without a gap. */
export class EventStream {
  readonly #database: Database;
  readonly #watch: StreamWatch;
  readonly #log: Logger;

  constructor(database: Database, watch: StreamWatch, log: Logger) {
    this.#database = database;
    this.#watch = watch;
    this.#log = log;
  }

  /** The cursor of the user's latest event: state that is read after taking it holds everything up to it. */
  async cursor(userId: string): Promise<string> {
    return encodeCursor((await readPosition(this.#database, userId)).seq);
  }

  /**
   * The events after a cursor, and then each new one, until the reader is closed. Without a cursor from now on.
   * @throws CursorError
   */
  async read(userId: string, after: string | null): Promise<EventReader> {
    const watch = this.#watch.watch(userId);
    try {
      const start = await this.#start(watch, after);
      return new EventReader(watch, start, (seq) => this.#page(watch, seq));
    } catch (error) {
      watch[Symbol.dispose]();
      throw error;
    }
  }

  async #start({ stream }: WatchHandle, after: string | null): Promise<number> {
    const { seq, floor } = await stream.look(() => readPosition(this.#database, stream.userId));
    if (after === null) return seq;
    const start = decodeCursor(after);
    if (start < floor || start > seq) throw expired();
    return start;
  }

  /**
   * Goes on trying while the database is away: readers then see a delay and no gap.
   * @throws CursorError
   */
  async #page({ stream }: WatchHandle, after: number): Promise<StreamPage> {
    do {
      try {
        return await readPage(this.#database, stream.userId, after);
      } catch (error) {
        if (error instanceof CursorError) throw error;
        this.#log.tell("events.unread", { err: error });
        await delay(retryDelayMs, undefined, { ref: false });
      }
    } while (stream.readers > 0);
    return { after, events: [], isLast: false };
  }
}
