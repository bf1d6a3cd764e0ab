import { setTimeout as delay } from "node:timers/promises";
import { type BenchOption, type BenchReport, type BenchRun, defineBench } from "../bench.ts";
import { createScratchDatabase } from "../scratch-database.ts";
import { percentile } from "../statistics.ts";
import { connectUpTo, fanOutOnce, userOf } from "./crowd.ts";
import { serverUrl } from "./server-url.ts";
import { StreamProcess } from "./stream-process.ts";
import { environment, settle, Subscriber } from "./subscriber.ts";

const options = {
  subscribers: { meaning: "subscribers that read", value: 1_000, max: 10_000, whole: true },
  seconds: { meaning: "seconds before the stall, and after its end", value: 30, max: 3_600, whole: false },
  stall: { meaning: "seconds that data may wait before a socket is closed", value: 30, max: 600, whole: false },
  megabytes: { meaning: "megabytes that are sent to the one that stands still", value: 64, max: 4_096, whole: true },
} satisfies Record<string, BenchOption>;

type Run = BenchRun<keyof typeof options>;

/** Characters of each event that the stalled one is sent. */
const largeEvent = 16_000;
/** Milliseconds between two events of the others: the server is not to be busy. */
const pauseMs = 5;

interface Stage {
  readonly server: StreamProcess;
  readonly subscribers: readonly Subscriber[];
  readonly run: Run;
}

/** What was seen in one phase. */
interface Phase {
  readonly latencies: number[];
  /** Resident megabytes, about once a second. */
  readonly resident: number[];
  /** Megabytes in use at its end, after a garbage collection. */
  readonly kept: number;
}

/** Events for the readers, one after the other, until `isOver`; `also` is done between two of them. */
async function watch(
  { server, subscribers, run }: Stage,
  isOver: () => boolean,
  also?: () => Promise<unknown>,
): Promise<Phase> {
  const latencies: number[] = [];
  const resident: number[] = [];
  for (let look = 0; !isOver();) {
    run.signal.throwIfAborted();
    latencies.push(...(await fanOutOnce(server, subscribers)));
    await also?.();
    if (performance.now() >= look) {
      resident.push((await server.resident()) / 1e6);
      look = performance.now() + 1_000;
    }
    await delay(pauseMs);
  }
  return { latencies, resident, kept: (await server.kept()) / 1e6 };
}

function after(seconds: number): () => boolean {
  const end = performance.now() + seconds * 1_000;
  return () => performance.now() >= end;
}

function rowOf(name: string, { latencies, resident, kept }: Phase): BenchReport["rows"][number] {
  const sorted = Float64Array.from(latencies).toSorted();
  const cell = (share: number) => Number(percentile(sorted, share).toFixed(1));
  const megabytes = {
    "MB first": resident[0]!,
    "MB most": Math.max(...resident),
    "MB last": resident.at(-1)!,
    "MB kept": kept,
  };
  const rounded = Object.entries(megabytes).map(([key, value]) => [key, Math.round(value)] as const);
  return {
    phase: name,
    deliveries: latencies.length,
    "p50 ms": cell(0.5),
    "p99 ms": cell(0.99),
    ...Object.fromEntries(rounded),
  };
}

/** One of a user's subscribers stands still while that user gets large events, until the server has closed it. */
async function stall(stage: Stage, stalled: Subscriber) {
  const { server, run } = stage;
  const startedAt = performance.now();
  let left = Math.ceil((run.megabytes * 1e6) / largeEvent);
  let closed = 0;
  let kept: number | null = null;
  stalled.pause();
  const phase = await watch(
    stage,
    () => closed > 0 || performance.now() - startedAt > (run.stall + 120) * 1_000,
    async () => {
      if (left > 0) {
        await server.emit("stalled", largeEvent);
        left -= 1;
      } else kept ??= (await server.kept()) / 1e6;
      closed = await server.closedUnread();
    },
  );
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  return { phase: { ...phase, kept: kept ?? phase.kept }, closed, seconds, unsent: left };
}

async function run(run: Run): Promise<BenchReport> {
  await using database = await createScratchDatabase(serverUrl());
  const settings = { ...environment, DATABASE_URL: database.url, UNREAD_MS: String(run.stall * 1_000) };
  await using server = await StreamProcess.start(new URL("./stream-server.ts", import.meta.url), settings);
  const subscribers: Subscriber[] = [];
  run.progress(`${run.subscribers} subscribers connect`);
  await connectUpTo(run.subscribers, server.origin, subscribers, run.signal);
  const stalled = await Subscriber.connect(server.origin, "stalled");
  await settle();
  const stage = { server, subscribers, run };
  // The first events find a server whose code is not yet compiled.
  await watch(stage, after(Math.min(5, run.seconds)));
  run.progress("before the stall");
  const before = await watch(stage, after(run.seconds));
  run.progress("one subscriber stands still");
  const during = await stall(stage, stalled);
  run.progress("after it was closed");
  // It learns why within the time that a client may take to answer a close frame.
  const code = during.closed > 0 ? await stalled.resume() : null;
  const later = await watch(stage, after(run.seconds));
  for (const subscriber of subscribers) subscriber.close();
  const { seconds, unsent } = during;
  const isClosed = during.closed === 1 && code === 1013;
  return {
    rows: [rowOf("before", before), rowOf("stalled", during.phase), rowOf("after", later)],
    notes: [
      `${run.subscribers} subscribers of ${Math.floor(run.subscribers / 5)} users (${userOf(0)}, …) read; one more, of a user of its own, stands still.`,
      `It was sent up to ${run.megabytes} MB${unsent > 0 ? `, of which ${unsent} events were not written when it was closed` : ""}; it was closed ${seconds} s after it stopped reading, with ${code ?? "nothing"}.`,
      "MB: resident; kept: in use at the end of the phase, after a garbage collection (stalled: once all was written, or at the close).",
      "The aim: p99 and memory as before, and 1013 about the time of the stall after its last progress.",
    ],
    failures: isClosed ? [] : [`the stalled one was not closed with 1013, but with ${code ?? "nothing"}`],
  };
}

/** `npm run bench -- stalled-consumer` */
export const stalledConsumer = defineBench({
  summary: "One stalled consumer among 1,000: memory, and the others' latency before, during and after.",
  options,
  run,
});
