import { readFile } from "node:fs/promises";
import { Command } from "commander";
import { OperatorError } from "../../operator-error.ts";
import { openForCommand } from "../operation.ts";
import { jsonOption, Output, type OutputOptions } from "../output.ts";
import { startProgress } from "../progress.ts";
import { Importer } from "./importer.ts";
import { ImportReport } from "./import-report.ts";
import { inParallel } from "./in-parallel.ts";
import { openMaestroRow } from "./maestro-row.ts";
import { MaestroSource } from "./maestro-source.ts";

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
  const text =
    keyFile === undefined ? process.env[keyVariable] : await readFile(keyFile, "utf8").catch(() => undefined);
  const key = text === undefined ? null : decodeKey(text.trim());
  if (key !== null) return key;
  throw new OperatorError(
    text === undefined ? "The old key is missing." : "The old key is not 32 bytes in base64, hex, or plain characters.",
    `Give The Maestro's CREDENTIAL_ENCRYPTION_KEY by ${keyVariable} or --key-file.`,
  );
}

function readSource({ source = process.env[sourceVariable] }: MaestroOptions): string {
  if (source !== undefined && source !== "") return source;
  throw new OperatorError("The Maestro's database is not named.", `Name it with --source or ${sourceVariable}.`);
}

async function run(options: MaestroOptions): Promise<void> {
  const { apply = false, check = false, replace = false, rejects } = options;
  const output = new Output(options);
  const key = await readKey(options);
  await using source = await MaestroSource.open(readSource(options));
  await using parts = await openForCommand();
  const importer = new Importer(parts.services, { dryRun: !apply, check, replace });
  const report = new ImportReport("row");
  {
    using progress = startProgress(apply ? "Importing" : "Trying", await source.count());
    await inParallel(source.rows(), concurrency, async (row) => {
      report.add(row.id, await importer.bring(() => openMaestroRow(row, key)));
      progress.advance();
    });
  }
  if (rejects !== undefined) await report.writeRejects(rejects);
  report.conclude(output, { dryRun: !apply });
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
