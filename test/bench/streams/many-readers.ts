import { runManyReaders } from "../../events/many-readers/many-readers.ts";
import { type BenchReport, type BenchRun, defineBench } from "../bench.ts";
import { createScratchDatabase } from "../scratch-database.ts";
import { serverUrl } from "./server-url.ts";

const sizes = { users: 250, readersPerUser: 4, servers: 4, writers: 3, kills: 20, reconnectMs: 1_500, killMs: 5_000 };

async function run({ events, signal, progress }: BenchRun<"events">): Promise<BenchReport> {
  await using database = await createScratchDatabase(serverUrl());
  const startedAt = performance.now();
  const { faults, ...outcome } = await runManyReaders(
    { ...sizes, events },
    { databaseUrl: database.url, signal, progress },
  );
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  const readers = sizes.users * sizes.readersPerUser;
  return {
    rows: [{ readers, servers: sizes.servers, ...outcome, faults: faults.length, seconds }],
    notes: [
      "delivered: to all readers, each event once. repeats: came again because a reader's noted place was behind.",
      "faults: gaps, events out of order, and readers that did not end with what the database holds.",
    ],
    failures: faults.slice(0, 20),
  };
}

/** `npm run bench -- many-readers` */
export const manyReaders = defineBench({
  summary: "Nothing lost: 1,000 readers that are cut all the time, 4 servers that are killed, 1,000,000 events.",
  options: {
    events: { meaning: "events that are written in all", value: 1_000_000, max: 10_000_000, whole: true },
  },
  run,
});
