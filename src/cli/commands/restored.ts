import { Command } from "commander";
import { beginTimeline, readTimeline } from "../../db/timeline-row.ts";
import { openForCommand } from "../operation.ts";
import { jsonOption, Output, type OutputOptions } from "../terminal/output.ts";

async function run(options: OutputOptions): Promise<void> {
  await using parts = await openForCommand();
  const { database } = parts.storage;
  const reusable = parts.services.registry.listReusing();
  await beginTimeline(database, await readTimeline(database), { cause: "operator", reusable });
  const { begunAt } = await readTimeline(database);
  const text = `A new timeline has begun at ${begunAt.toISOString()}.
Event streams end with CURSOR_EXPIRED, and clients read their state anew.
Renewals that were held back go on: each is sent when its token is about to expire.`;
  new Output(options).result({ begunAt }, text);
}

/** `maestro-auth restored` */
export function restoredCommand(): Command {
  return new Command("restored")
    .summary("say that this database has taken the place of an earlier one")
    .description(
      "Say that this database was restored, and has taken the place of the one that it was copied from. " +
        "Run it after each restore, once nothing works with the other database any more.",
    )
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Servers notice most restores by themselves; this command is for those that leave no trace, and for copies: a server
does not use the refresh tokens of a copy, since the original may still do so, and many providers end a sign-in whose
refresh token is used twice. Don't run it in a copy for tests while the original is in use.

It works beside running servers on PostgreSQL. The embedded database is the running server's alone; stop it first.

Environment: DATABASE_URL, or DATA_DIR for the embedded database.

Example:
  DATABASE_URL=postgres://maestro@db.internal/maestro maestro-auth restored`,
    )
    .action(run);
}
