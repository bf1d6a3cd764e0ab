import inspector from "node:inspector";
import { OperatorError } from "../errors/operator-error.ts";

/** Options of Node's that write this process's memory to a file, or let a debugger read it. */
const exposingOptions = [
  "--abort-on-uncaught-exception",
  "--debug-port",
  "--heap-prof",
  "--heapsnapshot-near-heap-limit",
  "--heapsnapshot-signal",
  "--inspect",
  "--inspect-brk",
  "--inspect-port",
  "--inspect-wait",
  "--report-on-fatalerror",
  "--report-on-signal",
  "--report-uncaught-exception",
];

/** Node was started in a way that would show opened keys to whoever can send a signal, or read a folder. */
export class ExposedMemoryError extends OperatorError {
  constructor(reason: string) {
    super(
      `${reason} In production that would show users' keys and tokens, which are open in this process's memory.`,
      "Take it out of NODE_OPTIONS and of the command line, or look for the fault with NODE_ENV=development.",
    );
  }
}

/** The options among these words that would show memory; Node takes `_` for `-`. */
function findExposing(words: readonly string[]): string[] {
  const names = words.map((word) => word.replaceAll(/["']/g, "").split("=", 1)[0]!.replaceAll("_", "-"));
  return names.filter((name) => exposingOptions.includes(name));
}

/**
 * Keeps this process's memory to itself, as far as it can from inside: it does not start with Node's options that show
 * memory, and afterwards no signal opens the debugger or writes a report. The system's core dumps, and whoever may
 * trace processes, are the operator's to forbid.
 * @param onRefusal called when SIGUSR1 was ignored
 * @throws ExposedMemoryError
 */
export function keepMemoryClosed(
  { execArgv, nodeOptions }: { readonly execArgv: readonly string[]; readonly nodeOptions: string },
  onRefusal: () => void,
): void {
  const [option] = findExposing([...execArgv, ...nodeOptions.split(/\s+/)]);
  if (option !== undefined) throw new ExposedMemoryError(`Node was started with ${option}.`);
  if (inspector.url() !== undefined) throw new ExposedMemoryError("A debugger can connect to this process.");
  // Without a listener Node opens its debugger.
  process.on("SIGUSR1", onRefusal);
  Object.assign(process.report, {
    reportOnFatalError: false,
    reportOnSignal: false,
    reportOnUncaughtException: false,
    // Should anybody have one written all the same: the keys stand in the environment.
    excludeEnv: true,
  });
}
