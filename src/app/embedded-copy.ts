import { constants } from "node:fs";
import { cp, mkdtemp, readdir, rm, stat, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, pgliteFolder } from "../db/database.ts";
import { holdFolder } from "../db/folder-lock.ts";
import { OperatorError } from "../errors/operator-error.ts";
import { openDatabase } from "./database.ts";

/** Bytes that are left free beside the copy. */
const reserve = 128 * 1_048_576;

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(file.parentPath, file.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function assertRoom(source: string, target: string): Promise<void> {
  const needed = (await sizeOf(source)) + reserve;
  const { bavail, bsize } = await statfs(target);
  if (bavail * bsize >= needed) return;
  throw new OperatorError(
    `${target} has no room for a copy of the embedded database, which is what is looked at.`,
    `Free ${Math.ceil(needed / 1_048_576)} MiB there, or name another folder with TMPDIR.`,
  );
}

/**
 * Opens a copy of the embedded database in a temporary folder, which goes when it is disposed of: opening the database
 * itself would write to it.
 * @throws FolderInUseError, or another OperatorError
 */
export async function openEmbeddedCopy(dataDir: string): Promise<{ database: Database } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const source = pgliteFolder(dataDir);
  const folder = await mkdtemp(join(tmpdir(), "maestro-auth-doctor-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  {
    using _held = holdFolder(dataDir);
    await assertRoom(source, folder);
    await cp(source, pgliteFolder(folder), { recursive: true, mode: constants.COPYFILE_FICLONE });
  }
  const database = stack.use(await openDatabase({ kind: "embedded", dataDir: folder }));
  const owned = stack.move();
  return { database, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
