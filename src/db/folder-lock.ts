import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { OperatorError } from "../operator-error.ts";
import { assertTrustedFile, makeWritableFolder } from "../writable-folder.ts";

/** Another process works on the folder. */
export class FolderInUseError extends OperatorError {
  constructor(folder: string, holder: string) {
    super(
      `The data folder ${folder} is in use by another process${holder === "" ? "" : ` (${holder})`}.`,
      "Stop that process, or give this one a folder of its own with DATA_DIR, or a PostgreSQL with DATABASE_URL.",
    );
  }
}

/**
 * Keeps a second process out of a folder. The embedded database does not notice one, and both would lose rows.
 * The lock is SQLite's lock on a file, so the system itself drops it when the process ends in whatever way.
 * @throws FolderInUseError, FolderRefusedError, or an OperatorError for what somebody else may have put there
 */
export function lockFolder(folder: string): Disposable {
  makeWritableFolder(folder);
  const holderFile = join(folder, "lock.txt");
  const lockFile = join(folder, "lock.sqlite");
  // Both are opened for writing, and a link in their place would be followed.
  for (const file of [holderFile, lockFile]) assertTrustedFile(file);
  const lock = new DatabaseSync(lockFile);
  try {
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== 5) throw error;
    throw new FolderInUseError(folder, readHolder(holderFile));
  }
  writeFileSync(holderFile, `process ${process.pid}`, { mode: 0o600 });
  return { [Symbol.dispose]: () => lock.close() };
}

function readHolder(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
