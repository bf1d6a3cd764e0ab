import type { Database } from "./database.ts";

/**
 * Brings the database to this version's schema. Of several processes that start at once one migrates and the others
 * wait; all of it is one transaction, so a failed migration leaves the old schema.
 * @returns the names of the migrations that were applied, in order.
 */
export async function migrate(database: Database): Promise<string[]> {
  const applied = await database.exclusively(() => database.orm.migrator.up());
  return applied.map((migration) => migration.name);
}
