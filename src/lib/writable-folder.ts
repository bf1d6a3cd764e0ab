import {
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  type Stats,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { OperatorError } from "../errors/operator-error.ts";

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

/** Somebody else could have put files there: keys to seal with, or links to what the server would then overwrite. */
class UntrustedPathError extends OperatorError {}

/**
 * Refuses what a user other than this one, or root, may have put there. Members of the file's group are trusted: that
 * is how container platforms give volumes to a process. Windows tells neither owner nor mode, and nothing is refused
 * there.
 * @throws UntrustedPathError
 */
function assertTrusted(path: string, { uid: owner, mode }: Pick<Stats, "uid" | "mode">): void {
  const uid = process.getuid?.();
  if (uid === undefined) return;
  if (owner !== uid && owner !== 0) {
    throw new UntrustedPathError(
      `${path} belongs to another user (uid ${owner}; this process runs as uid ${uid}).`,
      "Run as that user, give the folder to this one with chown, or choose another folder with DATA_DIR.",
    );
  }
  if ((mode & constants.S_IWOTH) !== 0) {
    throw new UntrustedPathError(
      `Every user of this machine may write to ${path}.`,
      `Forbid it with \`chmod o-w ${path}\`, or choose another folder with DATA_DIR.`,
    );
  }
}

/**
 * Refuses to work on what another user's process has made, also as root: files that this process would add there would
 * be its own, and the other could not open them.
 * @throws UntrustedPathError
 */
export function assertOwnFolder(path: string): void {
  const uid = process.getuid?.();
  const owner = statSync(path, { throwIfNoEntry: false })?.uid;
  if (uid === undefined || owner === undefined || owner === uid) return;
  throw new UntrustedPathError(
    `${path} belongs to uid ${owner}, and this process runs as uid ${uid}: it would leave files there that the owner cannot use.`,
    `Run as that user, for example: setpriv --reuid=${owner} --clear-groups <command>. Or choose another folder with DATA_DIR.`,
  );
}

/**
 * The first entry of a folder that belongs to another user than the folder's own: what a process of that other user has
 * left there. Null where there is none. @throws the system's error where it cannot be read
 */
export function findForeignEntry(folder: string): { readonly path: string; readonly uid: number } | null {
  const { uid: owner } = statSync(folder);
  const folders = [folder];
  // One that belongs to somebody else need not be readable: it is found before it is opened.
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for (const entry of readdirSync(next, { withFileTypes: true })) {
      const path = join(next, entry.name);
      const uid = lstatSync(path, { throwIfNoEntry: false })?.uid ?? owner;
      if (uid !== owner) return { path, uid };
      if (entry.isDirectory()) folders.push(path);
    }
  }
  return null;
}

/** Refuses a folder, or what a link to one leads to. @throws UntrustedPathError */
export function assertTrustedFolder(path: string): void {
  assertTrusted(path, statSync(path));
}

/**
 * Refuses a file of a data folder that is a link, which could lead anywhere, or that somebody else may have put there.
 * One that does not exist yet is none of these.
 * @throws UntrustedPathError
 */
export function assertTrustedFile(path: string): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (stats.isSymbolicLink()) {
    throw new UntrustedPathError(
      `${path} is a link, and could lead anywhere.`,
      "Remove it, or choose another folder with DATA_DIR.",
    );
  }
  assertTrusted(path, stats);
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
 * @throws FolderRefusedError, UntrustedPathError, or the system's error with `path` as the folder.
 */
export function makeWritableFolder(path: string): void {
  try {
    make(path);
    assertTrustedFolder(path);
    rmdirSync(mkdtempSync(join(path, "probe-")));
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new FolderRefusedError(path, { cause: error });
    throw Object.assign(error as NodeJS.ErrnoException, { path });
  }
}
