import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Heartbeat } from "../../src/http/heartbeat.ts";

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
