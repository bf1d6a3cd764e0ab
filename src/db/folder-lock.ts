import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { OperatorError } from "../errors/operator-error.ts";
import { assertTrustedFile, makeWritableFolder } from "../lib/writable-folder.ts";

/** Another process works on the folder. */
export class FolderInUseError extends OperatorError {
  constructor(folder: string, holder: string) {
    super(
      `The data folder ${folder} is in use by another process${holder === "" ? "" : ` (${holder})`}.`,
      "Stop that process, or give this one a folder of its own with DATA_DIR, or a PostgreSQL with DATABASE_URL.",
    );
  }
}

const holderName = "lock.txt";
const lockName = "lock.sqlite";

/**
 * Keeps a second process out of a folder. The embedded database does not notice one, and both would lose rows.
 * The lock is SQLite's lock on a file, so the system itself drops it when the process ends in whatever way.
 * @throws FolderInUseError, FolderRefusedError, or an OperatorError for what somebody else may have put there
 */
export function lockFolder(folder: string): Disposable {
  makeWritableFolder(folder);
  const lock = take(folder);
  writeFileSync(join(folder, holderName), `process ${process.pid}`, { mode: 0o600 });
  return lock;
}

/**
 * The same for a while in which the folder is only read. Writes nothing.
 * @throws FolderInUseError, or an OperatorError for what somebody else may have put there
 */
export function holdFolder(folder: string): Disposable {
  // Without the file no process has ever locked the folder.
  return existsSync(join(folder, lockName)) ? take(folder) : { [Symbol.dispose]: () => {} };
}

function take(folder: string): Disposable {
  const holderFile = join(folder, holderName);
  const lockFile = join(folder, lockName);
  // Both are opened for writing, and a link in their place would be followed.
  for (const file of [holderFile, lockFile]) assertTrustedFile(file);
  const lock = new DatabaseSync(lockFile);
  try {
    // Nothing is ever written to it, so it needs no journal, which would be a file beside it.
    lock.exec("PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== 5) throw error;
    throw new FolderInUseError(folder, readHolder(holderFile));
  }
  return { [Symbol.dispose]: () => lock.close() };
}

function readHolder(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
