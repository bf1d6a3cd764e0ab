import { type Command, CommanderError } from "commander";
import { exitCodes } from "./exit-code.ts";
import { exitWithFailure } from "./failure.ts";
import { watchSignals } from "./signals.ts";
import { describeOutputFault, flushOutput, outputFault, watchStreams } from "./terminal/standard-streams.ts";

/** Commands whose work is more than what they print. The others can be run again without harm. */
const changing: readonly string[] = [
  "credentials revoke",
  "sessions end",
  "import",
  "import maestro",
  "keys rotate",
  "keys reseal",
  "keys rewrap",
  "keys destroy",
  "migrate",
  "schema",
];

function pathOf(command: Command): string {
  const parent = command.parent;
  return parent?.parent == null ? command.name() : `${pathOf(parent)} ${command.name()}`;
}

/** Commander ends the process by itself, with 1 whatever is wrong, before what it printed is out. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwInsteadOfExit(child);
}

/** Names an output that took not all, where that is a failure. */
async function concludeOutput(ran: Command | null): Promise<void> {
  await flushOutput();
  const fault = outputFault();
  if (fault === null || fault.isClosed) return;
  process.stderr.write(`\n${describeOutputFault(fault)}\nFree some space there, or send the output elsewhere.\n`);
  const isDone = ran !== null && changing.includes(pathOf(ran)) && (process.exitCode ?? 0) === exitCodes.ok;
  if (isDone) process.stderr.write("The work itself was done.\n");
  if (isDone) process.exitCode = exitCodes.partial;
  else process.exitCode ||= exitCodes.failed;
}

/** Runs what the command line says, and ends the process where that fails. */
export async function run(program: Command): Promise<void> {
  using _streams = watchStreams();
  using _signals = watchSignals();
  let ran: Command | null = null;
  program.hook("preAction", (_program, command) => void (ran = command));
  throwInsteadOfExit(program);
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) exitWithFailure(error, { json: process.argv.includes("--json") });
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
  await concludeOutput(ran);
}
