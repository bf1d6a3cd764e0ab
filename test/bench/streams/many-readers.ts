import { runManyReaders } from "../../events/many-readers/many-readers.ts";
import { RestorableCluster } from "../../events/many-readers/restorable-cluster.ts";
import { PostgresCluster } from "../../support/postgres-cluster.ts";
import { type BenchOption, type BenchReport, type BenchRun, defineBench } from "../bench.ts";
import { createScratchDatabase } from "../scratch-database.ts";
import { serverUrl } from "./server-url.ts";

const readersPerUser = 4;

const options = {
  events: { meaning: "events that are written in all, at least", value: 1_000_000, max: 10_000_000, whole: true },
  readers: { meaning: "readers; each user has four of them", value: 1_000, max: 10_000, whole: true },
  servers: { meaning: "servers on one database", value: 4, max: 16, whole: true },
  writers: { meaning: "writing processes", value: 3, max: 16, whole: true },
  batch: { meaning: "events of one transaction", value: 20, max: 1_000, whole: true },
  reconnect: { meaning: "seconds until a connection is cut, on average", value: 5, max: 3_600, whole: false },
  kill: { meaning: "seconds from one kill of a process to the next", value: 5, max: 3_600, whole: false },
  restores: {
    meaning: "times that the database goes back: failovers and snapshots in turn",
    value: 0,
    max: 20,
    whole: true,
  },
} satisfies Record<string, BenchOption>;

/** A database that the server has already, or a PostgreSQL of its own, which can go back. */
async function openDatabase(restores: number) {
  if (restores === 0) {
    const database = await createScratchDatabase(serverUrl());
    return { url: database.url, restores: [], [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
  }
  const programs = await PostgresCluster.find();
  if (programs === null) throw new TypeError("the programs of PostgreSQL are not on this machine");
  const cluster = await RestorableCluster.create(programs);
  return {
    url: cluster.databaseUrl,
    restores: Array.from({ length: restores }, (_, index) =>
      index % 2 === 0 ? cluster.failover() : cluster.snapshot(),
    ),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

async function run(run: BenchRun<keyof typeof options>): Promise<BenchReport> {
  const { events, servers, writers, batch, reconnect, kill, signal, progress } = run;
  const users = Math.max(1, Math.round(run.readers / readersPerUser));
  await using database = await openDatabase(run.restores);
  const startedAt = performance.now();
  const { faults, ...outcome } = await runManyReaders(
    {
      users,
      readersPerUser,
      servers,
      writers,
      events,
      eventsPerTransaction: batch,
      kills: 1,
      reconnectMs: reconnect * 1_000,
      killMs: kill * 1_000,
    },
    { databaseUrl: database.url, restores: database.restores, signal, progress },
  );
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  const rates = { seconds, "events/s": Math.round(outcome.events / seconds) };
  return {
    rows: [{ readers: users * readersPerUser, servers, ...outcome, faults: faults.length, ...rates }],
    notes: [
      "delivered: to all readers, each event once. repeats: came again because a reader's noted place was behind.",
      "faults: gaps, events out of order, and readers that did not end with what the database holds. The aim: 0.",
      "Half of the readers read over WebSocket, half over SSE, all in one process that shares the machine.",
    ],
    failures: faults.slice(0, 20),
  };
}

/** `npm run bench -- many-readers` */
export const manyReaders = defineBench({
  summary: "Nothing lost: 1,000 readers that are cut all the time, 4 servers that are killed, 1,000,000 events.",
  options,
  run,
});
