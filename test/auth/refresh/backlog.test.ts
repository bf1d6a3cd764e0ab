import { afterEach, expect, test, vi } from "vitest";
import type { ClaimSlots } from "../../../src/auth/refresh/refresh-claims.ts";
import { RefreshWorker } from "../../../src/auth/refresh/refresh-worker.ts";
import { createLogger } from "../../../src/observability/logger.ts";
import { patience } from "../../support/patience.ts";

const intervalMs = 1_000;

afterEach(() => {
  vi.useRealTimers();
});

/** A worker for which so many refreshes wait at one of its providers; each is done as soon as it is claimed. */
function startWorker(backlog: number, slots: readonly ClaimSlots[], sending = () => Promise.resolve()) {
  const state = { waiting: backlog, looks: 0 };
  const house = { recovered: 0, forgotten: 0, stopped: 0 };
  const [busy] = slots;
  const parts = {
    registry: {},
    gates: { slots: () => slots, untilProbeMs: null },
    claims: {
      claimDue: () => {
        const count = Math.min(busy!.free, state.waiting);
        state.waiting -= count;
        return Promise.resolve(Array.from({ length: count }, () => ({ provider: busy!.provider })));
      },
    },
    refresher: { run: () => Promise.resolve(), close: () => Promise.resolve() },
    keeper: {
      recover: ({ all }: { readonly all: boolean }) => {
        house.recovered += all ? 0 : 1;
        return Promise.resolve(0);
      },
      giveUp: () => {},
    },
    notices: {
      send: () => {
        state.looks += 1;
        return sending();
      },
      forgetEnded: () => {
        house.forgotten += 1;
        return Promise.resolve();
      },
      stop: () => void (house.stopped += 1),
    },
    log: createLogger("silent"),
    intervalMs,
  } as unknown as ConstructorParameters<typeof RefreshWorker>[0];
  return { state, house, worker: new RefreshWorker(parts) };
}

const slotsOf = (provider: string): ClaimSlots => ({ provider, free: 4, replayWindow: 0 });

test.each([
  ["alone", [slotsOf("anthropic")]],
  ["beside providers where nothing is due", [slotsOf("anthropic"), slotsOf("google"), slotsOf("openai")]],
])("a backlog at one provider %s is worked off without waiting for the next look", async (_name, slots) => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  const { state, worker } = startWorker(40, slots);
  await vi.advanceTimersByTimeAsync(intervalMs);
  await vi.waitFor(() => expect(state).toEqual({ waiting: 0, looks: 1 }), patience);
  vi.useRealTimers();
  await worker[Symbol.asyncDispose]();
});

test("where nothing is due there is one look in each interval", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  const { state, worker } = startWorker(0, [slotsOf("anthropic")]);
  await vi.advanceTimersByTimeAsync(3 * intervalMs);
  expect(state.looks).toBe(3);
  vi.useRealTimers();
  await worker[Symbol.asyncDispose]();
});

test("notices that take their time keep no refresh waiting", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  const sent = Promise.withResolvers<void>();
  const { state, worker } = startWorker(40, [slotsOf("anthropic")], () => sent.promise);
  await vi.advanceTimersByTimeAsync(intervalMs);
  await vi.waitFor(() => expect(state).toEqual({ waiting: 0, looks: 1 }), patience);
  vi.useRealTimers();
  sent.resolve();
  await worker[Symbol.asyncDispose]();
});

test("every ten seconds the worker stores what others have left behind, and forgets what is over", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  const { house, worker } = startWorker(0, [slotsOf("anthropic")]);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(house).toEqual({ recovered: 3, forgotten: 3, stopped: 0 });
  vi.useRealTimers();
  await worker[Symbol.asyncDispose]();
});

test("a worker that closes leaves the notices that are still to be sent to others, and no timer", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  const { house, worker } = startWorker(0, [slotsOf("anthropic")]);
  await worker[Symbol.asyncDispose]();
  expect(house.stopped).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});
