import { once } from "node:events";
import type { Writable } from "node:stream";
import { SingleBar } from "cli-progress";
import { Command, InvalidArgumentError } from "commander";
import { openConfiguredDatabase } from "../../app/database.ts";
import { AuditReader, type AuditSelection, type StoredAuditEntry } from "../../audit/audit-reader.ts";
import { loadConfig } from "../../config/config.ts";
import { assertMigrated } from "../../db/migrate.ts";
import { loadCatalog } from "../../providers/registry.ts";
import { jsonOption } from "../terminal/output.ts";
import { outputFault } from "../terminal/standard-streams.ts";
import { printableJson } from "../terminal/terminal.ts";
import { parseUser } from "../user-option.ts";

interface ExportOptions {
  readonly user?: string;
  readonly since?: Date;
  readonly until?: Date;
}

/** Entries that are in memory at once. */
const batchSize = 1_000;

function parseTime(value: string): Date {
  const time = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(value) ? new Date(value) : null;
  if (time !== null && !Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError("Use 2026-01-31 (the start of that day in UTC) or 2026-01-31T15:00:00Z.");
}

/** One line of the export. Its names are those of the API. */
function lineOf({ id, createdAt, ...entry }: StoredAuditEntry): string {
  return `${printableJson({ id, at: createdAt.toISOString(), ...entry })}\n`;
}

/** Writes lines as fast as they are read, and no faster. @returns false once the reader has left, as `head` does. */
export function lineWriter(output: Writable): (lines: string) => Promise<boolean> {
  let isOpen = true;
  let failure: Error | null = null;
  output.on("error", (error: NodeJS.ErrnoException) => {
    isOpen = false;
    if (error.code !== "EPIPE") failure = error;
  });
  return async (lines) => {
    if (isOpen && !output.write(lines)) await once(output, "drain").catch(() => {});
    if (failure !== null) throw failure;
    return isOpen;
  };
}

/** An output that fails is told of at the end of every command. */
function endQuietly(error: unknown): boolean {
  if (outputFault() === null) throw error;
  return false;
}

async function writeEntries(reader: AuditReader, selection: AuditSelection): Promise<void> {
  // A person sees how far it is; a program that reads stderr finds nothing there but failures.
  const total = process.stderr.isTTY ? await reader.count(selection) : 0;
  const bar = total > 0 ? new SingleBar({ stream: process.stderr, format: "{bar} {value}/{total} entries" }) : null;
  const write = lineWriter(process.stdout);
  bar?.start(total, 0);
  try {
    for await (const batch of reader.batches(selection, batchSize)) {
      const isRead = await write(batch.map(lineOf).join("")).catch(endQuietly);
      if (!isRead) return;
      bar?.increment(batch.length);
    }
  } finally {
    bar?.stop();
  }
}

async function exportAudit({ user, since, until }: ExportOptions): Promise<void> {
  const config = loadConfig(await loadCatalog());
  await using database = await openConfiguredDatabase(config);
  await assertMigrated(database);
  const selection = { userId: user ?? null, since: since ?? null, until: until ?? null };
  await writeEntries(new AuditReader(database), selection);
}

/** `maestro-auth audit` */
export function auditCommand(): Command {
  const exporting = new Command("export")
    .summary("write the audit log as JSON lines")
    .description("Write the audit log to stdout as JSON lines, the oldest entry first.")
    .option("--user <id>", "only what concerns this user", parseUser)
    .option("--since <time>", "only from this time on, such as 2026-01-31 or 2026-01-31T15:00:00Z", parseTime)
    .option("--until <time>", "only before this time", parseTime)
    // It writes nothing but JSON in any case; scripts need not know that.
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
With PostgreSQL it runs beside the server. The embedded database can be opened by one process only; stop the server first.

Examples:
  maestro-auth audit export --since 2026-01-01 > audit.jsonl
  maestro-auth audit export --user alice | jq -r '[.at, .actor, .action] | @tsv'`,
    )
    .action(exportAudit);
  return new Command("audit")
    .summary("export the audit log")
    .description("Export the audit log.")
    .addCommand(exporting);
}
