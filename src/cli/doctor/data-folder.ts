import { randomUUID } from "node:crypto";
import { open, readdir, statfs, unlink } from "node:fs/promises";
import { join } from "node:path";
import { makeWritableFolder } from "../../writable-folder.ts";
import { explainFailure } from "../failure.ts";
import { fail, type Finding, ok, warn } from "./check.ts";

const mebibyte = 1_048_576;
const littleSpace = 1_024 * mebibyte;
const noSpace = 64 * mebibyte;

/** Whether a file can be written and brought to the disk: the refresh spool relies on both. */
export async function checkWritable(dataDir: string): Promise<Finding> {
  const file = join(dataDir, `doctor.${randomUUID()}`);
  try {
    makeWritableFolder(dataDir);
    const handle = await open(file, "wx", 0o600);
    try {
      await handle.writeFile("doctor");
      await handle.sync();
    } finally {
      await handle.close();
      await unlink(file);
    }
    return ok(dataDir);
  } catch (error) {
    const explained = explainFailure(error);
    if (explained === null) throw error;
    return fail(explained.cause, explained.cure);
  }
}

export async function checkSpace(dataDir: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(dataDir);
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
    `${waiting} renewed token${waiting === 1 ? " waits" : "s wait"} in ${join(dataDir, "spool")} for the database to take them.`,
    "Start the server on this folder; it stores them. Delete none: each holds the only refresh token that still works.",
  );
}
