import { expect, test } from "vitest";
import { RepeatedRemoval, startRetention } from "../../src/lib/repeated-removal.ts";

test("batches follow each other until one is empty, and the sum is told once", async () => {
  const batches = [3, 3, 1, 0];
  const told: number[] = [];
  await using _removal = new RepeatedRemoval({
    intervalMs: 10,
    removeBatch: () => Promise.resolve(batches.shift() ?? 0),
    onRemoved: (total) => told.push(total),
    onFailure: () => told.push(-1),
  });
  await expect.poll(() => [batches.length, told]).toEqual([0, [7]]);
});

test("a look that fails is told, and the next one comes all the same", async () => {
  const told: (number | string)[] = [];
  let looks = 0;
  await using _removal = new RepeatedRemoval({
    intervalMs: 10,
    removeBatch: () => {
      looks += 1;
      if (looks === 1) return Promise.reject(new Error("away"));
      return Promise.resolve(looks === 2 ? 5 : 0);
    },
    onRemoved: (total) => told.push(total),
    onFailure: () => told.push("failed"),
  });
  await expect.poll(() => told).toEqual(["failed", 5]);
});

test("the end waits for the batch under way, and begins no other", async () => {
  const batch = Promise.withResolvers<number>();
  const reached = Promise.withResolvers<void>();
  let batches = 0;
  const removal = new RepeatedRemoval({
    intervalMs: 10,
    removeBatch: () => {
      batches += 1;
      reached.resolve();
      return batch.promise;
    },
    onRemoved: () => {},
    onFailure: () => {},
  });
  await reached.promise;
  let isOver = false;
  const ended = removal[Symbol.asyncDispose]().then(() => (isOver = true));
  await Promise.resolve();
  expect(isOver).toBe(false);
  batch.resolve(1);
  await ended;
  expect(batches).toBe(1);
});

test("a retention asks for what is past its time, a thousand rows at once unless it is told otherwise", async () => {
  const asked: unknown[] = [];
  const parts = {
    remove: (values: readonly unknown[]) => {
      asked.push(values);
      return Promise.resolve([]);
    },
    onRemoved: () => {},
    onFailure: () => {},
  };
  await using _usual = startRetention({ keepMs: 7, intervalMs: 1 }, parts);
  await expect.poll(() => asked[0]).toEqual([7, 1_000]);
});
