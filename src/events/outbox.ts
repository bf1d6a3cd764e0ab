import type { Database, EntityManager } from "../db/database.ts";
import type { Doorbell } from "./doorbell.ts";
import type { NewEvent } from "./event.ts";

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
  select user_id, seq, ?, ?::jsonb, clock_timestamp() from stream`;

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
   * the user's stream is held as short as possible; after the commit the doorbell rings.
   */
  async transaction<T>(userId: string, work: (em: EntityManager, emit: Emit) => Promise<T>): Promise<T> {
    const events: NewEvent[] = [];
    const result = await this.#database.transaction(async (em) => {
      events.length = 0;
      const value = await work(em, (event) => events.push(event));
      for (const event of events) await em.execute(append, [userId, event.type, JSON.stringify(event.body)], "run");
      return value;
    });
    if (events.length > 0) this.#doorbell.ring(userId);
    return result;
  }
}
