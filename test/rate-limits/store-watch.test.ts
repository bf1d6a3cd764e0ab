import type { RateLimiterAbstract } from "rate-limiter-flexible";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Secret } from "../../src/lib/secret.ts";
import { RateLimiter } from "../../src/rate-limits/limiter.ts";
import { rateLimitNames, type RateLimitSettings } from "../../src/rate-limits/limits.ts";
import { type RateLimitStore, StoreWatch } from "../../src/rate-limits/store.ts";
import { captureLog } from "../support/captured-log.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** A watch, and the lines that it writes. */
function newWatch() {
  const { log, lines } = captureLog();
  return { watch: new StoreWatch(log), lines };
}

const away = () => Promise.reject(new Error("away"));

test("a store that has failed is left alone for two seconds, and asked again then", async () => {
  const { watch } = newWatch();
  const answer = vi.fn(() => Promise.resolve(7));
  expect(await watch.ask(answer)).toBe(7);
  await expect(watch.ask(away)).rejects.toThrow("away");
  vi.advanceTimersByTime(1_999);
  await expect(watch.ask(answer)).rejects.toThrow("was away a moment ago");
  expect(answer).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  expect(await watch.ask(answer)).toBe(7);
});

test("a store that does not answer is waited for two seconds, and no timer is left of one that does", async () => {
  const { watch } = newWatch();
  await watch.ask(() => Promise.resolve());
  expect(vi.getTimerCount()).toBe(0);
  const refusal = watch.ask(() => new Promise(() => {})).catch((error: unknown) => String(error));
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await refusal).toContain("did not answer in time");
});

test("however often it is away, that is told once a minute", async () => {
  const { watch, lines } = newWatch();
  for (let second = 0; second < 60; second++) {
    await watch.ask(away).catch(() => {});
    vi.advanceTimersByTime(1_000);
  }
  expect(lines()).toHaveLength(1);
  await watch.ask(away).catch(() => {});
  expect(lines("rate_limits.lost")).toHaveLength(2);
  vi.advanceTimersByTime(2_000);
  await watch.ask(() => Promise.resolve());
  await watch.ask(() => Promise.resolve());
  expect(lines("rate_limits.regained")).toMatchObject([{ level: "info", seconds: 62 }]);
});

test("a counter that fails for another reason than its limit refuses nobody: that is no word about attempts", async () => {
  const failure = new Error("a fault of the counter");
  const counter = { consume: () => Promise.reject(failure) } as unknown as RateLimiterAbstract;
  const store = { createCounter: () => counter } as unknown as RateLimitStore;
  const settings = Object.fromEntries(rateLimitNames.map((name) => [name, { points: 10, seconds: 60 }]));
  const limiter = new RateLimiter(settings as unknown as RateLimitSettings, store, new Secret("00".repeat(32)));
  await expect(limiter.take("refresh-user", "alice")).rejects.toBe(failure);
  await expect(limiter.isFirstNotice("refresh-user", "alice")).rejects.toBe(failure);
});
