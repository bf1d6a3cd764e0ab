import { expect, test } from "vitest";
import type { StreamEvent } from "../../src/events/event.ts";
import { RecentEvents } from "../../src/events/recent-events.ts";
import { stored } from "./stream-stage.ts";

/** Events with these numbers, whose bodies are about so many bytes long. */
const events = (from: number, to: number, bytes = 0): StreamEvent[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({
    ...stored("x".repeat(bytes)),
    userId: "alice",
    seq: from + index,
    occurredAt: new Date(),
  }));

/** The first number after which the next event is here. */
function begin(recent: RecentEvents, end: number): number {
  let seq = end;
  while (recent.after(seq - 1) !== undefined) seq -= 1;
  return seq;
}

function startedAt(seq: number): RecentEvents {
  const recent = new RecentEvents();
  recent.restart(seq);
  return recent;
}

test("nothing is here before it is known where the stream stands", () => {
  const recent = new RecentEvents();
  expect(recent.end).toBeNull();
  expect(recent.append(events(1, 1))).toBe(false);
  expect(recent.after(0)).toBeUndefined();
});

test("what would leave a gap is not added, and what is here already is not added again", () => {
  const recent = startedAt(5);
  expect(recent.append(events(7, 8))).toBe(false);
  expect(recent.end).toBe(5);
  expect(recent.append(events(6, 8))).toBe(true);
  expect(recent.append(events(4, 9))).toBe(true);
  expect([5, 6, 7, 8].map((seq) => recent.after(seq)?.seq)).toEqual([6, 7, 8, 9]);
  expect(recent.after(9)).toBeUndefined();
  expect(recent.after(4)).toBeUndefined();
  expect(recent.append([])).toBe(true);
});

test("the latest 64 are kept, as long as they are small", () => {
  const recent = startedAt(0);
  recent.append(events(1, 100));
  expect(recent.end).toBe(100);
  expect(begin(recent, 100)).toBe(36);
});

test("of large ones as many are kept as 64 KiB hold, and none that is larger", () => {
  const recent = startedAt(0);
  recent.append(events(1, 60, 10_000));
  expect(begin(recent, 60)).toBe(54);
  recent.append(events(61, 61, 70_000));
  expect(recent.end).toBe(61);
  expect(recent.after(60)).toBeUndefined();
  // What was dropped no longer counts.
  recent.append(events(62, 67, 10_000));
  expect(begin(recent, 67)).toBe(61);
});

test("nothing stays for longer than two intervals", () => {
  const recent = startedAt(0);
  recent.append(events(1, 2));
  recent.age();
  recent.append(events(3, 3));
  expect(begin(recent, 3)).toBe(0);
  recent.age();
  expect(begin(recent, 3)).toBe(2);
  recent.age();
  expect(recent.after(2)).toBeUndefined();
  expect(recent.end).toBe(3);
});

test("a restart forgets all", () => {
  const recent = startedAt(0);
  recent.append(events(1, 9, 5_000));
  recent.restart(20);
  expect(recent.after(8)).toBeUndefined();
  recent.append(events(21, 31, 5_000));
  expect(begin(recent, 31)).toBe(20);
});
