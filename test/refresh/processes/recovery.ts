import { vi } from "vitest";
import type { StrictProviderState } from "../../support/strict-provider.ts";
import type { RefreshProcess } from "./refresh-process.ts";

/** How long processes took to refresh again, in milliseconds. */
export interface Recovery {
  /** Until the first of them had stored a renewal. */
  readonly firstMs: number;
  /** Until each of them had. */
  readonly lastMs: number;
}

/** Waits until each process has stored a renewal, from now on. */
export async function recovery(processes: readonly RefreshProcess[], from = performance.now()): Promise<Recovery> {
  const times = await Promise.all(
    processes.map(async (child) => {
      const before = await child.countStored();
      const check = async () => {
        if ((await child.countStored()) === before) throw new Error(`process ${child.pid} does not refresh`);
      };
      await vi.waitFor(check, { timeout: 60_000, interval: 20 });
      return performance.now() - from;
    }),
  );
  return { firstMs: Math.min(...times), lastMs: Math.max(...times) };
}

/** Milliseconds from a moment until the provider was asked again. */
export async function silenceAfter(
  moment: number,
  { arrivals }: Pick<StrictProviderState, "arrivals">,
): Promise<number> {
  const find = () => {
    const arrived = arrivals.find((at) => at > moment);
    if (arrived === undefined) throw new Error("the provider is not asked any more");
    return arrived - moment;
  };
  return vi.waitFor(find, { timeout: 60_000, interval: 20 });
}

/** For people who look at the figures. */
export function describeRecovery({ firstMs, lastMs }: Recovery): string {
  return `${(firstMs / 1000).toFixed(2)} s until the first process refreshed again, ${(lastMs / 1000).toFixed(2)} s until all did`;
}
