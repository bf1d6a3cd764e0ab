import { setTimeout as delay } from "node:timers/promises";
import { type BenchReport, type BenchRun, defineBench, roundOptions } from "../bench.ts";
import { createScratchDatabase } from "../scratch-database.ts";
import { percentile } from "../statistics.ts";
import { serverUrl } from "./server-url.ts";
import { StreamProcess } from "./stream-process.ts";
import { environment, settle, Subscriber } from "./subscriber.ts";

const userId = "alice";

interface Way {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Whether the subscriber is at the process that writes. */
  readonly isOneProcess: boolean;
  /** Milliseconds between two events, at most; random, and where polling delivers over its whole interval. */
  readonly pauseMs: number;
}

function waysTo(redisUrl: string | undefined): Way[] {
  const ways: Way[] = [
    { name: "one process", environment: {}, isOneProcess: true, pauseMs: 40 },
    { name: "two, by NOTIFY", environment: {}, isOneProcess: false, pauseMs: 40 },
    { name: "two, doorbells cut", environment: { DOORBELL: "none" }, isOneProcess: false, pauseMs: 1_000 },
  ];
  if (redisUrl)
    ways.splice(2, 0, {
      name: "two, by Redis",
      environment: { EVENTS_URL: redisUrl },
      isOneProcess: false,
      pauseMs: 40,
    });
  return ways;
}

/** Milliseconds from commit to arrival at the client, for so many seconds. */
async function measure(way: Way, databaseUrl: string, { seconds, rounds, signal }: BenchRun): Promise<number[]> {
  const settings = { ...environment, DATABASE_URL: databaseUrl, ...way.environment };
  await using writer = await StreamProcess.start(new URL("./stream-server.ts", import.meta.url), settings);
  await using other = way.isOneProcess
    ? null
    : await StreamProcess.start(new URL("./stream-server.ts", import.meta.url), settings);
  const subscriber = await Subscriber.connect((other ?? writer).origin, userId);
  await settle();
  const latencies: number[] = [];
  const end = performance.now() + rounds * seconds * 1_000;
  while (performance.now() < end && !signal.aborted) {
    const arrival = subscriber.next();
    const committedAt = await writer.emit(userId);
    latencies.push((await arrival) - committedAt);
    await delay(Math.random() * way.pauseMs);
  }
  subscriber.close();
  signal.throwIfAborted();
  return latencies;
}

async function run(run: BenchRun): Promise<BenchReport> {
  await using database = await createScratchDatabase(serverUrl());
  const redisUrl = process.env["TEST_REDIS_URL"];
  const rows = [];
  for (const way of waysTo(redisUrl)) {
    run.progress(way.name);
    const sorted = Float64Array.from(await measure(way, database.url, run)).toSorted();
    const cell = (share: number) => Number(percentile(sorted, share).toFixed(1));
    rows.push({ way: way.name, events: sorted.length, "p50 ms": cell(0.5), "p99 ms": cell(0.99) });
  }
  return {
    rows,
    notes: [
      "From the commit to the arrival at a WebSocket client in another process, on PostgreSQL, one event at a time.",
      ...(redisUrl ? [] : ["Redis is left out: set TEST_REDIS_URL."]),
    ],
  };
}

/** `npm run bench -- delivery` */
export const delivery = defineBench({
  summary: "From commit to delivery: in one process, across two by NOTIFY, by Redis, and with doorbells cut.",
  options: roundOptions,
  run,
});
