import type { Storage } from "../../../app/storage.ts";
import { listKeys } from "../../../credentials/rotation/key-usage.ts";
import { Resealer, type ResealResult } from "../../../credentials/rotation/resealer.ts";
import { exitCodes } from "../../exit-code.ts";
import type { Output } from "../../terminal/output.ts";
import { startProgress } from "../../terminal/progress.ts";
import { table } from "../../terminal/table.ts";

/** Ids that are told to a person; a program gets all. */
const shownIds = 20;

/** Reseals under a progress bar, until nothing is left or `signal` stops it. */
export async function resealRows(storage: Storage, signal: AbortSignal): Promise<ResealResult> {
  const resealer = new Resealer(storage);
  using progress = startProgress("Resealing", await resealer.count());
  return await resealer.run({ signal, onResealed: () => progress.advance() });
}

function describeUnreadable(ids: readonly string[]): string[] {
  if (ids.length === 0) return [];
  const more = ids.length > shownIds ? [`  … and ${ids.length - shownIds} more; --json lists all`] : [];
  return [
    "",
    `${ids.length} row${ids.length === 1 ? " does" : "s do"} not open, and ${ids.length === 1 ? "is" : "are"} left as ${ids.length === 1 ? "it is" : "they are"}:`,
    ...ids.slice(0, shownIds).map((id) => `  ${id}`),
    ...more,
    "Restore them from a backup. Else revoke them (`maestro-auth credentials revoke`), and their users connect again.",
  ];
}

/** The end of a command that has resealed: the rows left on each key, and those that do not open. */
export async function reportReseal(
  { database }: Storage,
  { resealed, unreadable, isStopped }: ResealResult,
  output: Output,
): Promise<void> {
  const keys = (await listKeys(database)).filter(({ purpose }) => purpose === "data");
  const summary = keys.map(({ id, state, rows }) => ({ id, state, rows }));
  const lines = [
    `${resealed} row${resealed === 1 ? " was" : "s were"} resealed.`,
    table(
      ["KEY", "STATE", "ROWS"],
      summary.map(({ id, state, rows }) => [String(id), state, String(rows)]),
    ),
    ...describeUnreadable(unreadable),
    ...(isStopped ? ["", "Stopped before the end. Run the same command again to go on."] : []),
  ];
  output.result({ event: "report", resealed, keys: summary, unreadable, stopped: isStopped }, lines.join("\n"));
  if (isStopped || unreadable.length > 0) process.exitCode = exitCodes.partial;
}
