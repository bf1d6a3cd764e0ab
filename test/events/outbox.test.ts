import { expect, test } from "vitest";
import type { Database } from "../../src/db/database.ts";
import { inProcessDoorbell } from "../../src/events/doorbell.ts";
import type { StreamEvent } from "../../src/events/event.ts";
import { Outbox } from "../../src/events/outbox.ts";
import { createTestDatabase } from "../support/test-database.ts";
import { labels, stored } from "./stream-stage.ts";

/** An outbox, and what its doorbell has told. */
function outboxOf(database: Database) {
  const told: (readonly StreamEvent[])[] = [];
  const doorbell = inProcessDoorbell();
  doorbell.onRing((_userId, committed) => told.push(committed));
  return { outbox: new Outbox(database, doorbell), told };
}

const readEvents = (database: Database) =>
  database.em().execute("select seq::int as seq, body->>'label' as label from events order by seq");

test("a transaction that is repeated tells of its events once, with the numbers that they have", async () => {
  const real = await createTestDatabase();
  /** The first try is rolled back, as by a deadlock. */
  const transaction: Database["transaction"] = async (work) => {
    const rollback = new Error("rolled back");
    const first = real.transaction(async (em) => {
      await work(em);
      throw rollback;
    });
    await expect(first).rejects.toBe(rollback);
    return real.transaction(work);
  };
  const { outbox, told } = outboxOf({ ...real, transaction });
  await outbox.transaction("alice", async (_em, emit) => ["one", "two"].forEach((label) => emit(stored(label))));
  expect(told.map(labels)).toEqual([["one", "two"]]);
  expect(told[0]!.map(({ seq }) => seq)).toEqual([1, 2]);
  expect(await readEvents(real)).toEqual([
    { seq: 1, label: "one" },
    { seq: 2, label: "two" },
  ]);
});

test("nobody is told of what was rolled back, or of a transaction without events", async () => {
  const database = await createTestDatabase();
  const { outbox, told } = outboxOf(database);
  const failing = outbox.transaction("alice", async (_em, emit) => {
    emit(stored("lost"));
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(await outbox.transaction("alice", () => Promise.resolve(7))).toBe(7);
  expect(told).toEqual([]);
  expect(await readEvents(database)).toEqual([]);
});

test("the doorbell rings after the commit: who reads then finds the events", async () => {
  const database = await createTestDatabase();
  const doorbell = inProcessDoorbell();
  const found = Promise.withResolvers<unknown>();
  doorbell.onRing(() => found.resolve(readEvents(database)));
  let isCommitted = false;
  const transaction: Database["transaction"] = async (work) => {
    const result = await database.transaction(work);
    isCommitted = true;
    return result;
  };
  doorbell.onRing(() => expect(isCommitted).toBe(true));
  const outbox = new Outbox({ ...database, transaction }, doorbell);
  await outbox.transaction("alice", async (_em, emit) => emit(stored("one")));
  expect(await found.promise).toEqual([{ seq: 1, label: "one" }]);
});
