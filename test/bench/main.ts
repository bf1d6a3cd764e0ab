import { readArguments, readSettings, usage } from "./arguments.ts";
import type { Bench, BenchSettings } from "./bench.ts";
import { fuzz } from "./fuzz/fuzz.ts";
import { issueAccess } from "./issue-access/issue-access.ts";
import { largestPages } from "./largest-pages/largest-pages.ts";
import { oneLargeUser } from "./one-large-user/one-large-user.ts";
import { createProgress } from "./progress.ts";
import { refreshFairness } from "./refresh/refresh-fairness.ts";
import { refreshKilled } from "./refresh/refresh-killed.ts";
import { refreshMany } from "./refresh/refresh-many.ts";
import { refreshThroughput } from "./refresh/refresh-throughput.ts";
import { formatTable, writeReport } from "./report.ts";
import { streamBenches } from "./streams/stream-benches.ts";

const benches = new Map<string, Bench>([
  ["issue-access", issueAccess],
  ["largest-pages", largestPages],
  ["one-large-user", oneLargeUser],
  ["refresh-throughput", refreshThroughput],
  ["refresh-many", refreshMany],
  ["refresh-killed", refreshKilled],
  ["refresh-fairness", refreshFairness],
  ...streamBenches,
  ["fuzz", fuzz],
]);

async function runBench(name: string, bench: Bench, settings: BenchSettings<string>): Promise<void> {
  const stop = new AbortController();
  // Not `once`: npm passes on the Ctrl-C that the terminal has sent to this process already.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  const startedAt = new Date();
  using progress = createProgress();
  try {
    const report = await bench.run(settings, { signal: stop.signal, progress: progress.show });
    const file = writeReport(name, { startedAt, settings, report });
    progress.clear();
    process.stdout.write(`\n${formatTable(report.rows)}\n\n${report.notes.join("\n")}\nWritten to ${file}\n`);
    for (const failure of report.failures ?? []) process.stderr.write(`FAILED: ${failure}\n`);
    process.exit((report.failures ?? []).length === 0 ? 0 : 1);
  } catch (error) {
    progress.clear();
    const stack = error instanceof Error ? error.stack : String(error);
    process.stderr.write(stop.signal.aborted ? "Interrupted; everything that was started is ended.\n" : `${stack}\n`);
    process.exit(stop.signal.aborted ? 130 : 1);
  }
}

try {
  const given = readArguments(benches.values());
  const bench = benches.get(given.name ?? "");
  if (given.name !== undefined && bench !== undefined) await runBench(given.name, bench, readSettings(bench, given));
  else {
    const list = usage(benches);
    process.stderr.write(given.name === undefined ? list : `There is no bench "${given.name}".\n\n${list}`);
    process.exitCode = given.name === undefined ? 0 : 1;
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${usage(benches)}`);
  process.exitCode = 1;
}
