import { AsyncLocalStorage } from "node:async_hooks";
import type { Server } from "node:http";
import type { Database } from "../../src/db/database.ts";

/**
 * Which statements the server sends to its database for one request. Time is not measured: where the statements are the
 * same, so is the time that they take.
 */
export class StatementRecord implements Disposable {
  /** To be given to the server in place of the one that is watched. */
  readonly database: Database;
  readonly #current = new AsyncLocalStorage<string[]>();
  #last: string[] = [];

  constructor(database: Database) {
    this.database = {
      ...database,
      query: (statement, values) => {
        this.#see(statement.text);
        return database.query(statement, values);
      },
    };
    database.orm.config.set("onQuery", (sql) => {
      this.#see(sql);
      return sql;
    });
  }

  /** From now on each request of a server begins a record of its own. */
  follow(server: Server): void {
    server.prependListener("request", () => {
      this.#last = [];
      this.#current.enterWith(this.#last);
    });
  }

  /** The statements of the last request so far, in order. */
  get last(): readonly string[] {
    return [...this.#last];
  }

  /** Whether the last request has written anything but a line of the audit log. */
  get hasWritten(): boolean {
    return this.#last.some(
      (text) => /\b(insert|update|delete)\b/i.test(text) && !text.startsWith('insert into "audit_log"'),
    );
  }

  #see(text: string): void {
    this.#current.getStore()?.push(text);
  }

  [Symbol.dispose](): void {
    this.database.orm.config.set("onQuery", (sql) => sql);
  }
}
