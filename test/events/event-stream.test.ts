import { describe, expect, test } from "vitest";
import type { Database } from "../../src/db/database.ts";
import { CursorError } from "../../src/events/cursor.ts";
import { type Doorbell, inProcessDoorbell } from "../../src/events/doorbell.ts";
import { createTestDatabase } from "../support/test-database.ts";
import { createStream as createStage, labelOf, labels, type StageOptions, stored, take } from "./stream-stage.ts";

/** A doorbell that nobody hears. */
const silentDoorbell: Doorbell = { ...inProcessDoorbell(), onRing: () => {} };

describe.each([
  ["the readers' own process", false],
  ["another process", true],
])("events that %s commits", (_name, isElsewhere) => {
  const createStream = (options: StageOptions = {}) => createStage({ ...options, isElsewhere });

  test("a reader gets what follows its cursor, in order and numbered without a hole, and then what is new", async () => {
    await using streams = await createStream();
    await streams.emit("alice", stored("one"), stored("two"));
    await streams.emit("alice", stored("three"));
    const start = await streams.at("alice", 1);
    const reading = streams.stream.read("alice", start).then((events) => take(events, 3));
    await streams.emit("alice", stored("four"));
    const events = await reading;
    expect(labels(events)).toEqual(["two", "three", "four"]);
    expect(events.map((event) => event.seq)).toEqual([2, 3, 4]);
  });

  test("a reader without a cursor gets only what happens from now on", async () => {
    await using streams = await createStream();
    await streams.emit("alice", stored("before"));
    const events = await streams.stream.read("alice", null);
    await streams.emit("alice", stored("after"));
    expect(labels(await take(events, 1))).toEqual(["after"]);
  });

  test("what happens between taking the cursor and subscribing is delivered", async () => {
    await using streams = await createStream();
    const cursor = await streams.stream.cursor("alice");
    await streams.emit("alice", stored("between"));
    const events = await streams.stream.read("alice", cursor);
    expect(labels(await take(events, 1))).toEqual(["between"]);
  });

  test("a user's reader never sees another user's events", async () => {
    await using streams = await createStream();
    const events = await streams.stream.read("alice", await streams.at("alice", 0));
    await streams.emit("bob", stored("of bob"));
    await streams.emit("alice", stored("of alice"));
    expect(labels(await take(events, 1))).toEqual(["of alice"]);
  });

  test("a transaction that fails leaves neither its events nor a hole in the numbers", async () => {
    await using streams = await createStream();
    await streams.emit("alice", stored("one"));
    const failing = streams.outbox.transaction("alice", async (em, emit) => {
      emit(stored("never"));
      await em.execute("select 1 / 0");
    });
    await expect(failing).rejects.toThrow(/division by zero/);
    await streams.emit("alice", stored("two"));
    const events = await streams.stream.read("alice", await streams.at("alice", 0));
    expect((await take(events, 2)).map((event) => [event.seq, labelOf(event)])).toEqual([
      [1, "one"],
      [2, "two"],
    ]);
  });

  test("more events than a page are all read", async () => {
    await using streams = await createStream();
    const all = Array.from({ length: 250 }, (_, index) => stored(`label ${index}`));
    await streams.emit("alice", ...all);
    const events = await streams.stream.read("alice", await streams.at("alice", 0));
    expect(labels(await take(events, 250))).toEqual(all.map(labelOf));
  });

  test("writers at the same moment leave every number once, in commit order", async () => {
    await using streams = await createStream();
    const start = await streams.at("alice", 0);
    const reading = streams.stream.read("alice", start).then((events) => take(events, 40));
    await Promise.all(Array.from({ length: 40 }, (_, index) => streams.emit("alice", stored(`label ${index}`))));
    const events = await reading;
    expect(events.map((event) => event.seq)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(new Set(labels(events)).size).toBe(40);
  });

  test("an event whose doorbell was lost is found by polling", async () => {
    await using streams = await createStream({ doorbell: silentDoorbell });
    const events = await streams.stream.read("alice", await streams.at("alice", 0));
    const reading = take(events, 1);
    await streams.emit("alice", stored("unheard"));
    expect(labels(await reading)).toEqual(["unheard"]);
  });

  test("a reader outlives a time without a database, and misses nothing", async () => {
    const real = await createTestDatabase();
    let failures = 0;
    const flaky: Database = {
      ...real,
      query: (statement, values) => {
        if (statement.name === "event_stream_page" && failures++ < 1)
          return Promise.reject(new Error("connection lost"));
        return real.query(statement, values);
      },
    };
    await using streams = await createStream({ database: flaky });
    await streams.emit("alice", stored("missed"));
    const events = await streams.stream.read("alice", await streams.at("alice", 0));
    await streams.emit("alice", stored("kept"));
    expect(labels(await take(events, 2))).toEqual(["missed", "kept"]);
    expect(failures).toBeGreaterThan(1);
  });
});

test("closing ends a reader that waits", async () => {
  await using streams = await createStage();
  const events = await streams.stream.read("alice", null);
  const next = events.next();
  events[Symbol.dispose]();
  expect(await next).toEqual({ done: true, value: undefined });
});

test.each([
  ["garbage", "CURSOR_INVALID"],
  ["", "CURSOR_INVALID"],
])("the cursor %j is refused", async (cursor, code) => {
  await using streams = await createStage();
  await streams.emit("alice", stored("one"));
  const refusal = await streams.stream.read("alice", cursor).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(CursorError);
  expect(refusal).toMatchObject({ code });
});

test("a cursor before what retention has removed has expired", async () => {
  await using streams = await createStage();
  await streams.emit("alice", stored("one"), stored("two"));
  await streams.database.em().execute("update user_streams set floor = 1");
  await expect(streams.stream.read("alice", await streams.at("alice", 0))).rejects.toMatchObject({
    code: "CURSOR_EXPIRED",
  });
  const events = await streams.stream.read("alice", await streams.at("alice", 1));
  expect(labels(await take(events, 1))).toEqual(["two"]);
});
