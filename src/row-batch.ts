import { setImmediate } from "node:timers/promises";

/** The rows that are asked for in one turn, and where they will be. */
interface Turn<Row> {
  readonly ids: Set<string>;
  readonly rows: Promise<ReadonlyMap<string, Row>>;
}

/**
 * Joins what is asked for of one user's rows during one turn of the event loop into one statement: a page of a hundred
 * objects asks as much of the database as one object. Nothing is kept: the next turn reads anew.
 */
export class RowBatch<Row> {
  readonly #read: (userId: string, ids: readonly string[]) => Promise<ReadonlyMap<string, Row>>;
  readonly #turns = new Map<string, Turn<Row>>();

  constructor(read: (userId: string, ids: readonly string[]) => Promise<ReadonlyMap<string, Row>>) {
    this.#read = read;
  }

  /** Null for an id that the statement did not find. */
  async find(userId: string, id: string): Promise<Row | null> {
    let turn = this.#turns.get(userId);
    if (turn === undefined) {
      const ids = new Set<string>();
      turn = { ids, rows: this.#readLater(userId, ids) };
      this.#turns.set(userId, turn);
    }
    turn.ids.add(id);
    return (await turn.rows).get(id) ?? null;
  }

  async #readLater(userId: string, ids: ReadonlySet<string>): Promise<ReadonlyMap<string, Row>> {
    await setImmediate();
    this.#turns.delete(userId);
    return this.#read(userId, [...ids]);
  }
}

/** Rows as a batch gives them back. */
export function byId<Row extends { readonly id: string }>(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row.id, row]));
}
