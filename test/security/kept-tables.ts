import { DeadlockException } from "@mikro-orm/core";
import type { Database } from "../../src/db/database.ts";

/**
 * The whole content of a database, kept beside it: it can be brought back, and what has changed of one user's can be
 * told. It learns the tables from the database, so that one that is added is kept as well.
 */
export class KeptTables implements AsyncDisposable {
  readonly #database: Database;
  readonly #tables: readonly string[];

  private constructor(database: Database, tables: readonly string[]) {
    this.#database = database;
    this.#tables = tables;
  }

  static async keep(database: Database): Promise<KeptTables> {
    const em = database.em();
    const found = await em.execute<{ name: string }[]>(
      `select table_name as name from information_schema.tables
        where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not like 'mikro_orm%' order by 1`,
    );
    const tables = found.map(({ name }) => name);
    await em.execute("drop schema if exists kept cascade");
    await em.execute("create schema kept");
    for (const table of tables) await em.execute(`create table kept."${table}" as table public."${table}"`);
    return new KeptTables(database, tables);
  }

  /** Makes everything as it was. The server goes on with its own work meanwhile, and may lock the same rows. */
  async restore(): Promise<void> {
    const steps = this.#tables.map(
      (table) => `delete from public."${table}"; insert into public."${table}" select * from kept."${table}";`,
    );
    for (let isDone = false; !isDone;) {
      isDone = await this.#database
        .em()
        .execute(`do $$ begin ${steps.join(" ")} end $$`)
        .then(() => true)
        .catch((error: unknown) => {
          if (error instanceof DeadlockException) return false;
          throw error;
        });
    }
  }

  /**
   * What of a user's rows is not as it was kept: new, changed or gone. Where no row has an owner, those that name the
   * user.
   */
  async changesOf(userId: string): Promise<readonly string[]> {
    const isTheirs = "case when row ? 'user_id' then row ->> 'user_id' = $1 else position($1 in row::text) > 0 end";
    const sides = this.#tables.map((table) => {
      const rows = (schema: string) =>
        `select '${table}' as name, row::text from (select to_jsonb(t) as row from ${schema}."${table}" t) r where ${isTheirs}`;
      return `((${rows("public")} except ${rows("kept")}) union all (${rows("kept")} except ${rows("public")}))`;
    });
    const statement = { name: "changes_of_user", text: sides.join(" union all ") };
    const rows = await this.#database.query<{ name: string; row: string }>(statement, [userId]);
    return rows.map(({ name, row }) => `${name}: ${row}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.em().execute("drop schema if exists kept cascade");
  }
}
