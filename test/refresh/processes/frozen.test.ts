import { setTimeout as delay } from "node:timers/promises";
import { test } from "vitest";
import { sendWithinMs } from "../../../src/refresh/lease.ts";
import { StrictProvider } from "../../support/strict-provider.ts";
import { RefreshStage } from "./refresh-stage.ts";

/** The processes refresh only what they are asked to. */
const never = 3_600_000;

async function setStage(provider: StrictProvider, graceSeconds: number) {
  const stage = await RefreshStage.set({ provider, credentials: 1, graceSeconds });
  if (stage === null) return null;
  await stage.makeDue();
  return stage;
}

test.concurrent.for([
  { graceSeconds: 0, becomes: { status: "needs_reauth", tokenVersion: 1, nextTryAt: null } },
  { graceSeconds: 600, becomes: { status: "active", tokenVersion: 2, leaseUntil: null, sentAt: null } },
])(
  "what a process stores that was stopped beyond its lease is fenced off, with a grace of $graceSeconds s",
  async ({ graceSeconds, becomes }, { skip, expect }) => {
    await using provider = await StrictProvider.start({ refreshGrace: graceSeconds });
    await using stage = await setStage(provider, graceSeconds);
    if (stage === null) skip("the embedded database has one process");
    await using sleeper = await stage!.start({ folder: "sleeper", intervalMs: never });
    await using other = await stage!.start({ folder: "other", intervalMs: never });
    const [before] = await stage!.rows();

    const { promise: rotated, resolve } = Promise.withResolvers<void>();
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    provider.afterRotation = () => {
      resolve();
      return answered;
    };
    const late = sleeper.renew(before!);
    await rotated;
    sleeper.kill("SIGSTOP");
    await sleeper.frozen();
    provider.afterRotation = null;
    answer();
    await stage!.passLeases();
    const error = await other.renew(before!);
    expect(error ?? "").toContain(graceSeconds === 0 ? "rotation_lost" : "");
    const [row] = await stage!.rows();
    expect(row).toMatchObject(becomes);

    sleeper.kill("SIGCONT");
    await late;
    await sleeper.stop();
    expect(await stage!.rows()).toEqual([row]);
    expect(sleeper.output).toContain("a renewal came too late");
    expect(await stage!.silentlyWrong()).toEqual([]);
    expect(provider).toMatchObject({ refreshes: 2, reuses: graceSeconds === 0 ? 1 : 0 });
    const refreshed = (await stage!.events()).filter(({ type }) => type === "TokenRefreshed");
    expect(refreshed).toHaveLength(graceSeconds === 0 ? 0 : 1);
  },
);

test.concurrent(
  "a process that was stopped between its claim and the call does not send any more",
  async ({ skip, expect }) => {
    await using provider = await StrictProvider.start();
    await using stage = await setStage(provider, 0);
    if (stage === null) skip("the embedded database has one process");
    const [before] = await stage!.rows();
    await using sleeper = await stage!.start({
      folder: "sleeper",
      intervalMs: never,
      die: { at: "claimed", afterMs: 0, signal: "SIGSTOP" },
    });
    await using other = await stage!.start({ folder: "other", intervalMs: never });
    const late = sleeper.renew(before!);
    await sleeper.frozen();
    const frozenAt = performance.now();
    await stage!.passLeases();
    expect(await other.renew(before!)).toBeNull();
    const [row] = await stage!.rows();
    expect(row).toMatchObject({ status: "active", tokenVersion: 2 });

    // The process goes by the time itself, so here it has to pass.
    await delay(frozenAt + sendWithinMs + 200 - performance.now());
    sleeper.kill("SIGCONT");
    // A caller does not wait so long; the process does, before it ends.
    await late;
    await sleeper.stop();
    expect(await stage!.rows()).toEqual([row]);
    expect(await stage!.silentlyWrong()).toEqual([]);
    expect(provider).toMatchObject({ refreshes: 1, successes: 1, reuses: 0 });
  },
);
