import { afterEach, expect, test, vi } from "vitest";
import { createLogger } from "../../src/observability/logger.ts";
import { RefreshWorker } from "../../src/refresh/worker.ts";

const intervalMs = 1_000;

afterEach(() => {
  vi.useRealTimers();
});

/** A worker that has nothing to refresh. */
function startWorker() {
  const house = { recovered: 0, forgotten: 0, stopped: 0 };
  const parts = {
    registry: {},
    gates: { slots: () => [], untilProbeMs: null },
    claims: { claimDue: () => Promise.resolve([]) },
    refresher: { run: () => Promise.resolve(), close: () => Promise.resolve() },
    keeper: {
      recover: ({ all }: { readonly all: boolean }) => {
        house.recovered += all ? 0 : 1;
        return Promise.resolve(0);
      },
      giveUp: () => {},
    },
    notices: {
      send: () => Promise.resolve(),
      forgetEnded: () => {
        house.forgotten += 1;
        return Promise.resolve();
      },
      stop: () => void (house.stopped += 1),
    },
    log: createLogger("silent"),
    intervalMs,
  } as unknown as ConstructorParameters<typeof RefreshWorker>[0];
  return { house, worker: new RefreshWorker(parts) };
}

test("every ten seconds the worker stores what others have left behind, and forgets what is over", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  const { house, worker } = startWorker();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(house).toEqual({ recovered: 3, forgotten: 3, stopped: 0 });
  vi.useRealTimers();
  await worker[Symbol.asyncDispose]();
});

test("a worker that closes leaves the notices that are still to be sent to others, and no timer", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  const { house, worker } = startWorker();
  await worker[Symbol.asyncDispose]();
  expect(house.stopped).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});
