import { glob } from "node:fs/promises";
import { test, vi } from "vitest";
import { StrictProvider } from "../../support/strict-provider.ts";
import type { ProcessSetting } from "./refresh-process.ts";
import { RefreshStage } from "./refresh-stage.ts";

const hours = [-1, 0, 1];
const accessTokenLifetime = 2;
const refreshes = 300;

/** Moves the clocks of single processes. */
interface ClockShift {
  readonly by: string;
  /** Null where this machine cannot. */
  setting(hours: number): Promise<ProcessSetting | null>;
}

const clockShifts: readonly ClockShift[] = [
  {
    by: "libfaketime",
    async setting(hours) {
      for await (const library of glob("/usr/lib/*/faketime/libfaketime.so.1")) {
        // Only the time of day: a machine's monotonic clock is right however wrong its calendar is.
        const shift = { FAKETIME: `${hours < 0 ? "" : "+"}${hours}h`, FAKETIME_DONT_FAKE_MONOTONIC: "1" };
        return { variables: { LD_PRELOAD: library, ...shift } };
      }
      return null;
    },
  },
  {
    by: "a module before everything else",
    setting: async (hours) => ({
      preload: new URL("shifted-clock.ts", import.meta.url),
      variables: { CLOCK_SHIFT_MS: String(hours * 3_600_000) },
    }),
  },
];

test.concurrent.for(clockShifts)(
  "processes whose clocks are an hour apart, by $by, refresh together",
  async (shift, { skip, expect, annotate }) => {
    const settings = await Promise.all(hours.map((hour) => shift.setting(hour)));
    if (settings.includes(null)) skip("libfaketime is not installed");
    await using provider = await StrictProvider.start({ accessTokenLifetime });
    await using stage = await RefreshStage.set({ provider, credentials: 60 });
    if (stage === null) skip("the embedded database has one process");
    await using stack = new AsyncDisposableStack();
    const starts = settings.map((setting, index) => stage!.start({ ...setting, folder: `machine-${index}` }));
    const children = await Promise.all(starts);
    for (const child of children) stack.use(child);
    const enough = () => expect(provider.successes).toBeGreaterThanOrEqual(refreshes);
    await vi.waitFor(enough, { timeout: 60_000, interval: 50 });
    const shares = await Promise.all(children.map((child) => child.countStored()));
    const [{ now }] = await stage!.database
      .em()
      .execute<[{ now: number }]>("select (extract(epoch from now()) * 1000)::float8 as now");
    const rows = await stage!.rows();
    await Promise.all(children.map((child) => child.stop()));

    await annotate(`renewals stored by the processes: ${shares.join(", ")}`);
    expect(shares.filter((share) => share === 0)).toEqual([]);
    expect(provider.reuses).toBe(0);
    expect(provider.refreshes).toBe(provider.successes);
    // A process that went by its own clock would be wrong by thousands of seconds.
    const wrong = rows.filter(({ expiresAt }) => Math.abs(expiresAt!.getTime() - now) > 60_000);
    expect(wrong).toEqual([]);
    const atEnd = await stage!.rows();
    expect(
      atEnd.filter(({ leaseEpoch, tokenVersion, status }) => leaseEpoch !== tokenVersion || status !== "active"),
    ).toEqual([]);
    expect(await stage!.silentlyWrong()).toEqual([]);
  },
);
