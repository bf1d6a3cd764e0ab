import { constants, lstatSync } from "node:fs";
import { access, readdir, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { assertTrustedFolder, FolderRefusedError } from "../../../lib/writable-folder.ts";
import { explainFailure } from "../../failure.ts";
import { fail, type Finding, ok, warn } from "./check.ts";

const mebibyte = 1_048_576;
const littleSpace = 1_024 * mebibyte;
const noSpace = 64 * mebibyte;

/** The path, or what of it is there. */
function existingPart(path: string): string {
  // A link that leads nowhere is there, too.
  return lstatSync(path, { throwIfNoEntry: false }) === undefined ? existingPart(dirname(path)) : path;
}

/**
 * File systems in which nobody can make a folder, though permissions say otherwise to root: proc, sysfs, cgroup
 * and cgroup2 (statfs(2), `f_type`).
 */
const kernelFileSystems = new Set([0x9fa0, 0x62656572, 0x27e0eb, 0x63677270]);

/** Whether the server can write to its data folder, or make it. Writes nothing. */
export async function checkWritable(dataDir: string): Promise<Finding> {
  const path = existingPart(dataDir);
  try {
    const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
      throw error.code === "ENOENT" ? Object.assign(error, { code: "EEXIST", path }) : error;
    });
    if (!stats.isDirectory()) {
      const code = path === dataDir ? "EEXIST" : "ENOTDIR";
      throw Object.assign(new Error(code), { code, path: dataDir });
    }
    if (kernelFileSystems.has((await statfs(path)).type)) throw new FolderRefusedError(dataDir, {});
    if (path === dataDir) assertTrustedFolder(dataDir);
    await access(path, constants.W_OK | constants.X_OK);
    return ok(path === dataDir ? dataDir : `${dataDir} does not exist yet; the first start creates it`);
  } catch (error) {
    const explained = explainFailure(error);
    if (explained === null) throw error;
    return fail(explained.cause, explained.cure);
  }
}

export async function checkSpace(dataDir: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(existingPart(dataDir));
  const free = bavail * bsize;
  const cause = `The disk of ${dataDir} has ${Math.round(free / mebibyte)} MiB left.`;
  const cure = "Free some space, or choose another folder with DATA_DIR.";
  if (free < noSpace) return fail(cause, cure);
  if (free < littleSpace) return warn(cause, cure);
  return ok(`${(free / littleSpace).toFixed(1)} GiB free`);
}

/** Renewed tokens wait in the spool only while the database is away, or after a crash. */
export async function checkSpool(dataDir: string): Promise<Finding> {
  const files = await readdir(join(dataDir, "spool")).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const waiting = files.filter((file) => file.endsWith(".json")).length;
  if (waiting === 0) return ok("empty");
  return warn(
    `${waiting} renewed token${waiting === 1 ? " waits" : "s wait"} in ${join(dataDir, "spool")} to be stored in the database.`,
    "Start the server with this folder; it stores them. Do not delete them: each is the only refresh token that still works.",
  );
}
