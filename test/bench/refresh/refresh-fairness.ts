import { measureFairness } from "../../refresh/processes/fairness.ts";
import { StrictProviderProcess } from "../../support/strict-provider-process.ts";
import { outages } from "../../support/strict-provider/outage.ts";
import { vendorRefusals } from "../../support/vendor-refusals.ts";
import { type BenchOption, type BenchReport, type BenchRun, defineBench } from "../bench.ts";
import { createScratchDatabase } from "../scratch-database.ts";

const options = {
  healthy: { meaning: "users with one sign-in each that works", value: 1_000, max: 100_000, whole: true },
  poisoned: {
    meaning: "sign-ins of one more user, all refused, silent or limited",
    value: 20,
    max: 10_000,
    whole: true,
  },
  processes: { meaning: "processes that share the work", value: 2, max: 8, whole: true },
  lifetime: { meaning: "seconds that an access token lives", value: 60, max: 3_600, whole: true },
  seconds: { meaning: "seconds that it is watched", value: 90, max: 86_400, whole: true },
} satisfies Record<string, BenchOption>;

async function run(run: BenchRun<keyof typeof options>): Promise<BenchReport> {
  const { healthy, poisoned, processes, lifetime, seconds, progress } = run;
  const serverUrl = process.env["BENCH_DATABASE_URL"] || process.env["TEST_DATABASE_URL"];
  if (!serverUrl) throw new Error("Several processes need PostgreSQL: set BENCH_DATABASE_URL or TEST_DATABASE_URL.");
  await using scratch = await createScratchDatabase(serverUrl);
  await using provider = await StrictProviderProcess.start({ accessTokenLifetime: lifetime });
  const refusals = vendorRefusals.map(({ status, body }) => ({ kind: "status", status, body }) as const);
  progress(`storing ${healthy + poisoned} sign-ins, then watching for ${seconds} s`);
  const figures = await measureFairness({
    provider,
    trouble: async (troubles) => void (await provider.setTroubles(troubles)),
    healthy,
    poisoned,
    troubles: [...refusals, outages.hang, outages.rateLimit(1), { kind: "reset" }],
    processes,
    lifetimeSeconds: lifetime,
    seconds,
    databaseUrl: scratch.url,
  });
  if (figures === null) throw new Error("the stage has no database");
  const { reuses } = await provider.state();
  const { late, neglected, failures, pauses } = figures;
  const musts = {
    "healthy tokens renewed late": late,
    "healthy users neglected": neglected,
    "healthy renewals that failed": failures,
    "pauses of the provider": pauses,
    "refresh tokens used twice": reuses,
  };
  const figure = (what: string, count: number, must: string | number = "") => ({ what, count, must });
  return {
    rows: [
      figure("healthy renewals", figures.renewals),
      figure("ms left of the token, at the least", figures.leastMsLeft),
      ...Object.entries(musts).map(([what, count]) => figure(what, count, 0)),
      figure("tries of the poisoned", figures.poisonedTries),
      figure("poisoned that have ended", figures.poisonedEnded),
    ],
    notes: [
      `${healthy} users with tokens of ${lifetime} s, ${poisoned} poisoned sign-ins of one user, ${processes} processes.`,
    ],
    failures: Object.entries(musts).flatMap(([what, count]) => (count === 0 ? [] : [`${what}: ${count}`])),
  };
}

/** `npm run bench -- refresh-fairness` */
export const refreshFairness = defineBench({
  summary: "Many healthy sign-ins beside those of one user that are all poisoned: nobody else may notice.",
  options,
  run,
});
