import { killAtRandom, seededRandom } from "../../refresh/processes/random-kills.ts";
import { type BenchOption, type BenchReport, type BenchRun, defineBench } from "../bench.ts";
import { RefreshSite } from "./site.ts";

const options = {
  seconds: { meaning: "for how long processes are killed", value: 60, max: 86_400, whole: false },
  processes: { meaning: "processes at a time", value: 4, max: 8, whole: true },
  credentials: { meaning: "sign-ins that are kept fresh", value: 2_000, max: 1_000_000, whole: true },
  lifetime: { meaning: "seconds that an access token lives", value: 20, max: 3_600, whole: false },
  seed: { meaning: "for other moments and other processes", value: 1, max: 2 ** 31, whole: true },
} satisfies Record<string, BenchOption>;

type Run = BenchRun<keyof typeof options>;

/** The run is cut into pieces: between two of them it can be interrupted, and what the kills have left is taken up. */
const pieceMs = 10_000;
const maxPauseMs = 1_000;
/** So that a kill meets some answers on their way. */
const answerMs = 20;

async function killForLong(site: RefreshSite, { seconds, processes, seed, signal, progress }: Run) {
  const random = seededRandom(seed);
  const inFlight = new Set<string>();
  let kills = 0;
  for (let left = seconds * 1000; left > 0; left -= pieceMs) {
    progress(`${kills} kills; ${Math.round(left / 1000)} s of killing to go`);
    const durationMs = Math.min(left, pieceMs);
    const report = await killAtRandom(site.stage, { processes, durationMs, maxPauseMs, random });
    kills += report.kills;
    for (const id of report.inFlight) inFlight.add(id);
    signal.throwIfAborted();
  }
  return { kills, inFlight };
}

async function run(run: Run): Promise<BenchReport> {
  const { credentials, lifetime, processes, seconds, seed, progress } = run;
  await using site = await RefreshSite.open({ credentials, lifetime }, run);
  await site.spread(lifetime);
  await site.provider.setDown({ kind: "slow", ms: answerMs });
  const { kills, inFlight } = await killForLong(site, run);
  progress("asking the provider about each sign-in");
  const { refreshes, reuses } = await site.provider.state();
  const { lost, explained, wrong } = await site.judge();
  const failures = [
    ...(wrong === 0 ? [] : [`${wrong} rows are silently wrong`]),
    ...(explained === lost ? [] : [`${lost - explained} rows are lost and do not say rotation_lost`]),
    ...(lost <= inFlight.size ? [] : [`${lost} rows are lost, and ${inFlight.size} were in flight`]),
    ...(reuses <= lost ? [] : [`${reuses} refresh tokens were used twice, and ${lost} rows are lost`]),
  ];
  const figure = (what: string, count: number, must = "") => ({ what, count, must });
  return {
    rows: [
      figure("kills", kills),
      figure("refreshes", refreshes),
      figure("sign-ins in flight at a kill", inFlight.size),
      figure("rows lost (rotation_lost)", explained, "at most those in flight"),
      figure("rows lost for other reasons", lost - explained, "0"),
      figure("rows silently wrong", wrong, "0"),
      figure("refresh tokens used twice", reuses, "at most the rows lost"),
    ],
    notes: [
      `${credentials} sign-ins whose access tokens live ${lifetime} s, ${processes} processes, ${seconds} s, seed ${seed}.`,
      "The provider has no grace: an answer that a kill destroys is lost for good.",
    ],
    failures,
  };
}

/** `npm run bench -- refresh-killed` */
export const refreshKilled = defineBench({
  summary: "Processes that are killed at random moments under load, and what that costs.",
  options,
  run,
});
