import type { Database, EntityManager } from "../db/database.ts";
import type { Doorbell } from "./doorbell.ts";
import { type NewEvent, type StreamEvent, toStreamEvent } from "./event.ts";

/** Remembers an event until the end of the transaction. */
export type Emit = (event: NewEvent) => void;

// The lock on the user's row of user_streams lasts until the commit, so numbers are committed in their order, and a
// rollback gives its number back.
const append = `with stream as (
    insert into user_streams (user_id, seq) values (?, 1)
    on conflict (user_id) do update set seq = user_streams.seq + 1
    returning user_id, seq
  )
  insert into events (user_id, seq, type, body, created_at)
  select user_id, seq, ?, ?::jsonb, clock_timestamp() from stream
  returning seq::float8 as seq, (extract(epoch from created_at) * 1000)::float8 as at_ms`;

async function insert(em: EntityManager, userId: string, { type, body }: NewEvent): Promise<StreamEvent> {
  const json = JSON.stringify(body);
  const [row] = await em.execute<{ seq: number; at_ms: number }[]>(append, [userId, type, json]);
  return toStreamEvent(userId, { seq: row!.seq, type, body: json, atMs: row!.at_ms });
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
      for (const event of events) committed.push(await insert(em, userId, event));
      return value;
    });
    if (committed.length > 0) this.#doorbell.ring(userId, committed);
    return result;
  }
}
