import { readdir } from "node:fs/promises";
import { OperatorError } from "../operator-error.ts";
import { type Database, migrationsFolder } from "./database.ts";

/** The migrations of a database, by name and in order. */
export interface SchemaState {
  readonly applied: readonly string[];
  /** Of this version, and not applied yet. */
  readonly pending: readonly string[];
  /** Applied by a newer version; this one does not have them. */
  readonly unknown: readonly string[];
}

/** A newer version has migrated the database: this one does not know what stands in it now. */
class SchemaTooNewError extends OperatorError {
  constructor(unknown: readonly string[]) {
    super(
      `The database has a newer schema than this version knows (${unknown.join(", ")}). Nothing was changed.`,
      "Start the newer version, or restore the backup that was made before it.",
    );
  }
}

/** This version needs migrations that nobody has applied. */
class SchemaTooOldError extends OperatorError {
  constructor(pending: readonly string[]) {
    super(
      `The database lacks migrations of this version (${pending.join(", ")}).`,
      "Run `maestro-auth migrate`, or start the server, which applies them.",
    );
  }
}

const tableQuery = {
  name: "migrations_table",
  text: "select to_regclass('mikro_orm_migrations') is not null as found",
};
const appliedQuery = { name: "applied_migrations", text: "select name from mikro_orm_migrations order by id" };

/** The names of this version's migrations, in order. */
export async function listMigrations(): Promise<string[]> {
  const files = (await readdir(migrationsFolder)).filter((file) => /^\d.*(?<!\.d)\.[jt]s$/.test(file));
  return files.map((file) => file.replace(/\.[jt]s$/, "")).toSorted();
}

/** Compares the database with this version, and writes nothing. */
export async function readSchemaState(database: Database): Promise<SchemaState> {
  const own = await listMigrations();
  const [table] = await database.query<{ found: boolean }>(tableQuery, []);
  const rows = table!.found ? await database.query<{ name: string }>(appliedQuery, []) : [];
  const applied = rows.map(({ name }) => name);
  return {
    applied,
    pending: own.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !own.includes(name)),
  };
}

/** Applies nothing. @throws OperatorError unless the database has exactly this version's schema. */
export async function assertMigrated(database: Database): Promise<[]> {
  const { pending, unknown } = await readSchemaState(database);
  if (unknown.length > 0) throw new SchemaTooNewError(unknown);
  if (pending.length > 0) throw new SchemaTooOldError(pending);
  return [];
}

/**
 * Brings the database to this version's schema. Of several processes that start at once one migrates and the others
 * wait; all of it is one transaction, so a failed migration leaves the old schema.
 * @returns the names of the migrations that were applied, in order.
 * @throws OperatorError when a newer version has migrated it before.
 */
export async function migrate(database: Database, onApplied: (name: string) => void = () => {}): Promise<string[]> {
  return database.exclusively(async () => {
    const { unknown } = await readSchemaState(database);
    if (unknown.length > 0) throw new SchemaTooNewError(unknown);
    const { migrator } = database.orm;
    const listener = ({ name }: { name: string }) => onApplied(name);
    migrator.on("migrated", listener);
    const applied = await migrator.up();
    migrator.off("migrated", listener);
    return applied.map(({ name }) => name);
  });
}
