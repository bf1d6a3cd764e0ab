import { ConfigError, cureOf } from "../config/config.ts";
import { PostgresUnavailableError } from "../connections/postgres-failure.ts";
import { AuthError } from "../errors/auth-error.ts";
import { OperatorError } from "../errors/operator-error.ts";
import type { Logger } from "../observability/logger.ts";
import { describeFailure } from "../observability/redaction.ts";
import { exitCodes } from "./exit-code.ts";

/** What an operator is told of a failure. */
export interface Explanation {
  readonly cause: string;
  readonly cure: string;
  /** As the system, PostgreSQL or this server names it; null where it has no name. */
  readonly code: string | null;
}

interface SystemError extends Error {
  readonly code?: unknown;
  readonly syscall?: string;
  readonly path?: string;
  readonly port?: number;
}

type Explain = (error: SystemError) => readonly [cause: string, cure: string];

const otherFolder = "Choose a folder that this user may write with DATA_DIR.";
const place = ({ path }: SystemError) => (path === undefined ? "the data folder" : path);
const unreachable = "Start it, or correct the address in DATABASE_URL.";

/** What cannot be helped from inside, by the code that the system or PostgreSQL gives. */
const explanations: Readonly<Record<string, Explain>> = {
  EADDRINUSE: ({ port }) => [
    `The port${port === undefined ? "" : ` ${port}`} is in use by another program.`,
    "Stop that program, or choose another port with PORT or --port.",
  ],
  EACCES: (error) =>
    error.syscall === "listen"
      ? [`The system does not let this user listen on the port ${error.port}.`, "Choose one above 1023 with PORT."]
      : [`The system does not let this user write ${place(error)}.`, otherFolder],
  EPERM: (error) => [`The system does not let this user write ${place(error)}.`, otherFolder],
  EROFS: (error) => [`The file system of ${place(error)} is read-only.`, otherFolder],
  ENOTDIR: (error) => [`${place(error)} cannot be a folder: part of the path is a file.`, otherFolder],
  EEXIST: (error) => [
    `${place(error)} is a file, or a link that leads nowhere, where a folder is needed.`,
    otherFolder,
  ],
  ELOOP: (error) => [`The links in the path ${place(error)} lead in a circle.`, otherFolder],
  ENAMETOOLONG: (error) => [`The path ${place(error)} is too long for its file system.`, otherFolder],
  ENOSPC: () => ["The disk of the data folder is full.", "Free some space, or choose another folder with DATA_DIR."],
  EDQUOT: () => ["The disk quota of this user is used up.", "Free some space, or choose another folder with DATA_DIR."],
  // What keeps the first connection from opening is told by `explainPostgresFailure`; a later one of the pool ends
  // here.
  ECONNREFUSED: () => ["PostgreSQL does not answer at DATABASE_URL.", unreachable],
  ECONNRESET: () => ["PostgreSQL at DATABASE_URL has cut the connection.", "Look into its log; a proxy may do it too."],
  ENOTFOUND: () => ["The host of DATABASE_URL is not known.", "Correct the address."],
  EAI_AGAIN: () => ["The host of DATABASE_URL cannot be looked up.", "Check the name server, or correct the address."],
  ETIMEDOUT: () => ["PostgreSQL at DATABASE_URL does not answer in time.", "Check the address and the network."],
  "28P01": () => ["PostgreSQL refuses the user or the password of DATABASE_URL.", "Correct them."],
  "28000": () => ["PostgreSQL refuses the user of DATABASE_URL.", "Correct the user, or allow it in pg_hba.conf."],
  "3D000": () => ["PostgreSQL has no database of the name in DATABASE_URL.", "Create it with createdb."],
  "57P01": () => ["PostgreSQL has ended the connection.", "Look into its log, and try again."],
  "57014": () => [
    "PostgreSQL ended a statement that took too long.",
    "Look for what keeps it busy, or allow more time with DATABASE_STATEMENT_TIMEOUT.",
  ],
  "55P03": () => [
    "Another transaction holds a lock that a statement waited for.",
    "Try again; look for what holds it in pg_locks, or allow more time with DATABASE_LOCK_TIMEOUT.",
  ],
  "25006": () => [
    "The database is read-only: a standby, or default_transaction_read_only is on.",
    "Name the primary in DATABASE_URL, promote the standby, or reset default_transaction_read_only.",
  ],
  "42P01": () => [
    "The database has no tables of this version yet.",
    "Run `maestro-auth migrate`, or start the server.",
  ],
  "42501": () => [
    "PostgreSQL does not allow the user of DATABASE_URL to create the tables.",
    "Grant it CREATE on the schema.",
  ],
  "53100": () => ["The disk of the database is full.", "Free some space on it."],
  "53300": () => ["PostgreSQL has no connection left.", "End some, or raise max_connections."],
  "57P03": () => ["PostgreSQL at DATABASE_URL is starting or stopping.", "Wait until it is up, and start again."],
};

