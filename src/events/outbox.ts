import type { Database, EntityManager } from "../db/database.ts";
import type { Doorbell } from "./doorbell.ts";
import { type NewEvent, type StreamEvent, toStreamEvent } from "./event.ts";

/** Remembers an event until the end of the transaction. */
export type Emit = (event: NewEvent) => void;

// The lock on the user's row of user_streams lasts until the commit, so numbers are committed in their order, and a
// rollback gives its number back. However many events there are, they are one statement.
const append = `with added as (
    select * from json_to_recordset(?::json) as a (place int, type text, body jsonb)
  ), stream as (
    insert into user_streams (user_id, seq) values (?, ?)
    on conflict (user_id) do update set seq = user_streams.seq + excluded.seq
    returning user_id, seq - ? as before
  )
  insert into events (user_id, seq, type, body, created_at)
  select user_id, before + place, type, body, clock_timestamp() from stream, added order by place
  returning seq::float8 as seq, (extract(epoch from created_at) * 1000)::float8 as at_ms`;

async function insert(em: EntityManager, userId: string, events: readonly NewEvent[]): Promise<StreamEvent[]> {
  const added = events.map(({ type, body }, index) => ({ place: index + 1, type, body }));
  const values = [JSON.stringify(added), userId, added.length, added.length];
  const rows = await em.execute<{ seq: number; at_ms: number }[]>(append, values);
  // PostgreSQL promises no order of what is returned.
  const places = rows.toSorted((a, b) => a.seq - b.seq);
  return places.map(({ seq, at_ms: atMs }, index) => {
    const { type, body } = events[index]!;
    return toStreamEvent(userId, { seq, type, body: JSON.stringify(body), atMs });
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
   * the user's stream is held as short as possible; after the commit the doorbell rings, and brings the events to this process's own readers.
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
