import { TurnBatch } from "./turn-batch.ts";

/**
 * Joins what is asked for of one user's rows during one turn of the event loop into one statement: a page of a hundred
 * objects asks as much of the database as one object. Nothing is kept: the next turn reads anew.
 */
export class RowBatch<Row> {
  readonly #read: (userId: string, ids: readonly string[]) => Promise<ReadonlyMap<string, Row>>;
  /** One for each user of this turn: what fails for one fails for nobody else. */
  readonly #users = new Map<string, TurnBatch<string, Row | null>>();

  constructor(read: (userId: string, ids: readonly string[]) => Promise<ReadonlyMap<string, Row>>) {
    this.#read = read;
  }

  /** Null for an id that the statement did not find. */
  async find(userId: string, id: string): Promise<Row | null> {
    let batch = this.#users.get(userId);
    if (batch === undefined) {
      batch = new TurnBatch((ids) => this.#readAll(userId, ids));
      this.#users.set(userId, batch);
    }
    return batch.ask(id);
  }

  async #readAll(userId: string, ids: readonly string[]): Promise<(Row | null)[]> {
    this.#users.delete(userId);
    const rows = await this.#read(userId, [...new Set(ids)]);
    return ids.map((id) => rows.get(id) ?? null);
  }
}

/** Rows as a batch gives them back. */
export function byId<Row extends { readonly id: string }>(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row.id, row]));
}