/** https://www.sqlite.org/rescode.html; SQLite opens the file that locks the data folder. */
const sqliteCodes: Readonly<Record<number, string>> = { 8: "EROFS", 13: "ENOSPC", 14: "EACCES" };

/** The system's errors as WebAssembly numbers them, in which the embedded database runs (WASI preview 1, `errno`). */
const wasiCodes: Readonly<Record<number, string>> = {
  2: "EACCES",
  19: "EDQUOT",
  51: "ENOSPC",
  63: "EPERM",
  69: "EROFS",
};

/** What pg says without a code. */
const driverTexts: readonly (readonly [RegExp, string])[] = [
  [/timeout exceeded when trying to connect|timeout expired|connection timeout/, "ETIMEDOUT"],
  [/^Connection terminated/, "ECONNRESET"],
];

function isWasiError(error: unknown): error is { readonly errno: number } {
  return typeof error === "object" && error !== null && (error as Error).name === "ErrnoError" && "errno" in error;
}

function knownCode(error: SystemError): string | null {
  const sqlite = sqliteCodes[(error as { errcode?: number }).errcode ?? 0];
  if (sqlite !== undefined) return sqlite;
  if (typeof error.code === "string" && error.code in explanations) return error.code;
  return driverTexts.find(([text]) => text.test(error.message))?.[1] ?? null;
}

function explainSystemError(error: unknown): Explanation | null {
  if (error instanceof AggregateError) {
    return error.errors.map(explainSystemError).find((found) => found !== null) ?? null;
  }
  if (isWasiError(error)) {
    const code = wasiCodes[error.errno];
    return code === undefined ? null : explainSystemError(Object.assign(new Error(code), { code }));
  }
  if (!(error instanceof Error)) return null;
  const code = knownCode(error);
  if (code === null) return explainSystemError(error.cause);
  const [cause, cure] = explanations[code]!(error);
  return { cause, cure, code };
}

/** One for each fault of the environment. */
export function explainFaults({ faults }: ConfigError): Explanation[] {
  return faults.map((fault) => ({ cause: `${fault.name}: ${fault.problem}`, cure: cureOf(fault), code: null }));
}

function toText({ cause, cure, code }: Explanation): string {
  return [`${cause}${code === null ? "" : ` (${code})`}`, cure].filter(Boolean).join("\n");
}

/** Why the program cannot go on, in words for its operator; null for a failure that nobody foresaw. */
export function explainFailure(error: unknown): Explanation | null {
  if (error instanceof PostgresUnavailableError) {
    return { cause: error.reason, cure: error.cure, code: error.code };
  }
  if (error instanceof OperatorError) return { cause: error.reason, cure: error.cure, code: null };
  if (error instanceof AuthError) return { cause: error.message, cure: "", code: error.code };
  if (error instanceof ConfigError) {
    const faults = explainFaults(error);
    const [cause, cure] = (["cause", "cure"] as const).map((side) => faults.map((fault) => fault[side]).join("\n"));
    return { cause: cause!, cure: cure!, code: null };
  }
  return explainSystemError(error);
}

interface FailureOptions {
  /** Says it on stdout too, as JSON. */
  readonly json?: boolean;
  /** Where to say it instead of as text on stderr. */
  readonly log?: Logger | null;
}

function tellFailure(error: unknown, explanation: Explanation | null, log: Logger | null): void {
  const all = error instanceof ConfigError ? explainFaults(error) : explanation === null ? [] : [explanation];
  if (log !== null) {
    if (explanation === null) log.tell("server.crashed", { err: error });
    for (const { cause: reason, cure, code } of all) log.tell("server.failed", { reason, cure, code });
  } else if (explanation === null) process.stderr.write(`\nUnexpected failure: ${describeFailure(error)}\n`);
  else process.stderr.write(`\n${all.map(toText).join("\n")}\n`);
}

/** Says on stderr why the program ends, and ends it with exit code 1. */
export function exitWithFailure(error: unknown, { json = false, log = null }: FailureOptions = {}): never {
  const explanation = explainFailure(error);
  tellFailure(error, explanation, log);
  if (json) {
    const unforeseen: Explanation = { cause: "Unexpected failure; stderr has the details.", cure: "", code: null };
    process.stdout.write(`${JSON.stringify({ error: explanation ?? unforeseen })}\n`);
  }
  process.exit(exitCodes.failed);
}
