import { readdir } from "node:fs/promises";
import { OperatorError } from "../errors/operator-error.ts";
import { type Database, migrationsFolder } from "./database.ts";
import { type LockOptions, withMigrationLock } from "./migration-lock.ts";

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

// As MikroORM makes it, but within the lock: of two processes that start at once both would make it.
const createTable = (
  schema: string,
) => `create table if not exists "${schema.replaceAll('"', '""')}"."mikro_orm_migrations"
  ("id" serial primary key, "name" varchar(255) not null, "executed_at" timestamptz(0) not null default current_timestamp)`;

export interface MigrateOptions {
  readonly onApplied?: (name: string) => void;
  /** Milliseconds for which locks that others hold are waited for; a minute unless it is given. */
  readonly waitMs?: number;
  /** Told now and then who holds a lock that the migrations wait for. */
  readonly onWait?: (text: string) => void;
}

/**
 * Brings the database to this version's schema. Of several processes that start at once one migrates and the others
 * wait; all of it is one transaction, so a failed migration leaves the old schema.
 * @returns the names of the migrations that were applied, in order.
 * @throws OperatorError when a newer version has migrated it before, or others hold a lock for too long.
 */
export async function migrate(database: Database, options: MigrateOptions = {}): Promise<string[]> {
  const { onApplied = () => {}, onWait = () => {}, waitMs = 60_000 } = options;
  if ((await readKnownState(database)).pending.length === 0) return [];
  await using unlimited = await database.unlimited();
  const { orm } = unlimited;
  const listener = ({ name }: { name: string }) => onApplied(name);
  orm.migrator.on("migrated", listener);
  try {
    const applied = await apply(database, { database, orm, onWait, waitMs });
    return applied.map(({ name }) => name);
  } finally {
    orm.migrator.off("migrated", listener);
  }
}

async function apply({ facts }: Database, locks: LockOptions): Promise<readonly { readonly name: string }[]> {
  const { migrator } = locks.orm;
  // Only this process opens the embedded database.
  if (facts === null) return migrator.up();
  // The migrator looks for its table before its transaction begins.
  await withMigrationLock(locks, (lock) => lock.execute(createTable(facts.schema)));
  return withMigrationLock(locks, async ({ transaction }) => {
    // Another version may have been faster.
    await readKnownState(locks.database);
    return migrator.up({ transaction });
  });
}

async function readKnownState(database: Database): Promise<SchemaState> {
  const state = await readSchemaState(database);
  if (state.unknown.length > 0) throw new SchemaTooNewError(state.unknown);
  return state;
}
