import type { Command } from "commander";
import { exitCodes } from "./exit-code.ts";
import { exitWithFailure } from "./failure.ts";

/** Commander ends with 1 whatever is wrong; a script must know a mistyped command from one that failed. */
function exitWithUsage(command: Command): void {
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? exitCodes.ok : exitCodes.usage));
  for (const child of command.commands) exitWithUsage(child);
}

/** Runs what the command line says, and ends the process where that fails. */
export async function run(program: Command): Promise<void> {
  exitWithUsage(program);
  try {
    await program.parseAsync();
  } catch (error) {
    exitWithFailure(error, { json: process.argv.includes("--json") });
  }
}
