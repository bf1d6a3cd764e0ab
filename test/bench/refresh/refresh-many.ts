import { setTimeout as delay } from "node:timers/promises";
import { type BenchOption, type BenchReport, type BenchRun, defineBench } from "../bench.ts";
import { readLateness } from "./lateness.ts";
import { RefreshSite } from "./site.ts";
import type { WorkerProcess } from "./worker-process.ts";

const options = {
  credentials: { meaning: "sign-ins that are kept fresh", value: 10_000, max: 1_000_000, whole: true },
  refreshes: { meaning: "refreshes, of all of them together", value: 100_000, max: 100_000_000, whole: true },
  processes: { meaning: "processes that share the work", value: 4, max: 8, whole: true },
  lifetime: { meaning: "seconds that an access token lives", value: 30, max: 3_600, whole: false },
} satisfies Record<string, BenchOption>;

type Run = BenchRun<keyof typeof options>;

const lookIntervalMs = 500;
const tellIntervalMs = 5_000;
const stalledAfterMs = 60_000;

const answersOf = (workers: readonly WorkerProcess[]) => workers.reduce((sum, { figures }) => sum + figures.answers, 0);

/** @throws Error if a worker ends, or nothing happens any more. */
async function waitForRefreshes(workers: readonly WorkerProcess[], { refreshes, signal, progress }: Run) {
  let last = { at: performance.now(), count: 0 };
  let told = 0;
  for (;;) {
    await delay(lookIntervalMs, undefined, { signal });
    if (workers.some(({ hasEnded }) => hasEnded)) throw new Error("a worker ended");
    const now = performance.now();
    const count = answersOf(workers);
    if (now - told > tellIntervalMs) progress(`${count} of ${refreshes} refreshes`);
    if (now - told > tellIntervalMs) told = now;
    if (count >= refreshes) return;
    if (count > last.count) last = { at: now, count };
    if (now - last.at > stalledAfterMs) throw new Error(`nothing was refreshed in ${stalledAfterMs / 1000} seconds`);
  }
}

async function run(run: Run): Promise<BenchReport> {
  const { credentials, processes, lifetime, progress } = run;
  await using site = await RefreshSite.open({ credentials, lifetime }, run);
  await using stack = new AsyncDisposableStack();
  progress(`starting ${processes} processes`);
  await site.park();
  const workers = await Promise.all(Array.from({ length: processes }, async () => stack.use(await site.start())));
  await site.spread(lifetime);
  const start = performance.now();
  await waitForRefreshes(workers, run);
  const elapsed = (performance.now() - start) / 1000;
  const shares = workers.map(({ figures }) => figures.answers);
  progress("asking the provider about each sign-in");
  await Promise.all(workers.map((worker) => worker.stop()));
  const { refreshes, successes, reuses } = await site.provider.state();
  const { lost, wrong, stored } = await site.judge();
  const late = await readLateness(site);
  const musts = {
    "refresh tokens used twice": reuses,
    "rows not current at the end": wrong,
    "rows lost": lost,
    "answers not stored": successes - stored,
  };
  const total = shares.reduce((sum, share) => sum + share, 0);
  const figure = (what: string, count: number, must: string | number = "") => ({ what, count, must });
  return {
    rows: [
      figure("refreshes", refreshes),
      figure("successes", successes),
      ...Object.entries(musts).map(([what, count]) => figure(what, count, 0)),
      figure("refreshes per second", Math.round(total / elapsed)),
      ...shares.map((share, index) => figure(`% by process ${index + 1}`, Number(((100 * share) / total).toFixed(1)))),
      figure("late: stored after expiry", late.count),
      figure("late, %", Number(((100 * late.count) / Math.max(late.of, 1)).toFixed(2))),
      figure("late by, median ms", late.medianMs),
      figure("late by, 99 % within ms", late.p99Ms),
      figure("notices of expiry sent", late.notices),
    ],
    notes: [
      `${credentials} sign-ins whose access tokens live ${lifetime} s, ${processes} processes, 16 in flight each.`,
    ],
    failures: Object.entries(musts).flatMap(([what, count]) => (count === 0 ? [] : [`${what}: ${count}`])),
  };
}

/** `npm run bench -- refresh-many` */
export const refreshMany = defineBench({
  summary: "Many refreshes by several processes, and the provider's own view of each sign-in in the end.",
  options,
  run,
});
