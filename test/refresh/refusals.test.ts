import { expect, test } from "vitest";
import { tally } from "../../src/refresh/refusals.ts";

const now = new Date("2026-11-30T12:00:00Z");
const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const never = () => 0;

const refused = (
  refusals: number,
  sinceSeconds: number | null,
  leftSeconds: number | null,
  lag: number | null = 0,
) => ({
  refusals,
  refusedSince: sinceSeconds === null ? null : inSeconds(-sinceSeconds),
  expiresAt: leftSeconds === null ? null : inSeconds(leftSeconds),
  lag,
});

test.each([
  ["the first one", refused(0, null, 3_600), 1, false],
  ["a first one on an ended token", refused(0, null, -60), 1, false],
  ["the second one on an ended token", refused(1, 20, -60), 2, false],
  ["the third one on an ended token", refused(2, 20, -60), 3, true],
  ["the third one as the token ends", refused(2, 20, 0), 3, true],
  ["the third one before ten minutes", refused(2, 599, 3_600), 3, false],
  ["the third one after ten minutes", refused(2, 600, 3_600), 3, true],
  ["the second one after ten minutes", refused(1, 6_000, 3_600), 2, false],
  ["a third one of a token without an end", refused(2, 600, null), 3, true],
  ["one that came before its time", refused(2, 600, 3_600, -5), 2, false],
  ["one of a row that was never planned", refused(2, 600, null, null), 3, true],
  ["a first one before its time", refused(0, null, 3_600, -5), 1, false],
])("%s", (_name, row, count, isEnough) => {
  expect(tally(row, now, never)).toMatchObject({ count, isEnough, isEnoughAlike: false });
});

test("a day of refusals is enough whatever happens to others", () => {
  expect(tally(refused(2, 86_399, -60), now, never).isEnoughAlike).toBe(false);
  expect(tally(refused(2, 86_400, -60), now, never).isEnoughAlike).toBe(true);
  expect(tally(refused(1, 86_400, -60), now, never).isEnoughAlike).toBe(false);
});

test.each([
  ["five minutes where there is time", refused(0, null, 3_600), 300],
  ["half of what is left", refused(0, null, 120), 60],
  ["ten seconds at least", refused(1, 60, 12), 10],
  ["ten seconds after the end", refused(1, 60, -30), 10],
  ["until the end, once it decides", refused(2, 100, 200), 200],
  ["until ten minutes are over, if that is sooner", refused(2, 550, 200), 50],
  ["what was left when somebody asked too early", refused(1, 60, 3_600, -42), 42],
])("the next try comes after %s", (_name, row, seconds) => {
  expect(tally(row, now, never).retryInMs).toBe(seconds * 1000);
});

test("tries are spread, and never come sooner for it", () => {
  expect(tally(refused(0, null, 3_600), now, () => 1).retryInMs).toBeCloseTo(330_000);
});
