import { existsSync, mkdirSync, mkdtempSync, rmdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { OperatorError } from "./operator-error.ts";

/** The system takes no folder or file there, as in /proc. */
export class FolderRefusedError extends OperatorError {
  constructor(folder: string, options: ErrorOptions) {
    super(
      `No folder can be made at ${folder}: what is mounted there takes none.`,
      "Choose a folder that this user may write with DATA_DIR.",
      options,
    );
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Node's own `recursive` never ends where the system answers ENOENT below a folder that is there, as /proc does. */
function make(path: string): void {
  if (isFolder(path)) return;
  const parent = dirname(path);
  if (!existsSync(parent)) make(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process has made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !isFolder(path)) throw error;
  }
}

/**
 * Makes what is missing of a path, mode 0700, and sees to it that something can be put into the folder.
 * @throws FolderRefusedError, or the system's error with `path` as the folder.
 */
export function makeWritableFolder(path: string): void {
  try {
    make(path);
    rmdirSync(mkdtempSync(join(path, "probe-")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new FolderRefusedError(path, { cause: error });
    throw Object.assign(error as NodeJS.ErrnoException, { path });
  }
}
