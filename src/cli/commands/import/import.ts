import { Command, InvalidArgumentError } from "commander";
import { openForCommand } from "../../operation.ts";
import { jsonOption, Output, type OutputOptions } from "../../terminal/output.ts";
import { startProgress } from "../../terminal/progress.ts";
import { printable } from "../../terminal/terminal.ts";
import { countLines, type Line, parseLine, readLines } from "./import-lines.ts";
import { ImportReport } from "./import-report.ts";
import { runImport } from "./import-run.ts";
import { Importer } from "./importer.ts";
import { maestroCommand } from "./maestro.ts";
import { RejectsFile } from "./rejects-file.ts";

interface ImportOptions extends OutputOptions {
  readonly dryRun?: boolean;
  /** `--no-check` */
  readonly check: boolean;
  readonly replace?: boolean;
  readonly concurrency: number;
  readonly rejects?: string;
}

export function parseConcurrency(value: string): number {
  if (!/^\d{1,2}$/.test(value) || Number(value) < 1) throw new InvalidArgumentError("It is a number from 1 to 99.");
  return Number(value);
}

async function run(file: string, options: ImportOptions): Promise<void> {
  const { dryRun = false, check, replace = false, concurrency } = options;
  const output = new Output(options);
  const cure = "Name a file with one credential a line, or - for stdin.";
  const input = { file, name: file === "-" ? "The input" : `The file ${file}`, cure };
  let total: number | null;
  {
    using _progress = startProgress(`Reading ${printable(file)}`, null);
    total = await countLines(input);
  }
  await using rejects = options.rejects === undefined ? null : await RejectsFile.open(options.rejects, file);
  await using parts = await openForCommand();
  const importer = new Importer(parts.services, { dryRun, check, replace });
  const report = new ImportReport("line");
  const items = readLines(input);
  {
    using progress = startProgress(dryRun ? "Trying" : "Importing", total);
    const place = ({ number }: Line) => number;
    await runImport(importer, { items, place, read: parseLine, concurrency }, { report, progress });
  }
  // What is still to come there is not waited for.
  if (file === "-") process.stdin.destroy();
  await report.conclude(output, { dryRun, rejects });
}

/** `maestro-auth import` */
export function importCommand(): Command {
  return (
    new Command("import")
      .summary("bring in credentials from a file, or from The Maestro")
      .description("Bring in credentials: JSON Lines from a file, or from stdin with -.")
      .argument("<file>", "the file, or - for stdin")
      .option("--dry-run", "check every line, also with the provider, and store nothing")
      .option("--no-check", "do not ask the provider whether it accepts the credential")
      .option("--replace", "replace what is stored under the same user, provider, method and label")
      .option("--concurrency <number>", "how many are checked at a time", parseConcurrency, 4)
      .option("--rejects <file>", "write the numbers and reasons of the lines that were not imported; no secrets")
      .addOption(jsonOption())
      .addHelpText(
        "after",
        `
A line is an API key or the tokens of a sign-in:
  {"user":"alice","provider":"openai","apiKey":"sk-…","label":"work"}
  {"user":"bob","provider":"google","accessToken":"…","refreshToken":"…","expiresAt":"2026-11-27T12:00:00Z","scopes":["…"]}

A line that fails keeps no other back, and no secret is printed or written anywhere but into the database. A second run
goes on where the first has ended: what is stored already is left as it is, also when it was renewed since. A sign-in
is a credential that only one system may renew: stop the old one first.

The file is in UTF-8, with or without a byte order mark. What keeps the import from going on (Ctrl-C, a database that
is away) ends it with the report and the rejects of what was done; the same command goes on from there.

Exit code 3 tells that some lines failed or were not reached, 1 that nothing was imported.

Examples:
  maestro-auth import credentials.jsonl --dry-run
  gpg -d credentials.jsonl.gpg | maestro-auth import - --rejects rejects.jsonl`,
      )
      // What stands after `maestro` belongs to it, though both have options of the same names.
      .enablePositionalOptions()
      .addCommand(maestroCommand())
      .action(run)
  );
}
