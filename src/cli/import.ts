import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { Command, InvalidArgumentError } from "commander";
import { OperatorError } from "../operator-error.ts";
import { boundedLines } from "./import/bounded-lines.ts";
import { type ImportItem, ImportLineError, parseImportLine } from "./import/import-line.ts";
import { Importer } from "./import/importer.ts";
import { ImportReport } from "./import/import-report.ts";
import { inParallel } from "./import/in-parallel.ts";
import { maestroCommand } from "./import/maestro.ts";
import { openForCommand } from "./operation.ts";
import { jsonOption, Output, type OutputOptions } from "./output.ts";
import { startProgress } from "./progress.ts";

interface ImportOptions extends OutputOptions {
  readonly dryRun?: boolean;
  /** `--no-check` */
  readonly check: boolean;
  readonly replace?: boolean;
  readonly concurrency: number;
  readonly rejects?: string;
}

interface Line {
  readonly number: number;
  /** Null for one that is too long to be a credential. */
  readonly text: string | null;
}

/** More than the largest tokens, with all that may stand beside them. */
const maxLineBytes = 262_144;
/** What has been seen is remembered, to find a credential that comes twice. */
const maxLines = 1_000_000;

/** @throws OperatorError for more lines than one import may have */
async function* readLines(input: Readable): AsyncGenerator<Line> {
  let number = 0;
  for await (const text of boundedLines(input, maxLineBytes)) {
    number += 1;
    if (number > maxLines) {
      throw new OperatorError(
        `The input has more than ${maxLines} lines, which is the limit of one import.`,
        "Split it, and import the parts one after the other.",
      );
    }
    if (text === null || text.trim() !== "") yield { number, text };
  }
}

/** @throws ImportLineError */
function parseLine(text: string | null): ImportItem {
  if (text === null) throw new ImportLineError(`is longer than ${maxLineBytes} bytes`);
  return parseImportLine(text);
}

async function countLines(file: string): Promise<number> {
  let count = 0;
  for await (const _ of readLines(createReadStream(file))) count += 1;
  return count;
}

/** How many credentials a file has; null for stdin, which is read once. @throws OperatorError where it cannot be read. */
async function measure(file: string): Promise<number | null> {
  if (file === "-") return null;
  try {
    return await countLines(file);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new OperatorError(
      `The file ${file} cannot be read (${code}).`,
      "Name a file with one credential a line, or - for stdin.",
    );
  }
}

export function parseConcurrency(value: string): number {
  if (!/^\d{1,2}$/.test(value) || Number(value) < 1) throw new InvalidArgumentError("It is a number from 1 to 99.");
  return Number(value);
}

async function run(file: string, options: ImportOptions): Promise<void> {
  const { dryRun = false, check, replace = false, concurrency, rejects } = options;
  const output = new Output(options);
  const total = await measure(file);
  const report = new ImportReport("line");
  await using parts = await openForCommand();
  const importer = new Importer(parts.services, { dryRun, check, replace });
  {
    using progress = startProgress(dryRun ? "Trying" : "Importing", total);
    const lines = readLines(file === "-" ? process.stdin : createReadStream(file));
    await inParallel(lines, concurrency, async ({ number, text }) => {
      report.add(number, await importer.bring(() => parseLine(text)));
      progress.advance();
    });
  }
  if (rejects !== undefined) await report.writeRejects(rejects);
  report.conclude(output, { dryRun });
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

Exit code 3 tells that some lines failed, 1 that all did.

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
