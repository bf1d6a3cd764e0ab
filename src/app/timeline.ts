import type { Config } from "../config/config.ts";
import { Timeline } from "../db/timeline.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { AppBase } from "./overrides.ts";
import type { Storage } from "./storage.ts";

/** Finds out whether the database is the one it was, before anything is refreshed or read, and goes on looking. */
export async function startTimeline(
  { dataDir }: Config,
  { database, doorbell, watch }: Storage,
  registry: ProviderRegistry,
  { stack, overrides, metrics, log }: AppBase,
): Promise<void> {
  const intervalMs = overrides.pollIntervalMs ?? 1_000;
  const reusable = registry.listReusing();
  const timeline = stack.use(await Timeline.open({ database, dataDir, metrics, log, intervalMs, reusable }));
  timeline.onChange(() => watch.endAll());
  watch.onContradiction(() => timeline.doubt());
  doorbell.follow?.(timeline, () => metrics.strangerRang());
}
