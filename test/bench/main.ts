import { parseArgs } from "node:util";
import type { Bench, BenchSettings } from "./bench.ts";
import { issueAccess } from "./issue-access/issue-access.ts";
import { createProgress } from "./progress.ts";
import { formatTable, writeReport } from "./report.ts";

const benches = new Map<string, Bench>([["issue-access", issueAccess]]);
const defaults: BenchSettings = { rounds: 9, seconds: 1 };

function usage(): string {
  const list = Array.from(benches, ([name, { summary }]) => `  ${name.padEnd(16)}${summary}`);
  return [
    "npm run bench -- <name> [--rounds <count>] [--seconds <length of a round>]",
    "",
    ...list,
    "",
    `Without options: ${defaults.rounds} rounds of ${defaults.seconds} seconds for each figure.`,
    "",
  ].join("\n");
}

function readNumber(name: keyof BenchSettings, text: string | undefined): number {
  const value = text === undefined ? defaults[name] : Number(text);
  const isAllowed = value > 0 && value <= 600 && (name === "seconds" || Number.isInteger(value));
  const expected = name === "seconds" ? "a number above 0, at most" : "a whole number from 1 to";
  if (!isAllowed) throw new Error(`--${name} needs ${expected} 600`);
  return value;
}

function readArguments(): { readonly name: string | undefined; readonly settings: BenchSettings } {
  const options = { rounds: { type: "string" }, seconds: { type: "string" } } as const;
  const { positionals, values } = parseArgs({ allowPositionals: true, options });
  const settings = { rounds: readNumber("rounds", values.rounds), seconds: readNumber("seconds", values.seconds) };
  return { name: positionals[0], settings };
}

async function runBench(name: string, bench: Bench, settings: BenchSettings): Promise<void> {
  const stop = new AbortController();
  // Not `once`: npm passes on the Ctrl-C that the terminal has sent to this process already.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  const startedAt = new Date();
  using progress = createProgress();
  try {
    const report = await bench.run({ ...settings, signal: stop.signal, progress: progress.show });
    const file = writeReport(name, { startedAt, settings, report });
    progress.clear();
    process.stdout.write(`\n${formatTable(report.rows)}\n\n${report.notes.join("\n")}\nWritten to ${file}\n`);
    process.exit(0);
  } catch (error) {
    progress.clear();
    const stack = error instanceof Error ? error.stack : String(error);
    process.stderr.write(stop.signal.aborted ? "Interrupted; everything that was started is ended.\n" : `${stack}\n`);
    process.exit(stop.signal.aborted ? 130 : 1);
  }
}

try {
  const { name, settings } = readArguments();
  const bench = benches.get(name ?? "");
  if (name !== undefined && bench !== undefined) await runBench(name, bench, settings);
  else {
    process.stderr.write(name === undefined ? usage() : `There is no bench "${name}".\n\n${usage()}`);
    process.exitCode = name === undefined ? 0 : 1;
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${usage()}`);
  process.exitCode = 1;
}
