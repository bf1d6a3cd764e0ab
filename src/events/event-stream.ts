import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "../db/database.ts";
import type { Logger } from "../observability/logger.ts";
import {
  CursorError,
  type CursorClaim,
  decodeCursor,
  encodeCursor,
  expired,
  HistoryChangedError,
  isCursorOf,
  type Place,
} from "./cursor.ts";
import { EventReader } from "./event-reader.ts";
import { readPage, readPosition, type StreamPage } from "./stream-page.ts";
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
    return encodeCursor({ ...(await readPosition(this.#database, userId)), userId });
  }

  /**
   * The events after a cursor, and then each new one, until the reader is closed. Without a cursor from now on.
   * @throws CursorError
   */
  async read(userId: string, after: string | null): Promise<EventReader> {
    const claim = after === null ? null : decodeCursor(after);
    for (;;) {
      const watch = this.#watch.watch(userId);
      try {
        const start = await this.#start(watch, claim);
        // What it has shown to be out of date has ended with its readers; the next one begins with nothing in memory.
        if (watch.stream.over === null) return new EventReader(watch, start, (place) => this.#page(watch, place));
      } catch (error) {
        watch[Symbol.dispose]();
        throw error;
      }
      watch[Symbol.dispose]();
    }
  }

  async #start({ stream }: WatchHandle, claim: CursorClaim | null): Promise<Place> {
    const { userId } = stream;
    const position = await stream.look(() => readPosition(this.#database, userId, claim?.seq));
    if (claim === null) return { seq: position.seq, mark: position.mark };
    const { seq } = claim;
    const { timeline, floor, askedMark } = position;
    if (seq > position.seq) throw new HistoryChangedError();
    if (seq < floor) throw expired();
    if (askedMark === null || !isCursorOf(claim, { timeline, userId, seq, mark: askedMark })) {
      throw new HistoryChangedError();
    }
    return { seq, mark: askedMark };
  }

  /**
   * Goes on trying while the database is away: readers then see a delay and no gap.
   * @throws CursorError
   */
  async #page({ stream }: WatchHandle, after: Place): Promise<StreamPage> {
    do {
      try {
        return await readPage(this.#database, stream.userId, after);
      } catch (error) {
        if (error instanceof CursorError) throw error;
        this.#log.tell("events.unread", { err: error });
        await delay(retryDelayMs, undefined, { ref: false });
      }
    } while (stream.readers > 0 && stream.over === null);
    return { after, events: [], isLast: false, timeline: null };
  }
}
