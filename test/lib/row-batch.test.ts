import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { byId, RowBatch } from "../../src/lib/row-batch.ts";

/** A batch over rows of which each user has `a` and `b`, and what was read for it. */
function recordingBatch() {
  const reads: [string, string[]][] = [];
  const batch = new RowBatch(async (userId, ids) => {
    reads.push([userId, [...ids]]);
    return byId(ids.filter((id) => id === "a" || id === "b").map((id) => ({ id, userId })));
  });
  return { reads, batch };
}

test("what is asked for in one turn is read at once, each id once, and apart for each user", async () => {
  const { reads, batch } = recordingBatch();
  const asked = [batch.find("alice", "a"), batch.find("alice", "b"), batch.find("alice", "a"), batch.find("bob", "a")];
  const late = Promise.resolve().then(() => batch.find("alice", "c"));
  expect(await Promise.all([...asked, late])).toEqual([
    { id: "a", userId: "alice" },
    { id: "b", userId: "alice" },
    { id: "a", userId: "alice" },
    { id: "a", userId: "bob" },
    null,
  ]);
  expect(reads).toEqual([
    ["alice", ["a", "b", "c"]],
    ["bob", ["a"]],
  ]);
});

test("the next turn reads anew", async () => {
  const { reads, batch } = recordingBatch();
  await batch.find("alice", "a");
  await batch.find("alice", "a");
  expect(reads).toHaveLength(2);
});

test("whoever asks while a read is under way is not served by it", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let count = 0;
  const batch = new RowBatch<{ id: string; read: number }>(async (_userId, ids) => {
    const read = ++count;
    if (read === 1) await promise;
    return byId(ids.map((id) => ({ id, read })));
  });
  const first = batch.find("alice", "a");
  await setImmediate();
  expect(await batch.find("alice", "a")).toEqual({ id: "a", read: 2 });
  resolve();
  expect(await first).toEqual({ id: "a", read: 1 });
});

test("a read that fails fails for all who wait, and for nobody after", async () => {
  let fails = true;
  const batch = new RowBatch<{ id: string }>(async (_userId, ids) => {
    if (fails) throw new Error("the database is away");
    return byId(ids.map((id) => ({ id })));
  });
  const asked = [batch.find("alice", "a"), batch.find("alice", "b")];
  for (const answer of await Promise.allSettled(asked)) expect(answer.status).toBe("rejected");
  fails = false;
  expect(await batch.find("alice", "a")).toEqual({ id: "a" });
});
