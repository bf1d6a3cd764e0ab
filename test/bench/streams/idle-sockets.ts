import { type BenchReport, type BenchRun, defineBench, roundOptions } from "../bench.ts";
import { createScratchDatabase } from "../scratch-database.ts";
import { percentile } from "../statistics.ts";
import { serverUrl } from "./server-url.ts";
import { StreamProcess } from "./stream-process.ts";
import { environment, settle, Subscriber } from "./subscriber.ts";

const counts = [1_000, 5_000, 10_000];
/** As many as one user may have. */
const socketsPerUser = 5;
/** Sockets that are being opened at the same time. */
const concurrency = 50;
/** Events of one figure, each to one user's sockets. */
const events = 100;

const userOf = (index: number) => `user-${Math.floor(index / socketsPerUser)}`;

/** Brings the number of subscribers up to `count`. */
async function connectUpTo(count: number, origin: string, subscribers: Subscriber[], signal: AbortSignal) {
  const openSome = async () => {
    while (next < count && !signal.aborted) {
      const index = next++;
      subscribers[index] = await Subscriber.connect(origin, userOf(index));
    }
  };
  let next = subscribers.length;
  await Promise.all(Array.from({ length: concurrency }, openSome));
  signal.throwIfAborted();
}

/** Milliseconds from the commit (or the first send) to each of a user's sockets, for random users. */
async function fanOut(server: StreamProcess, subscribers: readonly Subscriber[]): Promise<Float64Array> {
  const latencies: number[] = [];
  for (let count = 0; count < events; count++) {
    const first = Math.floor(Math.random() * (subscribers.length / socketsPerUser)) * socketsPerUser;
    const arrivals = Promise.all(subscribers.slice(first, first + socketsPerUser).map((one) => one.next()));
    const sentAt = await server.emit(userOf(first));
    for (const arrivedAt of await arrivals) latencies.push(arrivedAt - sentAt);
  }
  return Float64Array.from(latencies).toSorted();
}

async function measure(
  name: string,
  server: StreamProcess,
  { signal, progress }: BenchRun,
): Promise<BenchReport["rows"]> {
  const rows: Record<string, string | number>[] = [];
  const subscribers: Subscriber[] = [];
  const empty = await server.memory();
  try {
    for (const count of counts) {
      progress(`${name}: ${count} subscribers`);
      await connectUpTo(count, server.origin, subscribers, signal);
      await settle();
      const bytes = (await server.memory()) - empty;
      const sorted = await fanOut(server, subscribers);
      const cell = (share: number) => Number(percentile(sorted, share).toFixed(1));
      const kilobytes = Number((bytes / count / 1_000).toFixed(1));
      rows.push({ server: name, subscribers: count, "kB each": kilobytes, "p50 ms": cell(0.5), "p99 ms": cell(0.99) });
    }
  } finally {
    for (const subscriber of subscribers) subscriber?.close();
  }
  return rows;
}

async function run(run: BenchRun): Promise<BenchReport> {
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
    ],
  };
}

/** `npm run bench -- idle-sockets` */
export const idleSockets = defineBench({
  summary: "Memory of each idle subscriber and latency among 1,000 to 10,000, beside a bare ws server.",
  options: roundOptions,
  run,
});
