import { type BenchOption, type BenchReport, type BenchRun, defineBench } from "../bench.ts";
import { createScratchDatabase } from "../scratch-database.ts";
import { percentile } from "../statistics.ts";
import { connectUpTo, fanOutOnce, socketsPerUser } from "./crowd.ts";
import { serverUrl } from "./server-url.ts";
import { StreamProcess } from "./stream-process.ts";
import { environment, settle, type Subscriber } from "./subscriber.ts";

const counts = [1_000, 5_000, 10_000];

const options = {
  most: { meaning: "sockets at most; the counts below it are measured too", value: 10_000, max: 10_000, whole: true },
  events: { meaning: "events of one figure, each to one user's sockets", value: 2_000, max: 100_000, whole: true },
} satisfies Record<string, BenchOption>;

type Run = BenchRun<keyof typeof options>;

/** Milliseconds from the commit (or the first send) to each of a user's sockets, for random users. */
async function fanOut(server: StreamProcess, subscribers: readonly Subscriber[], events: number) {
  const latencies: number[] = [];
  for (let count = 0; count < events; count++) latencies.push(...(await fanOutOnce(server, subscribers)));
  return Float64Array.from(latencies).toSorted();
}

async function measure(
  name: string,
  server: StreamProcess,
  { signal, progress, most, events }: Run,
): Promise<BenchReport["rows"]> {
  const rows: Record<string, string | number>[] = [];
  const subscribers: Subscriber[] = [];
  const empty = await server.memory();
  try {
    for (const count of counts.filter((one) => one <= most)) {
      progress(`${name}: ${count} subscribers`);
      await connectUpTo(count, server.origin, subscribers, signal);
      await settle();
      const bytes = (await server.memory()) - empty;
      // The first events find a server whose code is not yet compiled.
      await fanOut(server, subscribers, Math.ceil(events / 10));
      const sorted = await fanOut(server, subscribers, events);
      const cell = (share: number) => Number(percentile(sorted, share).toFixed(2));
      const kilobytes = Number((bytes / count / 1_000).toFixed(1));
      rows.push({ server: name, subscribers: count, "kB each": kilobytes, "p50 ms": cell(0.5), "p99 ms": cell(0.99) });
    }
  } finally {
    for (const subscriber of subscribers) subscriber?.close();
  }
  return rows;
}

async function run(run: Run): Promise<BenchReport> {
  await using database = await createScratchDatabase(serverUrl());
  const settings = { ...environment, DATABASE_URL: database.url };
  const rows: BenchReport["rows"][number][] = [];
  {
    await using ours = await StreamProcess.start(new URL("./stream-server.ts", import.meta.url), settings);
    rows.push(...(await measure("ours", ours, run)));
  }
  await using bare = await StreamProcess.start(new URL("./bare-stream-server.ts", import.meta.url), environment);
  rows.push(...(await measure("bare ws", bare, run)));
  return {
    rows,
    notes: [
      "kB each: resident memory of the server's process after a garbage collection, above that without sockets.",
      `Latency: from the commit (bare: the first send) to each of a user's ${socketsPerUser} sockets, all others idle.`,
      "The aim: within twice the latency of the bare server, and four times its memory.",
    ],
  };
}

/** `npm run bench -- idle-sockets` */
export const idleSockets = defineBench({
  summary: "Memory of each idle subscriber and latency among 1,000 to 10,000, beside a bare ws server.",
  options,
  run,
});
