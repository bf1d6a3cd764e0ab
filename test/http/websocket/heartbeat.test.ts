import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Heartbeat } from "../../../src/http/websocket/heartbeat.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const intervalMs = 12_000;
const beating = () => ({ beat: vi.fn<() => void>() });
const beats = (items: ReturnType<typeof beating>[]) => items.map(({ beat }) => beat.mock.calls.length);

test.each([1, 30, 48, 1_000])("each of %i is asked once in an interval, by one timer", (count) => {
  using heartbeat = new Heartbeat();
  const items = Array.from({ length: count }, beating);
  for (const item of items) heartbeat.add(item);
  expect(vi.getTimerCount()).toBe(1);
  for (let round = 1; round <= 3; round++) {
    vi.advanceTimersByTime(intervalMs);
    expect(new Set(beats(items))).toEqual(new Set([round]));
  }
});

test("thousands are not asked at the same moment", () => {
  using heartbeat = new Heartbeat();
  const items = Array.from({ length: 4_800 }, beating);
  for (const item of items) heartbeat.add(item);
  vi.advanceTimersByTime(intervalMs / 48);
  expect(beats(items).filter((count) => count > 0)).toHaveLength(100);
});

test("what is taken back is not asked", () => {
  using heartbeat = new Heartbeat();
  const [gone, left] = [beating(), beating()];
  heartbeat.add(gone);
  heartbeat.add(left);
  heartbeat.delete(gone);
  vi.advanceTimersByTime(2 * intervalMs);
  expect(gone.beat).not.toHaveBeenCalled();
  expect(left.beat).toHaveBeenCalled();
});

test("at its end it forgets all that it asked, and stops its timer", () => {
  const heartbeat = new Heartbeat();
  const [left, later] = [beating(), beating()];
  heartbeat.add(left);
  heartbeat[Symbol.dispose]();
  expect(vi.getTimerCount()).toBe(0);
  // What is left of them would be asked again.
  heartbeat.add(later);
  vi.advanceTimersByTime(intervalMs);
  expect(beats([left, later])).toEqual([0, 1]);
  heartbeat[Symbol.dispose]();
});
