import { expect, test } from "vitest";
import type { StreamEvent } from "../../src/events/event.ts";
import { RecentEvents } from "../../src/events/recent-events.ts";
import { stored } from "./stream-stage.ts";

/** The place after an event of the history `events` makes. */
const at = (seq: number, history = 0) => ({ seq, mark: history + 1_000 * seq });

/** Events with these numbers, whose bodies are about so many bytes long. */
const events = (from: number, to: number, { bytes = 0, history = 0 } = {}): StreamEvent[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({
    ...stored("x".repeat(bytes)),
    ...at(from + index, history),
    previous: at(from + index - 1, history).mark,
    timeline: "a timeline",
    userId: "alice",
    occurredAt: new Date(),
  }));

/** The first number after which the next event is here. */
function begin(recent: RecentEvents, end: number): number {
  let seq = end;
  while (recent.after(at(seq - 1)) !== undefined) seq -= 1;
  return seq;
}

function startedAt(seq: number): RecentEvents {
  const recent = new RecentEvents();
  recent.restart(at(seq));
  return recent;
}

test("nothing is here before it is known where the stream stands", () => {
  const recent = new RecentEvents();
  expect(recent.end).toBeNull();
  expect(recent.append(events(1, 1))).toBe(false);
  expect(recent.after(at(0))).toBeUndefined();
});

test("what would leave a gap is not added, and what is here already is not added again", () => {
  const recent = startedAt(5);
  expect(recent.append(events(7, 8))).toBe(false);
  expect(recent.end).toEqual(at(5));
  expect(recent.append(events(6, 8))).toBe(true);
  expect(recent.append(events(4, 9))).toBe(true);
  expect([5, 6, 7, 8].map((seq) => recent.after(at(seq))?.seq)).toEqual([6, 7, 8, 9]);
  expect(recent.after(at(9))).toBeUndefined();
  expect(recent.after(at(4))).toBeUndefined();
  expect(recent.append([])).toBe(true);
});

test("the latest 64 are kept, as long as they are small", () => {
  const recent = startedAt(0);
  recent.append(events(1, 100));
  expect(recent.end).toEqual(at(100));
  expect(begin(recent, 100)).toBe(36);
});

test("of large ones as many are kept as 64 KiB hold, and none that is larger", () => {
  const recent = startedAt(0);
  recent.append(events(1, 60, { bytes: 10_000 }));
  expect(begin(recent, 60)).toBe(54);
  recent.append(events(61, 61, { bytes: 70_000 }));
  expect(recent.end).toEqual(at(61));
  expect(recent.after(at(60))).toBeUndefined();
  // What was dropped no longer counts.
  recent.append(events(62, 67, { bytes: 10_000 }));
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
  expect(recent.after(at(2))).toBeUndefined();
  expect(recent.end).toEqual(at(3));
});

test("a restart forgets all", () => {
  const recent = startedAt(0);
  recent.append(events(1, 9, { bytes: 5_000 }));
  recent.restart(at(20));
  expect(recent.after(at(8))).toBeUndefined();
  recent.append(events(21, 31, { bytes: 5_000 }));
  expect(begin(recent, 31)).toBe(20);
});

test("what another history has made of the same numbers is not added, and follows on nothing here", () => {
  const recent = startedAt(0);
  recent.append(events(1, 5));
  // The same number again, and one that follows on an event that is not here.
  expect(recent.append(events(5, 6, { history: 1 }))).toBe(false);
  expect(recent.append(events(6, 7, { history: 1 }))).toBe(false);
  expect(recent.end).toEqual(at(5));
  expect(recent.after(at(3, 1))).toBeUndefined();
  expect([1, 5].map((seq) => recent.contradicts(at(seq, 1)))).toEqual([true, true]);
  // What is not here, nobody can say anything of.
  expect([0, 1, 5, 6].map((seq) => recent.contradicts(at(seq)))).toEqual([false, false, false, false]);
  expect(recent.contradicts(at(6, 1))).toBe(false);
});
