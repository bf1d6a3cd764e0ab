import { setTimeout as delay } from "node:timers/promises";
import { Command } from "commander";
import { type Holdup, KeyRotation, type RotationTarget } from "../../../credentials/rotation/key-rotation.ts";
import { exitCodes } from "../../exit-code.ts";
import { openForCommand } from "../../operation.ts";
import { operatorName } from "../../operator.ts";
import { jsonOption, Output, type OutputOptions } from "../../terminal/output.ts";
import { printable } from "../../terminal/terminal.ts";
import { reportReseal, resealRows } from "./reseal-report.ts";
import { stopSignal } from "./stop-signal.ts";

/** Milliseconds between two looks whether servers are ready. */
const pollIntervalMs = 500;

function describeHoldups(doing: string, holdups: readonly Holdup[]): string {
  return [`${doing}:`, ...holdups.map(({ server, reason }) => `  ${printable(server)} ${printable(reason)}`)].join(
    "\n",
  );
}

/**
 * Waits until nobody holds it up, and says whom it waits for whenever that changes. @returns false once it is stopped.
 */
async function waitFor(
  doing: string,
  look: () => Promise<readonly Holdup[]>,
  { output, signal }: { readonly output: Output; readonly signal: AbortSignal },
): Promise<boolean> {
  let told = "";
  while (!signal.aborted) {
    const holdups = await look();
    if (holdups.length === 0) return true;
    const text = describeHoldups(doing, holdups);
    if (text !== told) {
      output.note(text);
      if (output.isJson) output.result({ event: "waiting", for: holdups }, "");
    }
    told = text;
    await delay(pollIntervalMs, undefined, { signal }).catch(() => {});
  }
  return false;
}

function describeBeginning({ id, isActive, isResumed }: RotationTarget): string {
  if (!isResumed) return `Key ${id} is made. No server seals with it before every one has loaded it.`;
  return `Going on with key ${id}, ${isActive ? "which is active already" : "which is pending"}.`;
}

async function rotate(options: OutputOptions): Promise<void> {
  const output = new Output(options);
  await using parts = await openForCommand();
  using stop = stopSignal();
  const { storage } = parts;
  const rotation = new KeyRotation(storage, operatorName());
  const watched = { output, signal: stop.signal };
  const stopped = () => {
    process.exitCode = exitCodes.partial;
    output.result({ event: "stopped" }, "Stopped. Run the same command again to go on.");
  };

  const target = await rotation.begin();
  const { id, isResumed } = target;
  output.result({ event: "begun", key: id, resumed: isResumed }, describeBeginning(target));
  const isActive = await waitFor(`Waiting until these have loaded key ${id}`, () => rotation.activate(target), watched);
  if (!isActive) return stopped();
  output.result({ event: "active", key: id }, `Key ${id} is active: new values are sealed with it.`);
  const isUsed = await waitFor(`Waiting until these seal with key ${id}`, () => rotation.listLagging(target), watched);
  if (!isUsed) return stopped();
  const result = await resealRows(storage, stop.signal);
  if (!result.isStopped) await rotation.end(target);
  await reportReseal(storage, result, output);
}

/** `maestro-auth keys rotate` */
export function rotateCommand(): Command {
  return new Command("rotate")
    .summary("bring a new data key into use, and reseal what older ones have")
    .description(
      "Make a data key, wait until every running server has loaded it, seal new values with it, and reseal what older " +
        "keys have. Servers serve all the while. What is stopped (Ctrl-C, or a crash) goes on with the same command.",
    )
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
It waits as long as it must, and says for which servers. One that ended without a word counts for a minute. To give a
rotation up that waits, destroy the pending key (\`maestro-auth keys destroy <id>\`).

Exit code 3 tells that it was stopped, or that rows do not open; the report lists them. With --json each step is a
line of JSON (\`"event"\`: begun, waiting, active, report, stopped).

Example:
  maestro-auth keys rotate && maestro-auth keys list`,
    )
    .action(rotate);
}
