import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase } from "../../src/app/database.ts";
import type { Database } from "../../src/db/database.ts";

let database: Database;

beforeAll(async () => {
  database = await openDatabase({ kind: "memory" });
});

afterAll(() => database[Symbol.asyncDispose]());

/** Counts the turns of the event loop until it is stopped. */
function countTurns() {
  let turns = 0;
  const stop = new AbortController();
  const count = async () => {
    for (; !stop.signal.aborted; turns++) await setImmediate();
  };
  void count();
  return () => {
    stop.abort();
    return turns;
  };
}

test("while many statements wait for the embedded database, the event loop turns after each", async () => {
  await database.em().execute("select 1");
  const stop = countTurns();
  await Promise.all(Array.from({ length: 30 }, () => database.em().execute("select 1")));
  expect(stop()).toBeGreaterThanOrEqual(29);
});

test("a statement that fails does not hold up the next one", async () => {
  const bad = database.em().execute("select nothing");
  const good = database.em().execute<{ one: number }[]>("select 1 as one");
  await expect(bad).rejects.toThrow("nothing");
  expect(await good).toEqual([{ one: 1 }]);
});
