import { DeadlockException } from "@mikro-orm/core";
import type { Database } from "../../src/db/database.ts";

/**
 * The whole content of a database, kept beside it: it can be brought back, and what has changed of one user's can be
 * told. It learns the tables from the database, so that one that is added is kept as well.
 */
export class KeptTables implements AsyncDisposable {
  readonly #database: Database;
  /** Their names, each with the columns that are not computed from others. */
  readonly #tables: ReadonlyMap<string, readonly string[]>;

  private constructor(database: Database, tables: ReadonlyMap<string, readonly string[]>) {
    this.#database = database;
    this.#tables = tables;
  }

  static async keep(database: Database): Promise<KeptTables> {
    const em = database.em();
    // A timeline that is written anew is another one, and ends all streams.
    const found = await em.execute<{ name: string; column: string }[]>(
      `select table_name as name, column_name as column
        from information_schema.tables join information_schema.columns using (table_schema, table_name)
        where table_schema = 'public' and table_type = 'BASE TABLE' and is_generated = 'NEVER'
          and table_name not like 'mikro_orm%' and table_name <> 'timeline'
        order by 1, ordinal_position`,
    );
    const tables = new Map<string, string[]>();
    for (const { name, column } of found) tables.set(name, [...(tables.get(name) ?? []), `"${column}"`]);
    await em.execute("drop schema if exists kept cascade");
    await em.execute("create schema kept");
    for (const table of tables.keys()) await em.execute(`create table kept."${table}" as table public."${table}"`);
    return new KeptTables(database, tables);
  }

  /** Makes everything as it was. The server goes on with its own work meanwhile, and may lock the same rows. */
  async restore(): Promise<void> {
    const steps = Array.from(this.#tables, ([table, columns]) => {
      const list = columns.join(", ");
      return `delete from public."${table}"; insert into public."${table}" (${list}) select ${list} from kept."${table}";`;
    });
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
    const sides = [...this.#tables.keys()].map((table) => {
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
