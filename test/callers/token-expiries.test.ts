import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TokenExpiries } from "../../src/callers/token-expiries.ts";
import { systemClock } from "../../src/lib/clock.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const day = 86_400_000;

function endingIn(ms: number, signedBy: string | null = null) {
  return { caller: { expiresAt: new Date(Date.now() + ms), signedBy }, expire: vi.fn<(reason: string) => void>() };
}

test("each is ended once, when its token is over and not before, whatever their order", () => {
  using expiries = new TokenExpiries(systemClock);
  const items = [3_000, 1_000, 2_000, 1_000].map((ms) => endingIn(ms));
  for (const item of items) expiries.add(item);
  const ended = () => items.map(({ expire }) => expire.mock.calls.length);
  vi.advanceTimersByTime(999);
  expect(ended()).toEqual([0, 0, 0, 0]);
  vi.advanceTimersByTime(2);
  expect(ended()).toEqual([0, 1, 0, 1]);
  vi.advanceTimersByTime(1_000);
  expect(ended()).toEqual([0, 1, 1, 1]);
  vi.advanceTimersByTime(day);
  expect(ended()).toEqual([1, 1, 1, 1]);
});

test("what is taken back is not ended", () => {
  using expiries = new TokenExpiries(systemClock);
  const [taken, left] = [endingIn(1_000), endingIn(1_000)];
  expiries.add(taken);
  expiries.add(left);
  expiries.delete(taken);
  vi.advanceTimersByTime(2_000);
  expect(taken.expire).not.toHaveBeenCalled();
  expect(left.expire).toHaveBeenCalledOnce();
});

test("one whose token is over already is ended at the next moment", () => {
  using expiries = new TokenExpiries(systemClock);
  const late = endingIn(-1_000);
  expiries.add(late);
  expect(late.expire).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(late.expire).toHaveBeenCalledOnce();
});

test("a token that ends after the longest time of a timer is ended then", () => {
  using expiries = new TokenExpiries(systemClock);
  const item = endingIn(60 * day);
  expiries.add(item);
  vi.advanceTimersByTime(60 * day - 1);
  expect(item.expire).not.toHaveBeenCalled();
  vi.advanceTimersByTime(2);
  expect(item.expire).toHaveBeenCalledOnce();
});

test("however many there are, one timer waits", () => {
  using expiries = new TokenExpiries(systemClock);
  for (let index = 0; index < 1_000; index++) expiries.add(endingIn(1_000 * (1_000 - index)));
  expect(vi.getTimerCount()).toBe(1);
});

test("what depends on a withdrawn key is ended at once, and only that", () => {
  using expiries = new TokenExpiries(systemClock);
  const [withdrawn, kept, shared] = [endingIn(day, "a"), endingIn(day, "b"), endingIn(day)];
  for (const item of [withdrawn, kept, shared]) expiries.add(item);
  expiries.keepOnly(new Set(["b"]));
  expect(withdrawn.expire).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("withdrawn"));
  expect(kept.expire).not.toHaveBeenCalled();
  expect(shared.expire).not.toHaveBeenCalled();
  vi.advanceTimersByTime(2 * day);
  expect(withdrawn.expire).toHaveBeenCalledOnce();
});
