import type { Database } from "../../../db/database.ts";
import { readSchemaState } from "../../../db/migrate.ts";
import { fail, type Finding, ok } from "./check.ts";

/** The oldest PostgreSQL that is tested. */
const oldestPostgres = 15;

const versionQuery = {
  name: "server_version",
  text: "select current_setting('server_version_num')::int as number, current_setting('server_version') as text",
};

export async function checkVersion(database: Database): Promise<Finding> {
  const [row] = await database.query<{ number: number; text: string }>(versionQuery, []);
  const { number, text } = row!;
  if (number >= oldestPostgres * 10_000) return ok(`${database.url === null ? "embedded " : ""}PostgreSQL ${text}`);
  return fail(
    `PostgreSQL ${text} is older than ${oldestPostgres}, which this server needs.`,
    `Move the database to PostgreSQL ${oldestPostgres} or later.`,
  );
}

export async function checkMigrations(database: Database): Promise<Finding> {
  const { applied, pending, unknown } = await readSchemaState(database);
  if (unknown.length > 0) {
    return fail(
      `A newer version has migrated the database (${unknown.join(", ")}).`,
      "Start the newer version, or restore the backup that was made before it.",
    );
  }
  if (pending.length > 0) {
    return fail(
      `These migrations are not applied: ${pending.join(", ")}.`,
      "Run `maestro-auth migrate`, or start the server, which applies them.",
    );
  }
  return ok(`${applied.length} applied, none pending`);
}
