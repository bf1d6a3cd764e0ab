import { Command } from "commander";
import { OperatorError } from "../../../errors/operator-error.ts";
import { withoutQuotes } from "../../../lib/pasted-text.ts";
import { readTextFile } from "../../input-file.ts";
import { openForCommand } from "../../operation.ts";
import { jsonOption, Output, type OutputOptions } from "../../terminal/output.ts";
import { startProgress } from "../../terminal/progress.ts";
import { ImportReport } from "./import-report.ts";
import { runImport } from "./import-run.ts";
import { Importer } from "./importer.ts";
import { type MaestroRow, openMaestroRow } from "./maestro-row.ts";
import { MaestroSource } from "./maestro-source.ts";
import { RejectsFile } from "./rejects-file.ts";

interface MaestroOptions extends OutputOptions {
  readonly source?: string;
  readonly keyFile?: string;
  readonly apply?: boolean;
  readonly check?: boolean;
  readonly replace?: boolean;
  readonly rejects?: string;
}

const sourceVariable = "MAESTRO_DATABASE_URL";
const keyVariable = "MAESTRO_CREDENTIAL_ENCRYPTION_KEY";

/** Rows at a time; with --check the provider is asked about as many. */
const concurrency = 4;

/** 32 bytes as hex, base64, or the characters themselves. */
function decodeKey(text: string): Buffer | null {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  if (/^[\w+/-]{43}=?$/.test(text)) return Buffer.from(text, "base64");
  return Buffer.byteLength(text) === 32 ? Buffer.from(text) : null;
}

async function readKey({ keyFile }: MaestroOptions): Promise<Buffer> {
  const cure = `Give The Maestro's CREDENTIAL_ENCRYPTION_KEY by ${keyVariable} or --key-file.`;
  const text =
    keyFile === undefined
      ? (process.env[keyVariable]?.trim() ?? "")
      : await readTextFile({ file: keyFile, name: "The file of --key-file", cure });
  if (text === "") throw new OperatorError("The old key is missing.", cure);
  const key = decodeKey(text);
  if (key !== null) return key;
  throw withoutQuotes(text) === null
    ? new OperatorError("The old key is not 32 bytes in base64, hex, or plain characters.", cure)
    : new OperatorError("The old key is in quotes, which are taken as part of it.", "Remove the quotes around it.");
}

function readSource({ source = process.env[sourceVariable] }: MaestroOptions): string {
  if (source !== undefined && source.trim() !== "") {
    if (withoutQuotes(source.trim()) === null) return source.trim();
    throw new OperatorError(
      "The address of The Maestro's database is in quotes, which are taken as part of it.",
      `Remove the quotes from ${sourceVariable} or --source.`,
    );
  }
  throw new OperatorError("The Maestro's database is not named.", `Name it with --source or ${sourceVariable}.`);
}

async function run(options: MaestroOptions): Promise<void> {
  const { apply = false, check = false, replace = false } = options;
  const output = new Output(options);
  const key = await readKey(options);
  await using source = await MaestroSource.open(readSource(options));
  await using rejects = options.rejects === undefined ? null : await RejectsFile.open(options.rejects, null);
  await using parts = await openForCommand();
  const importer = new Importer(parts.services, { dryRun: !apply, check, replace });
  const report = new ImportReport("row");
  {
    using progress = startProgress(apply ? "Importing" : "Trying", await source.count());
    const read = (row: MaestroRow) => openMaestroRow(row, key);
    const rows = { items: source.rows(), place: ({ id }: MaestroRow) => id, read, concurrency };
    await runImport(importer, rows, { report, progress });
  }
  await report.conclude(output, { dryRun: !apply, rejects });
  if (!apply)
    output.note("Stop The Maestro, so that only one system renews its sign-ins, and run it again with --apply.");
}

/** `maestro-auth import maestro` */
export function maestroCommand(): Command {
  return new Command("maestro")
    .summary("bring in the credentials of The Maestro")
    .description(
      "Bring in the table provider_credentials of The Maestro, whose rows are AES-256-CBC. Without --apply nothing is " +
        "stored, and the report tells what would be.",
    )
    .option("--source <url>", `The Maestro's PostgreSQL, or by ${sourceVariable}; it is only read`)
    .option("--key-file <file>", `a file with The Maestro's key, or by ${keyVariable}`)
    .option("--apply", "store what can be read")
    .option("--check", "ask the providers whether they accept the credentials; an expired access token fails then")
    .option("--replace", "replace what is stored under the same user, provider and method")
    .option("--rejects <file>", "write the ids and reasons of the rows that were not imported; no secrets")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Each credential becomes the user's \`default\` of its provider and method, sealed anew. Sign-ins whose access token
has expired are taken too, and renewed as soon as the provider's OAuth client is configured here. A second run goes
on where the first has ended, and leaves what was renewed since as it is.

Examples:
  export ${sourceVariable}=postgres://maestro@old.internal/maestro
  maestro-auth import maestro --key-file /run/secrets/old-key
  maestro-auth import maestro --key-file /run/secrets/old-key --apply --rejects rejects.jsonl`,
    )
    .action(run);
}
