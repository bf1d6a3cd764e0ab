import { afterEach, expect, test, vi } from "vitest";
import { DatabaseClock } from "../../src/db/database-clock.ts";
import type { Database } from "../../src/db/database.ts";
import { createLogger } from "../../src/observability/logger.ts";
import { patience } from "../support/patience.ts";
import { createTestDatabase } from "../support/test-database.ts";

const log = createLogger("silent");
const hour = 3_600_000;

afterEach(() => {
  vi.useRealTimers();
});

/** A database whose clock is ahead of this process's, and that can go away. */
async function databaseAhead(ms: number): Promise<Database & { ahead: number; isAway: boolean; asked: number }> {
  const database = await createTestDatabase();
  const altered: Database & { ahead: number; isAway: boolean; asked: number } = {
    ...database,
    ahead: ms,
    isAway: false,
    asked: 0,
    query: async <Row>(...args: Parameters<Database["query"]>) => {
      altered.asked += 1;
      if (altered.isAway) throw new Error("the database is away");
      const [row] = await database.query<{ now: number }>(...args);
      return [{ now: row!.now + altered.ahead }] as Row[];
    },
  };
  return altered;
}

/** By how much the clock differs from this process's own, in milliseconds. */
const lead = (clock: DatabaseClock) => clock.now().getTime() - Date.now();

test("the time is the database's, whatever this process's own clock shows", async () => {
  const database = await databaseAhead(5 * hour);
  using clock = await DatabaseClock.start(database, log);
  // Both clocks of this test are the same machine's; the tolerance is for a busy one.
  expect(Math.abs(lead(clock) - 5 * hour)).toBeLessThan(60_000);
});

test("a clock of this process that is set back does not turn the time back", async () => {
  const database = await databaseAhead(0);
  using clock = await DatabaseClock.start(database, log);
  const before = clock.now();
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 24 * hour });
  expect(clock.now().getTime()).toBeGreaterThanOrEqual(before.getTime());
});

test("between two questions the time goes on without the database", async () => {
  const database = await databaseAhead(0);
  using clock = await DatabaseClock.start(database, log);
  const { asked } = database;
  const first = clock.now();
  await vi.waitFor(() => expect(clock.now().getTime()).toBeGreaterThan(first.getTime()), patience);
  expect(database.asked).toBe(asked);
});

test("once a minute the clock follows the database, and goes on as it was while that is away", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const database = await databaseAhead(0);
  using clock = await DatabaseClock.start(database, log);
  database.ahead = 2 * hour;
  database.isAway = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(database.asked).toBe(2);
  expect(Math.abs(lead(clock))).toBeLessThan(60_000);
  database.isAway = false;
  await vi.advanceTimersByTimeAsync(60_000);
  await vi.waitFor(() => expect(Math.abs(lead(clock) - 2 * hour)).toBeLessThan(60_000), patience);
});

test("a clock that has been disposed asks no more", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const database = await databaseAhead(0);
  const clock = await DatabaseClock.start(database, log);
  clock[Symbol.dispose]();
  await vi.advanceTimersByTimeAsync(300_000);
  expect(database.asked).toBe(1);
});

test("a clock that could not be read at the start is no clock, and leaves no timer behind", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const database = await databaseAhead(0);
  database.isAway = true;
  await expect(DatabaseClock.start(database, log)).rejects.toThrow("the database is away");
  expect(vi.getTimerCount()).toBe(0);
});
