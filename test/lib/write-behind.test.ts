import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WriteBehind } from "../../src/lib/write-behind.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Numbers that are added up by their key, at most three keys; `isAway` keeps them from being written. */
function setStage() {
  const stage = { isAway: false, written: [] as number[][], failures: [] as number[] };
  const behind = new WriteBehind<number>({
    delayMs: 1_000,
    maxPending: 3,
    merge: (older, newer) => older * 10 + newer,
    write: async (items) => {
      if (stage.isAway) throw new Error("away");
      stage.written.push([...items]);
    },
    onFailure: (_error, items) => stage.failures.push(items),
  });
  return Object.assign(stage, { behind });
}

test("what is added is written together a little later, one item for each key, and once", async () => {
  const { behind, written } = setStage();
  behind.add("a", 1);
  behind.add("b", 2);
  behind.add("a", 3);
  await vi.advanceTimersByTimeAsync(999);
  expect(written).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(written).toEqual([[13, 2]]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(written).toEqual([[13, 2]]);
  expect(vi.getTimerCount()).toBe(0);
});

test("the delay counts from the first item: later ones do not put it off", async () => {
  const { behind, written } = setStage();
  behind.add("a", 1);
  await vi.advanceTimersByTimeAsync(900);
  behind.add("b", 2);
  await vi.advanceTimersByTimeAsync(100);
  expect(written).toEqual([[1, 2]]);
});

test("as many as may wait are written at once", async () => {
  const { behind, written } = setStage();
  for (const [index, key] of ["a", "b", "c"].entries()) behind.add(key, index + 1);
  await vi.advanceTimersByTimeAsync(0);
  expect(written).toEqual([[1, 2, 3]]);
});

test("what cannot be written is tried again by itself, merged with what has come since, in the order of time", async () => {
  const stage = setStage();
  stage.isAway = true;
  stage.behind.add("a", 1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(stage.failures).toEqual([1]);
  stage.behind.add("a", 2);
  stage.isAway = false;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(stage.written).toEqual([[12]]);
});

test("while nothing can be written, no more is kept than may wait", async () => {
  const stage = setStage();
  stage.isAway = true;
  for (const key of ["a", "b", "c", "d", "e"]) {
    stage.behind.add(key, 1);
    await vi.advanceTimersByTimeAsync(1_000);
  }
  stage.isAway = false;
  await stage.behind.flush();
  expect(stage.written.flat()).toHaveLength(3);
});

test("at the end what waits is written, and no timer is left", async () => {
  const { behind, written } = setStage();
  behind.add("a", 1);
  await behind[Symbol.asyncDispose]();
  expect(written).toEqual([[1]]);
  expect(vi.getTimerCount()).toBe(0);
});

test("at the end of one whose store is away no timer is left either", async () => {
  const stage = setStage();
  stage.isAway = true;
  stage.behind.add("a", 1);
  await stage.behind[Symbol.asyncDispose]();
  expect(stage.failures).toEqual([1]);
  expect(vi.getTimerCount()).toBe(0);
});
