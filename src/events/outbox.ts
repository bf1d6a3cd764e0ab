import type { Database, EntityManager } from "../db/database.ts";
import { randomMark } from "./cursor.ts";
import type { Doorbell } from "./doorbell.ts";
import { type NewEvent, type StreamEvent, toStreamEvent } from "./event.ts";

/** Remembers an event until the end of the transaction. */
export type Emit = (event: NewEvent) => void;

// The lock on the user's row of user_streams lasts until the commit, so numbers are committed in their order, and a
// rollback gives its number back. However many events there are, they are one statement. A mark is the one before,
// mixed with a random number: whoever knows that number also knows the mark before, which no snapshot need show.
const append = `with added as (
    select * from json_to_recordset(?::json) as a (place int, mark bigint, type text, body jsonb)
  ), stream as (
    insert into user_streams (user_id, seq, mark) values (?, ?, ?)
    on conflict (user_id) do update set seq = user_streams.seq + excluded.seq, mark = user_streams.mark # excluded.mark
    returning user_id, seq - ? as before, mark # ? as before_mark
  )
  insert into events (user_id, seq, mark, type, body, created_at)
  select user_id, before + place, before_mark # added.mark, type, body, clock_timestamp() from stream, added order by place
  returning seq::float8 as seq, mark::float8 as mark, (extract(epoch from created_at) * 1000)::float8 as at_ms,
    (select before_mark from stream)::float8 as before_mark, (select id::text from timeline) as timeline`;

interface AppendedRow {
  readonly seq: number;
  readonly mark: number;
  readonly at_ms: number;
  readonly before_mark: number;
  readonly timeline: string;
}

async function insert(em: EntityManager, userId: string, events: readonly NewEvent[]): Promise<StreamEvent[]> {
  const added = events.map(({ type, body }, index) => ({ place: index + 1, mark: randomMark(), type, body }));
  const { length } = added;
  const { mark } = added[length - 1]!;
  const rows = await em.execute<AppendedRow[]>(append, [JSON.stringify(added), userId, length, mark, length, mark]);
  // PostgreSQL promises no order of what is returned.
  const places = rows.toSorted((a, b) => a.seq - b.seq);
  return places.map(({ seq, mark, timeline, at_ms: atMs, before_mark }, index) => {
    const { type, body } = events[index]!;
    const previous = places[index - 1]?.mark ?? before_mark;
    return toStreamEvent(userId, { seq, mark, previous, timeline, type, body: JSON.stringify(body), atMs });
  });
}

/** Writes changes together with the events that tell of them. */
export class Outbox {
  readonly #database: Database;
  readonly #doorbell: Doorbell;

  constructor(database: Database, doorbell: Doorbell) {
    this.#database = database;
    this.#doorbell = doorbell;
  }

  /**
   * Runs `work` in a transaction. What it emits is written by the transaction's last statements, so that the lock on
   * the user's stream is held as short as possible; after the commit the doorbell rings, and brings the events to this
   * process's own readers.
   */
  async transaction<T>(userId: string, work: (em: EntityManager, emit: Emit) => Promise<T>): Promise<T> {
    const committed: StreamEvent[] = [];
    const result = await this.#database.transaction(async (em) => {
      const events: NewEvent[] = [];
      const value = await work(em, (event) => events.push(event));
      committed.length = 0;
      if (events.length > 0) committed.push(...(await insert(em, userId, events)));
      return value;
    });
    if (committed.length > 0) this.#doorbell.ring(userId, committed);
    return result;
  }
}
