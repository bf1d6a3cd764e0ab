import { expect, test } from "vitest";
import { PostgresCluster } from "../support/postgres-cluster.ts";
import { createServerDatabase } from "../support/test-database.ts";
import { runManyReaders } from "./many-readers/many-readers.ts";
import { RestorableCluster } from "./many-readers/restorable-cluster.ts";

const databaseUrl = await createServerDatabase();
const sizes = {
  users: 12,
  readersPerUser: 5,
  servers: 3,
  writers: 2,
  events: 2_000,
  eventsPerTransaction: 3,
  kills: 3,
  reconnectMs: 1_000,
  killMs: 1_000,
};

// It needs processes that share a database: TEST_DATABASE_URL names one.
test.skipIf(databaseUrl === null)(
  "60 readers that are cut all the time, of servers that are killed, get every event once and in order",
  async () => {
    const { faults, ...outcome } = await runManyReaders(sizes, { databaseUrl: databaseUrl! });
    expect(faults).toEqual([]);
    expect(outcome.events).toBeGreaterThanOrEqual(sizes.events);
    expect(outcome.delivered).toBe(outcome.events * sizes.readersPerUser);
    // Otherwise nothing was tested.
    expect(outcome.kills).toBeGreaterThanOrEqual(sizes.kills);
    expect(outcome.repeats).toBeGreaterThan(0);
    expect(outcome.connections).toBeGreaterThan(2 * sizes.users * sizes.readersPerUser);
  },
  600_000,
);

const programs = await PostgresCluster.find();

test.skipIf(programs === null)(
  "readers of a database that goes back under its servers, by a failover and a restore, are told of it, and miss nothing",
  async () => {
    await using cluster = await RestorableCluster.create(programs!);
    const { databaseUrl } = cluster;
    const restores = [cluster.failover(), cluster.snapshot()];
    const { faults, ...outcome } = await runManyReaders(
      { ...sizes, users: 6, events: 1_000, servers: 2 },
      { databaseUrl, restores },
    );
    expect(faults).toEqual([]);
    expect(outcome.restores).toBe(restores.length);
    // Every reader had read what was lost.
    expect(outcome.expiries).toBeGreaterThanOrEqual(6 * sizes.readersPerUser);
  },
  600_000,
);
