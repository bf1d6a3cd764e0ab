import { expect, test } from "vitest";
import type { StreamEvent } from "../../src/events/event.ts";
import { createStream, labels, overTheLine, stored, take } from "./stream-stage.ts";

/** Longer than any test: nothing is found by polling, and what is in memory stays there. */
const never = 2 ** 30;
const many = (count: number) => Array.from({ length: count }, (_, index) => stored(`label ${index + 1}`));
const numbers = (events: readonly StreamEvent[]) => events.map(({ seq }) => seq);
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

type Streams = Awaited<ReturnType<typeof createStream>>;

async function openReaders({ stream }: Streams, count: number) {
  return Promise.all(Array.from({ length: count }, () => stream.read("alice", null)));
}

test("what this process commits reaches its readers without a read of the database", async () => {
  await using streams = await createStream({ pollIntervalMs: never });
  await streams.emit("alice", stored("before"));
  const readers = await openReaders(streams, 20);
  const reading = Promise.all(readers.map((reader) => take(reader, 3)));
  await streams.emit("alice", stored("one"), stored("two"));
  await streams.emit("alice", stored("three"));
  for (const events of await reading) expect(labels(events)).toEqual(["one", "two", "three"]);
  expect(streams.pagesRead()).toBe(0);
});

test("it reaches them as the database has it", async () => {
  await using streams = await createStream({ pollIntervalMs: never });
  const [reader] = await openReaders(streams, 1);
  await streams.emit("alice", stored("one"), { type: "SessionStarted", body: { sessionId: crypto.randomUUID() } });
  const handedOver = await take(reader!, 2);
  reader![Symbol.dispose]();
  const read = await take(await streams.stream.read("alice", await streams.at("alice", 0)), 2);
  expect(streams.pagesRead()).toBe(1);
  expect(handedOver).toEqual(read);
});

test("of what another process commits one page is read for all readers of the stream", async () => {
  await using streams = await createStream({ pollIntervalMs: never, isElsewhere: true });
  const readers = await openReaders(streams, 20);
  for (const label of ["one", "two", "three"]) {
    const reading = Promise.all(readers.map((reader) => take(reader, 1)));
    await streams.emit("alice", stored(label));
    for (const events of await reading) expect(labels(events)).toEqual([label]);
  }
  expect(streams.pagesRead()).toBe(3);
});

test("readers that start at the same cursor share the pages from there", async () => {
  await using streams = await createStream({ pollIntervalMs: never });
  await streams.emit("alice", ...many(250));
  const start = await streams.at("alice", 0);
  const readers = await Promise.all(upTo(20).map(() => streams.stream.read("alice", start)));
  for (const events of await Promise.all(readers.map((reader) => take(reader, 250))))
    expect(numbers(events)).toEqual(upTo(250));
  expect(streams.pagesRead()).toBe(3);
});

test("commits that are told of in another order than they happened are delivered in theirs", async () => {
  await using streams = await createStream({ pollIntervalMs: never });
  const [first, second] = await openReaders(streams, 2);
  const held: (() => void)[] = [];
  const ring = streams.doorbell.ring.bind(streams.doorbell);
  streams.doorbell.ring = (...told) => void held.push(() => ring(...told));
  for (const label of ["one", "two", "three"]) await streams.emit("alice", stored(label));
  const reading = Promise.all([take(first!, 3), take(second!, 3)]);
  for (const tell of [held[2]!, held[0]!, held[1]!]) tell();
  for (const events of await reading) {
    expect(labels(events)).toEqual(["one", "two", "three"]);
    expect(numbers(events)).toEqual([1, 2, 3]);
  }
});

