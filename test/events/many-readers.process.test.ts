import { expect, test } from "vitest";
import { createServerDatabase } from "../support/test-database.ts";
import { runManyReaders } from "./many-readers/many-readers.ts";

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
