import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RingBatch, unpackPayload } from "../../src/events/ring-batch.ts";
import { SharedDoorbell } from "../../src/events/shared-doorbell.ts";
import { createLogger } from "../../src/observability/logger.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** A batch, and what it has sent. */
function newBatch(send: () => Promise<void> = () => Promise.resolve()) {
  const payloads: string[] = [];
  const batch = new RingBatch(
    () => ({ from: "me", timeline: "a timeline" }),
    (payload) => {
      payloads.push(payload);
      return send();
    },
  );
  return { batch, payloads, users: () => payloads.map((payload) => unpackPayload(payload).userIds) };
}

test("rings that come close together are sent as one, each user once, with who rings", async () => {
  const { batch, payloads, users } = newBatch();
  for (const user of ["alice", "bob", "alice"]) batch.add(user);
  await vi.advanceTimersByTimeAsync(0);
  expect(users()).toEqual([["alice", "bob"]]);
  expect(unpackPayload(payloads[0]!)).toMatchObject({ from: "me", timeline: "a timeline" });
});

test("after a batch the next one gathers for ten milliseconds", async () => {
  const { batch, users } = newBatch();
  batch.add("alice");
  await vi.advanceTimersByTimeAsync(0);
  batch.add("bob");
  await vi.advanceTimersByTimeAsync(9);
  batch.add("carol");
  expect(users()).toEqual([["alice"]]);
  await vi.advanceTimersByTimeAsync(1);
  expect(users()).toEqual([["alice"], ["bob", "carol"]]);
});

test("while one batch is on its way the next one gathers, however long that takes", async () => {
  const sent = Promise.withResolvers<void>();
  const { batch, users } = newBatch(() => sent.promise);
  batch.add("alice");
  await vi.advanceTimersByTimeAsync(0);
  for (const user of ["bob", "carol"]) {
    batch.add(user);
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(users()).toEqual([["alice"]]);
  sent.resolve();
  await vi.advanceTimersByTimeAsync(100);
  expect(users()).toEqual([["alice"], ["bob", "carol"]]);
});

test("no payload is larger than PostgreSQL takes, and none of the users is lost", async () => {
  const { batch, payloads, users } = newBatch();
  const all = Array.from({ length: 200 }, (_, index) => `${index} ${'é"'.repeat(100)}`);
  for (const user of all) batch.add(user);
  await vi.advanceTimersByTimeAsync(0);
  expect(payloads.length).toBeGreaterThan(1);
  for (const payload of payloads) expect(Buffer.byteLength(payload)).toBeLessThan(8_000);
  expect(users().flat()).toEqual(all);
});

test("the end sends what is left, and leaves no timer", async () => {
  const { batch, users } = newBatch();
  batch.add("alice");
  await vi.advanceTimersByTimeAsync(0);
  batch.add("bob");
  await batch[Symbol.asyncDispose]();
  expect(users()).toEqual([["alice"], ["bob"]]);
  expect(vi.getTimerCount()).toBe(0);
});

test.each(["", "{", "null", "7", '{"from":"x"}'])("%s rings for nobody", (payload) => {
  expect(unpackPayload(payload)).toEqual({ from: null, timeline: null, userIds: [] });
});

/** A line to which a test may listen, and that it can break. */
function newLine() {
  const lost = Promise.withResolvers<void>();
  const line = {
    sent: [] as string[],
    opened: 0,
    closed: 0,
    hear: (_payload: string) => {},
    lose: () => lost.resolve(),
  };
  const open = (onPayload: (payload: string) => void) => {
    line.opened += 1;
    if (line.opened > 1) return Promise.reject(new Error("away"));
    line.hear = onPayload;
    return Promise.resolve({
      send: (payload: string) => Promise.resolve(void line.sent.push(payload)),
      lost: lost.promise,
      close: () => Promise.resolve(void (line.closed += 1)),
    });
  };
  return { line, open };
}

const log = createLogger("silent");

test("a ring is heard here once, at once: what comes back of it over the line is not heard again", async () => {
  const { line, open } = newLine();
  const doorbell = await SharedDoorbell.connect(open, log);
  const heard: string[] = [];
  doorbell.onRing((userId) => heard.push(userId));
  doorbell.ring("alice");
  expect(heard).toEqual(["alice"]);
  await vi.advanceTimersByTimeAsync(0);
  expect(line.sent).toHaveLength(1);
  line.hear(line.sent[0]!);
  line.hear(JSON.stringify([{ from: "another process" }, "bob"]));
  expect(heard).toEqual(["alice", "bob"]);
  vi.useRealTimers();
  line.lose();
  await doorbell[Symbol.asyncDispose]();
});

test("over a line that is lost nothing is sent any more", async () => {
  const { line, open } = newLine();
  const doorbell = await SharedDoorbell.connect(open, log);
  line.lose();
  await vi.advanceTimersByTimeAsync(0);
  doorbell.ring("alice");
  await vi.advanceTimersByTimeAsync(20);
  expect(line.sent).toEqual([]);
  vi.useRealTimers();
  await doorbell[Symbol.asyncDispose]();
});
