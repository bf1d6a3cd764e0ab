import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { captureLog } from "../support/captured-log.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

const refusal = (reason: string) => ({ code: "UNAUTHENTICATED", reason, ip: "203.0.113.7" });

test("of a flood of refusals a few are written, and after a minute how many were not", () => {
  const { log, lines } = captureLog();
  for (let refused = 0; refused < 1_000; refused++) log.tell("caller.refused", refusal("The token has expired."));
  expect(lines()).toHaveLength(5);
  vi.advanceTimersByTime(60_000);
  expect(lines()).toHaveLength(6);
  expect(lines("log.suppressed")).toMatchObject([
    { level: "warn", of: "caller.refused", value: "The token has expired.", count: 995 },
  ]);
  log.tell("caller.refused", refusal("The token has expired."));
  expect(lines("caller.refused")).toHaveLength(6);
  vi.advanceTimersByTime(120_000);
  expect(lines("log.suppressed")).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
});

test("a flood of one reason hides no line of another, and however many reasons there are, memory is bounded", () => {
  const { log, lines } = captureLog();
  for (let refused = 0; refused < 100; refused++) log.tell("caller.refused", refusal("one"));
  log.tell("caller.refused", refusal("another"));
  expect(lines().at(-1)).toMatchObject({ reason: "another" });
  for (let refused = 0; refused < 10_000; refused++) log.tell("caller.refused", refusal(`reason ${refused}`));
  expect(lines("caller.refused").length).toBeLessThan(520);
  vi.advanceTimersByTime(60_000);
  const counts = lines("log.suppressed").map(({ count }) => count as number);
  expect(counts.reduce((sum, count) => sum + count, lines("caller.refused").length)).toBe(10_101);
});

test("what was left out is told when the server stops, and an event without a limit is never left out", () => {
  const { log, lines } = captureLog();
  for (let time = 0; time < 3; time++) log.tell("sessions.unswept", { err: new Error("away") });
  for (let time = 0; time < 100; time++) log.tell("request", { requestId: String(time) });
  expect(lines()).toHaveLength(101);
  log.flush();
  expect(lines("log.suppressed")).toMatchObject([{ of: "sessions.unswept", value: null, count: 2 }]);
});

test("a line below the log's level is neither written nor counted", () => {
  const { log, lines } = captureLog("error");
  for (let refused = 0; refused < 100; refused++) log.tell("caller.refused", refusal("one"));
  log.flush();
  expect(lines()).toEqual([]);
});
