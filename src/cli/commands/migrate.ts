import { Command } from "commander";
import { openConfiguredDatabase } from "../../app/database.ts";
import { loadConfig } from "../../config/config.ts";
import { isDatabaseMade } from "../../db/configured-database.ts";
import type { Database } from "../../db/database.ts";
import { listMigrations, migrate, readSchemaState } from "../../db/migrate.ts";
import { loadCatalog } from "../../providers/registry.ts";
import { jsonOption, Output, type OutputOptions } from "../terminal/output.ts";
import { startProgress } from "../terminal/progress.ts";

interface MigrateOptions extends OutputOptions {
  readonly dryRun?: boolean;
}

async function apply(
  database: Database,
  pending: readonly string[],
  options: Pick<Parameters<typeof migrate>[1] & {}, "waitMs" | "onWait">,
): Promise<string[]> {
  // Also with nothing to apply: a newer version may have migrated this database.
  if (pending.length === 0) return migrate(database, options);
  using progress = startProgress("Applying migrations", pending.length);
  return migrate(database, { ...options, onApplied: () => progress.advance() });
}

function describe(names: readonly string[], dryRun: boolean): string {
  if (names.length === 0) return "The schema is up to date.";
  return [
    dryRun ? "These migrations would be applied:" : "These migrations were applied:",
    ...names.map((name) => `  ${name}`),
  ].join("\n");
}

async function run(options: MigrateOptions): Promise<void> {
  const output = new Output(options);
  const config = loadConfig(await loadCatalog());
  // The embedded database is made by opening it, and a dry run makes nothing.
  if (options.dryRun === true && !isDatabaseMade(config)) {
    const pending = await listMigrations();
    return output.result({ applied: [], pending }, describe(pending, true));
  }
  const onWait = (text: string) => output.note(`${text}.`);
  const waitMs = config.databaseWaitSeconds * 1_000;
  const isDryRun = options.dryRun === true;
  await using database = await openConfiguredDatabase(config, { onWait, waitMs, isForWriting: !isDryRun });
  const state = await readSchemaState(database);
  if (isDryRun) {
    return output.result({ applied: state.applied, pending: state.pending }, describe(state.pending, true));
  }
  const applied = await apply(database, state.pending, { waitMs, onWait });
  output.result({ applied: [...state.applied, ...applied], pending: [] }, describe(applied, false));
}

/** `maestro-auth migrate` */
export function migrateCommand(): Command {
  return new Command("migrate")
    .summary("bring the database to this version's schema")
    .description("Bring the database to this version's schema. The server does this itself when it starts.")
    .option("--dry-run", "only list what would be applied")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
All migrations are one transaction: a failed one leaves the old schema. On PostgreSQL several processes may
migrate at once, and one of them does. The embedded database can be opened by one process only; stop the server first.

Environment: DATABASE_URL, or DATA_DIR for the embedded database. DATABASE_WAIT_SECONDS (60 unless it is set) is how
long the command waits for PostgreSQL to come up, and for locks that others hold.

Examples:
  maestro-auth migrate --dry-run
  DATABASE_URL=postgres://maestro@db.internal/maestro maestro-auth migrate`,
    )
    .action(run);
}
