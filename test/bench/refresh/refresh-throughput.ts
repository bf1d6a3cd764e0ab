import { access, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { type BenchReport, type BenchRun, defineBench, roundOptions } from "../bench.ts";
import { median } from "../statistics.ts";
import { bareTable, type Contestant, type RefreshRound, startBare, startOurs } from "./contestants.ts";
import { type PinnedNode, reserveCore } from "./pinning.ts";
import { RefreshSite } from "./site.ts";

/** Refreshes in flight; 16 is what a server allows itself at one provider. */
const levels = [1, 4, 16];
const signIns = 3_000;
/** A cold process runs at a part of its speed for seconds. */
const warmUpSeconds = 4;
const firstRound = 100;

/** A folder whose content is in memory: what is synced there costs nothing. Null where the system has none. */
async function memoryFolder(): Promise<(AsyncDisposable & { readonly path: string }) | null> {
  const isThere = await access("/dev/shm").then(
    () => true,
    () => false,
  );
  if (!isThere) return null;
  const path = await mkdtemp(join("/dev/shm", "maestro-auth-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

function countFor(seconds: number, { perSecond }: RefreshRound): number {
  return Math.min(Math.max(Math.round(perSecond * seconds), 1), signIns);
}

async function warmUp(contestant: Contestant): Promise<RefreshRound> {
  let last = await contestant.refresh(firstRound);
  const start = performance.now();
  while (performance.now() - start < warmUpSeconds * 1000) last = await contestant.refresh(countFor(1, last));
  return last;
}

/** Measures all, in turns, so that whatever else the machine does meets each. @returns the rounds of each. */
async function measure(contestants: readonly Contestant[], run: BenchRun): Promise<RefreshRound[][]> {
  const last: RefreshRound[] = [];
  for (const contestant of contestants) last.push(await warmUp(contestant));
  const rounds: RefreshRound[][] = contestants.map(() => []);
  for (let round = 0; round < run.rounds; round++) {
    for (const [index, contestant] of contestants.entries()) {
      run.signal.throwIfAborted();
      last[index] = await contestant.refresh(countFor(run.seconds, last[index]!));
      rounds[index]!.push(last[index]);
    }
  }
  return rounds;
}

function summarize(label: string, inFlight: number, rounds: readonly RefreshRound[], bare: readonly RefreshRound[]) {
  const perSecond = median(rounds.map((round) => round.perSecond));
  const cpuMicros = median(rounds.map((round) => round.cpuMicros));
  const ratios = rounds.map((round, index) => round.perSecond / bare[index]!.perSecond);
  return {
    refreshes: label,
    "in flight": inFlight,
    "per second": Math.round(perSecond),
    "per core second": Math.round(1e6 / cpuMicros),
    "cpu µs": Math.round(cpuMicros),
    ...(rounds === bare ? {} : { "ours/bare": Number(median(ratios).toFixed(3)) }),
  };
}

async function measureLevel(site: RefreshSite, inFlight: number, pinned: PinnedNode | null, run: BenchRun) {
  run.progress(`measuring with ${inFlight} in flight`);
  await using stack = new AsyncDisposableStack();
  const place = { site, inFlight, pinned };
  const disk = stack.use(await temporaryFolder());
  const memory = stack.use(await memoryFolder());
  const bare = stack.use(await startBare(place));
  const ours = stack.use(await startOurs(place, disk.path));
  const unsynced = memory === null ? [] : [stack.use(await startOurs(place, memory.path))];
  const [bareRounds, ourRounds, unsyncedRounds] = await measure([bare, ours, ...unsynced], run);
  return [
    summarize("maestro-auth", inFlight, ourRounds!, bareRounds!),
    ...(unsyncedRounds === undefined
      ? []
      : [summarize("maestro-auth, spool in memory", inFlight, unsyncedRounds, bareRounds!)]),
    summarize("bare", inFlight, bareRounds!, bareRounds!),
  ];
}

async function run(run: BenchRun): Promise<BenchReport> {
  const pinned = reserveCore();
  await using site = await RefreshSite.open({ credentials: signIns, lifetime: 3_600 }, run);
  await site.query(`create table ${bareTable} (like provider_credentials including all)`);
  await site.query(`insert into ${bareTable} select * from provider_credentials`);
  const rows: BenchReport["rows"][number][] = [];
  for (const inFlight of levels) rows.push(...(await measureLevel(site, inFlight, pinned, run)));
  const { reuses } = await site.provider.state();
  return {
    rows,
    notes: [
      pinned === null
        ? "The system has no taskset, or one core: processes were not kept apart."
        : "Each process that refreshes has one core; the provider has the other ones, PostgreSQL has all.",
      "per second: by the clock. per core second, cpu µs: by the processor time of the process itself.",
      `ours/bare: the median of the ratios of neighbouring rounds. ${signIns} sign-ins.`,
    ],
    failures: reuses === 0 ? [] : [`${reuses} refresh tokens were used twice`],
  };
}

/** `npm run bench -- refresh-throughput` */
export const refreshThroughput = defineBench({
  summary: "Refreshes by one process on one core, beside a bare loop of the same call and one UPDATE.",
  options: roundOptions,
  run,
});