test("what is committed here after something that was committed elsewhere waits for it", async () => {
  await using streams = await createStream({ pollIntervalMs: never });
  const [reader] = await openReaders(streams, 1);
  await streams.emit("alice", stored("here"));
  // The doorbell for it is lost.
  const ring = streams.doorbell.ring.bind(streams.doorbell);
  streams.doorbell.ring = () => {};
  await streams.emit("alice", stored("elsewhere"));
  streams.doorbell.ring = ring;
  await streams.emit("alice", stored("here again"));
  expect(labels(await take(reader!, 3))).toEqual(["here", "elsewhere", "here again"]);
});

test("a reader that has fallen behind what is kept in memory reads the rest as pages", async () => {
  await using streams = await createStream({ pollIntervalMs: never });
  const [quick, slow] = await openReaders(streams, 2);
  for (let round = 0; round < 5; round++) {
    const reading = take(quick!, 50);
    await streams.emit("alice", ...many(50));
    await reading;
  }
  expect(numbers(await take(slow!, 250))).toEqual(upTo(250));
  expect(streams.pagesRead()).toBeGreaterThan(0);
});

test("one that comes back with a recent cursor is served from memory, until it is too old", async () => {
  await using streams = await createStream({ pollIntervalMs: 20 });
  const [reader] = await openReaders(streams, 1);
  await streams.emit("alice", ...many(10));
  await take(reader!, 10);
  const again = await streams.stream.read("alice", await streams.at("alice", 7));
  expect(numbers(await take(again, 3))).toEqual([8, 9, 10]);
  await expect
    .poll(async () => {
      const late = await streams.stream.read("alice", await streams.at("alice", 7));
      const events = await take(late, 3);
      late[Symbol.dispose]();
      expect(numbers(events)).toEqual([8, 9, 10]);
      return streams.pagesRead();
    })
    .toBeGreaterThan(0);
});

test("nothing is kept in memory once the last reader has gone", async () => {
  await using streams = await createStream({ pollIntervalMs: never });
  const readers = await openReaders(streams, 2);
  await streams.emit("alice", ...many(5));
  for (const reader of readers) reader[Symbol.dispose]();
  const late = await streams.stream.read("alice", await streams.at("alice", 0));
  expect(numbers(await take(late, 5))).toEqual(upTo(5));
  expect(streams.pagesRead()).toBe(1);
});

test("a large event is not kept in memory, and comes nevertheless", async () => {
  await using streams = await createStream({ pollIntervalMs: never });
  const [reader] = await openReaders(streams, 1);
  await streams.emit("alice", stored("one"), stored("x".repeat(100_000)), stored("three"));
  expect(labels(await take(reader!, 3)).map((label) => label?.length)).toEqual([3, 100_000, 5]);
});

test("a ring while a page is read leads to another read", async () => {
  await using streams = await createStream({ pollIntervalMs: never, isElsewhere: true });
  await streams.emit("alice", stored("one"));
  const query = streams.database.query.bind(streams.database);
  const reader = await streams.stream.read("alice", await streams.at("alice", 0));
  const rung = Promise.withResolvers<void>();
  // The page's snapshot is taken; before its answer comes, another event is committed and told of.
  Object.assign(streams.database, {
    query: async (...asked: Parameters<typeof query>) => {
      const rows = await query(...asked);
      if (asked[0].name === "event_stream_page") await rung.promise;
      return rows;
    },
  });
  const reading = take(reader, 2);
  await streams.emit("alice", stored("two"));
  rung.resolve();
  expect(labels(await reading)).toEqual(["one", "two"]);
});

test("a ring that says nothing new costs one read, and delivers nothing", async () => {
  await using streams = await createStream({ pollIntervalMs: never });
  const readers = await openReaders(streams, 10);
  const reading = Promise.all(readers.map((reader) => take(reader, 1)));
  overTheLine(streams.doorbell).ring("alice");
  await expect.poll(() => streams.pagesRead()).toBe(1);
  await streams.emit("alice", stored("one"));
  for (const events of await reading) expect(labels(events)).toEqual(["one"]);
  expect(streams.pagesRead()).toBe(1);
});
