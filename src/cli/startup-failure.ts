import { ConfigError } from "../config.ts";
import { KeyringError } from "../credentials/sealing/keyring.ts";
import { FolderInUseError } from "../db/folder-lock.ts";
import { ExposedMemoryError } from "../observability/memory-exposure.ts";
import { describeFailure } from "../observability/redaction.ts";

/** What cannot be helped from inside, by the code that the system or PostgreSQL gives: cause and cure. */
const explanations: Readonly<Record<string, string>> = {
  EADDRINUSE: "The port is in use. Stop the program that has it, or choose another with PORT.",
  EACCES: "The system does not allow it. Choose a folder (DATA_DIR) or a port (PORT) that this user may use.",
  EROFS: "The data folder is on a read-only file system. Choose another with DATA_DIR.",
  ENOSPC: "The disk is full. Free some space, or choose another data folder with DATA_DIR.",
  ECONNREFUSED: "PostgreSQL does not answer at DATABASE_URL. Start it, or correct the address.",
  ENOTFOUND: "The host of DATABASE_URL is not known. Correct the address.",
  ETIMEDOUT: "PostgreSQL at DATABASE_URL does not answer in time. Check the address and the network.",
  "28P01": "PostgreSQL refuses the user or the password of DATABASE_URL.",
  "28000": "PostgreSQL refuses the user of DATABASE_URL.",
  "3D000": "PostgreSQL has no database of the name in DATABASE_URL. Create it with createdb.",
  "42P01": "The database has no tables of this version yet. Start the server once: it makes them.",
  "42501": "PostgreSQL does not allow the user of DATABASE_URL to create the tables. Grant it CREATE on the schema.",
};

/** Failures whose messages are written for the operator. */
const explained = [ConfigError, KeyringError, FolderInUseError, ExposedMemoryError];

function codeOf(error: unknown): string | null {
  if (error instanceof AggregateError) return error.errors.map(codeOf).find((code) => code !== null) ?? null;
  if (!(error instanceof Error)) return null;
  const { code } = error as { code?: unknown };
  return typeof code === "string" && code in explanations ? code : codeOf(error.cause);
}

/** Why the program cannot go on, in words for its operator; null for a failure that nobody foresaw. */
function explainFailure(error: unknown): string | null {
  if (explained.some((kind) => error instanceof kind)) return (error as Error).message;
  const code = codeOf(error);
  return code === null ? null : `${explanations[code]} (${code})`;
}

/** Says on stderr why the program ends, and ends it with exit code 1. */
export function exitWithFailure(error: unknown): never {
  process.stderr.write(`\n${explainFailure(error) ?? `Unexpected failure: ${describeFailure(error)}`}\n`);
  process.exit(1);
}
