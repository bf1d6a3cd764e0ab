import type { Database } from "../../src/db/database.ts";

/** Sees which users' streams the server looks after: it asks the database for them at each poll. */
export class PollSpy {
  readonly database: Database;
  readonly #waiting = new Set<(userIds: readonly string[]) => void>();

  constructor(database: Database) {
    this.database = {
      ...database,
      query: (statement, values) => {
        if (statement.name === "poll_streams") for (const see of this.#waiting) see(values[0] as string[]);
        return database.query(statement, values);
      },
    };
  }

  /** Resolves at the first poll from now on for exactly these users. */
  async polled(...userIds: string[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const see = (polled: readonly string[]) => {
      if (polled.toSorted().join() === userIds.toSorted().join()) resolve();
    };
    this.#waiting.add(see);
    await promise;
    this.#waiting.delete(see);
  }
}
