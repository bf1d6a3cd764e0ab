import "../../support/closed-network.ts";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type FuzzReport, fuzz as fuzzServer } from "../../security/fuzz/fuzzer.ts";
import { startFuzzServer } from "../../security/fuzz/fuzz-server.ts";
import { seed } from "../../security/seed.ts";
import { type BenchReport, defineBench } from "../bench.ts";

/** Megabytes that are still in use after everything that can be freed has been. */
function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  return process.memoryUsage().heapUsed / 1_048_576;
}

/** The heap may grow by so much from the first tenth of the requests to the last: caches fill up. */
const allowedGrowth = 100;

function tabulate({ outcomes }: FuzzReport): BenchReport["rows"] {
  const total = [...outcomes.values()].reduce((sum, count) => sum + count, 0);
  const sorted = [...outcomes].toSorted(([, a], [, b]) => b - a);
  return sorted.map(([outcome, count]) => ({ outcome, count, "%": Number(((100 * count) / total).toFixed(2)) }));
}

/** Hostile requests over all transports against a server in this process, until one is answered wrongly. */
export const fuzz = defineBench({
  summary: "hostile requests over HTTP, SSE, WebSocket and raw sockets: no crash, no unmasked error, no leak",
  options: {
    requests: { meaning: "how many", value: 1_000_000, max: 100_000_000, whole: true },
    seed: { meaning: "what the random values begin with", value: seed, max: 2 ** 31 - 1, whole: true },
    concurrency: { meaning: "requests at the same time", value: 32, max: 500, whole: true },
  },
  run: async ({ requests, seed, concurrency, signal, progress }) => {
    await using server = await startFuzzServer();
    const started = performance.now();
    const rate = (done: number) => Math.round((done / (performance.now() - started)) * 1000);
    let settled: number | null = null;
    const onProgress = (done: number) => {
      if (settled === null && done >= requests / 10) settled = heapInUse();
      progress(`${done} of ${requests} requests, ${rate(done)} a second, ${server.faults.length} faults`);
    };
    const report = await fuzzServer(server, { requests, seed, concurrency, signal, onProgress });
    const answered = [...report.outcomes.values()].reduce((sum, count) => sum + count, 0);
    const perSecond = rate(answered);
    const [before, after] = [settled ?? heapInUse(), heapInUse()];
    const ready = await fetch(`${server.origin}/ready`);
    const failures = [
      ...(report.failure === null ? [] : [report.failure]),
      ...server.faults,
      ...(ready.status === 200 ? [] : [`the server is not ready afterwards: ${ready.status}`]),
      ...(after - before > allowedGrowth
        ? [`the heap has grown from ${before.toFixed(0)} to ${after.toFixed(0)} MB`]
        : []),
    ];
    const notes = [
      `${answered} requests, ${perSecond} a second, seed ${seed}; heap ${before.toFixed(0)} MB after a tenth, ${after.toFixed(0)} MB at the end.`,
      `Afterwards /ready answers ${ready.status}. ${failures.length === 0 ? "Nothing was answered wrongly." : "Something was answered wrongly."}`,
    ];
    return { rows: tabulate(report), notes, failures };
  },
});
