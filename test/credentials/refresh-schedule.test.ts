import { expect, test } from "vitest";
import { backoff, type Lifetime, RefreshScheduler } from "../../src/credentials/refresh-schedule.ts";

const now = new Date("2026-11-22T12:00:00.000Z");
const hour = 3_600;
const day = 24 * hour;
const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000);

function signIn(lifetime: number, changes: Partial<Lifetime> = {}): Lifetime {
  return {
    method: "oauth",
    refreshable: true,
    expiresAt: inSeconds(lifetime),
    earliestRefreshAt: null,
    ...changes,
  };
}

/** Seconds from now; the threshold is five minutes. */
function dueIn(lifetime: Lifetime, random = 0.5): number | null {
  const { refreshAfter } = new RefreshScheduler(300, () => random).plan(lifetime, now);
  return refreshAfter === null ? null : (refreshAfter.getTime() - now.getTime()) / 1000;
}

test.each([
  ["is the threshold where the lifetime is long", hour, 300],
  ["is the threshold also where the lifetime is very long", 30 * day, 300],
  ["is a fifth of the lifetime where that is less than the threshold", 600, 120],
  ["is a fifth of a very short lifetime", 5, 1],
  ["is nothing where the token has expired already", -5, 0],
])("the margin before the expiry %s", (_name, lifetime, margin) => {
  expect(dueIn(signIn(lifetime))).toBeCloseTo(lifetime - margin, 6);
});

test.each([
  [0, 240],
  [0.5, 300],
  [1, 360],
])("the margin is spread by a fifth to both sides: with %f it is %i s", (random, margin) => {
  expect(dueIn(signIn(hour), random)).toBeCloseTo(hour - margin, 6);
});

test("the usual randomness spreads what was stored together, and stays within the fifth", () => {
  const scheduler = new RefreshScheduler(300);
  const margins = Array.from({ length: 200 }, () => {
    const { refreshAfter } = scheduler.plan(signIn(hour), now);
    return hour - (refreshAfter!.getTime() - now.getTime()) / 1000;
  });
  expect(Math.min(...margins)).toBeGreaterThanOrEqual(239.9);
  expect(Math.max(...margins)).toBeLessThanOrEqual(360.1);
  expect(new Set(margins).size).toBeGreaterThan(100);
});

test("a refresh is never due before the provider allows one, and otherwise that time changes nothing", () => {
  expect(dueIn(signIn(hour, { earliestRefreshAt: inSeconds(hour - 10) }), 0)).toBe(hour - 10);
  expect(dueIn(signIn(hour, { earliestRefreshAt: inSeconds(2 * hour) }))).toBe(2 * hour);
  expect(dueIn(signIn(hour, { earliestRefreshAt: inSeconds(60) }))).toBe(hour - 300);
});

test("what has expired as it came is due at once, unless the provider allows no refresh yet", () => {
  expect(dueIn(signIn(60, { isSpent: true }))).toBe(0);
  expect(dueIn(signIn(60, { isSpent: true, earliestRefreshAt: inSeconds(10) }))).toBe(10);
  expect(dueIn(signIn(60, { isSpent: true, refreshable: false }))).toBeNull();
});

test("what cannot be refreshed, or does not end, is never due", () => {
  expect(dueIn(signIn(hour, { refreshable: false }))).toBeNull();
  const scheduler = new RefreshScheduler(300);
  expect(scheduler.plan(signIn(hour, { expiresAt: null }), now)).toEqual({ refreshAfter: null, expiryNoticeAt: null });
});

test("a sign-in's notices are at the threshold and at the expiry", () => {
  const scheduler = new RefreshScheduler(300);
  const expiresAt = inSeconds(hour);
  expect(scheduler.plan(signIn(hour), now).expiryNoticeAt).toEqual(inSeconds(hour - 300));
  expect(scheduler.plan(signIn(hour, { refreshable: false }), now).expiryNoticeAt).toEqual(inSeconds(hour - 300));
  expect(scheduler.nextNotice("oauth", expiresAt, inSeconds(hour - 300))).toEqual(expiresAt);
  expect(scheduler.plan(signIn(200), now).expiryNoticeAt).toEqual(inSeconds(200));
});

test("an API key's notices are a week, a day and an hour before the expiry, and at the expiry", () => {
  const scheduler = new RefreshScheduler(300);
  const expiresAt = inSeconds(30 * day);
  const notices: number[] = [];
  for (let at = now; at < expiresAt;) {
    at = scheduler.nextNotice("api_key", expiresAt, at);
    notices.push((expiresAt.getTime() - at.getTime()) / 1000);
  }
  expect(notices).toEqual([7 * day, day, hour, 0]);
});

test("an API key that ends soon skips the notices whose time has passed", () => {
  const scheduler = new RefreshScheduler(300);
  expect(scheduler.nextNotice("api_key", inSeconds(2 * hour), now)).toEqual(inSeconds(hour));
  expect(scheduler.nextNotice("api_key", inSeconds(30), now)).toEqual(inSeconds(30));
});

test("the backoff is full jitter from one second to a ceiling that doubles up to fifteen minutes", () => {
  const ceilings = [1, 2, 3, 5, 9].map((failures) => backoff(failures, () => 1) / 1000);
  expect(ceilings).toEqual([2, 4, 8, 32, 512]);
  for (const failures of [10, 11, 50, 5_000]) {
    expect(backoff(failures, () => 1)).toBe(15 * 60_000);
    expect(backoff(failures, () => 0)).toBe(1_000);
  }
  expect(backoff(3, () => 0.5)).toBe(4_500);
});

test("the usual randomness spreads the backoff over the whole of its range", () => {
  const waits = Array.from({ length: 500 }, () => backoff(10));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(1_000);
  expect(Math.max(...waits)).toBeLessThanOrEqual(900_000);
  expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(450_000);
});
