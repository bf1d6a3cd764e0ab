import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "../db/database.ts";
import type { Logger } from "../observability/logger.ts";
import { CursorError, decodeCursor, encodeCursor } from "./cursor.ts";
import type { NewEvent, StreamEvent } from "./event.ts";
import type { StreamWatch } from "./stream-watch.ts";

const pageSize = 100;
const retryDelayMs = 1_000;

const positionStatement = {
  name: "event_stream_position",
  text: "select seq::float8 as seq, floor::float8 as floor from user_streams where user_id = $1",
};

// The floor comes with the events, from one snapshot: what retention removes between two pages is then never skipped
// unseen. A stream without newer events is one row of nulls.
const pageStatement = {
  name: "event_stream_page",
  text: `select s.floor::float8 as floor, e.seq::float8 as seq, e.type, e.body::text as body,
      (extract(epoch from e.created_at) * 1000)::float8 as at_ms
    from user_streams s left join lateral (
      select * from events where user_id = s.user_id and seq > $2 order by seq limit ${pageSize}
    ) e on true
    where s.user_id = $1 order by e.seq`,
};

interface PageRow {
  readonly floor: number;
  readonly seq: number | null;
  readonly type: string;
  readonly body: string;
  readonly at_ms: number;
}

function expired(): CursorError {
  return new CursorError(
    "CURSOR_EXPIRED",
    "The events after this cursor are no longer kept. Take `viewer { eventCursor }`, read the state anew, and subscribe after it.",
  );
}

/** Reads the users' events from the outbox, in order and without a gap. */
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
    return encodeCursor((await this.#position(userId)).seq);
  }

  /**
   * The events after a cursor, and then each new one, until the signal aborts. Without a cursor from now on.
   * A consumer that does not pull holds nothing but its place.
   * @throws CursorError at once, before the first event; while reading, if retention has overtaken the consumer.
   */
  async read(userId: string, after: string | null, signal: AbortSignal): Promise<AsyncGenerator<StreamEvent>> {
    return this.#follow(userId, await this.#start(userId, after), signal);
  }

  async #position(userId: string): Promise<{ seq: number; floor: number }> {
    const [row] = await this.#database.query<{ seq: number; floor: number }>(positionStatement, [userId]);
    return row ?? { seq: 0, floor: 0 };
  }

  async #start(userId: string, after: string | null): Promise<number> {
    const { seq, floor } = await this.#position(userId);
    if (after === null) return seq;
    const start = decodeCursor(after);
    if (start < floor || start > seq) throw expired();
    return start;
  }

  async *#follow(userId: string, start: number, signal: AbortSignal): AsyncGenerator<StreamEvent> {
    using handle = this.#watch.watch(userId);
    let seq = start;
    while (!signal.aborted) {
      const wakeUps = handle.wakeUps;
      const page = await this.#page(userId, seq, signal);
      for (const event of page) {
        seq = event.seq;
        yield event;
        if (signal.aborted) return;
      }
      if (page.length < pageSize) await handle.changed(wakeUps, signal);
    }
  }

  /**
   * Goes on trying while the database is away: a reader then sees a delay and no gap.
   * @throws CursorError
   */
  async #page(userId: string, after: number, signal: AbortSignal): Promise<StreamEvent[]> {
    const rows = await this.#rows(userId, after, signal);
    if (rows[0] !== undefined && rows[0].floor > after) throw expired();
    return rows.flatMap(({ seq, type, body, at_ms }) =>
      seq === null
        ? []
        : [{ ...({ type, body: JSON.parse(body) } as NewEvent), userId, seq, occurredAt: new Date(at_ms) }],
    );
  }

  async #rows(userId: string, after: number, signal: AbortSignal): Promise<PageRow[]> {
    while (!signal.aborted) {
      try {
        return await this.#database.query<PageRow>(pageStatement, [userId, after]);
      } catch (error) {
        this.#log.warn({ err: error }, "events could not be read; trying again");
        await delay(retryDelayMs, undefined, { signal }).catch(() => {});
      }
    }
    return [];
  }
}
