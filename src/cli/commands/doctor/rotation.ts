import { findUnfinished } from "../../../credentials/rotation/key-rotation.ts";
import { type KeyReport, listKeys } from "../../../credentials/rotation/key-usage.ts";
import type { Database } from "../../../db/database.ts";
import { type Finding, ok, warn } from "./check.ts";

function describeWaiting({ id, state, notLoadedBy }: KeyReport): string {
  if (state === "active") return `The rotation to key ${id} stopped before every credential was resealed.`;
  const servers = notLoadedBy.map(({ server, reason }) => `${server} ${reason}`).join("; ");
  return `The rotation to key ${id} is not finished: ${servers === "" ? "no server blocks it" : servers}.`;
}

/** Whether a rotation of the keys was left half done, or older keys still seal something. */
export async function checkRotation(database: Database): Promise<Finding> {
  const unfinished = await findUnfinished(database.em());
  const keys = await listKeys(database);
  const waiting = keys.find(({ id }) => id === unfinished?.id);
  if (waiting !== undefined) {
    return warn(describeWaiting(waiting), "Run `maestro-auth keys rotate`, which continues it.");
  }
  const older = keys.filter(({ state }) => state === "decrypt_only");
  const rows = older.filter((key) => key.rows > 0).map((key) => `${key.rows} by key ${key.id}`);
  if (rows.length > 0) {
    return warn(`Credentials are still sealed by older keys: ${rows.join(", ")}.`, "Run `maestro-auth keys reseal`.");
  }
  const spare = older.map(({ id }) => id).join(", ");
  return ok(`none in progress${spare === "" ? "" : `; older keys that no credential needs: ${spare}`}`);
}
