import { setTimeout as delay } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { defaultGateLimits, probeIntervalMs } from "../../../src/refresh/provider-gate.ts";
import { StrictProvider } from "../../support/strict-provider.ts";
import { outages } from "../../support/strict-provider/outage.ts";
import { RefreshStage } from "./refresh-stage.ts";

const credentials = 10_000;
const processes = 2;
const { maxInFlight } = defaultGateLimits;
const outageMs = 12_000;
/** Slow enough that refreshes are in flight together. */
const answerMs = 20;

test(
  `an outage with ${credentials} credentials due is waited for with a probe now and then`,
  { timeout: 240_000 },
  async ({ skip, annotate }) => {
    await using provider = await StrictProvider.start();
    provider.down = outages.refuse;
    await using stage = await RefreshStage.set({ provider, credentials });
    if (stage === null) skip("the embedded database has one process");
    await using children = await stage!.startAll(processes, { maxInFlight });
    await stage!.makeDue();
    await vi.waitFor(() => expect(provider.refreshes).toBeGreaterThan(0), { timeout: 60_000, interval: 20 });
    const [first] = provider.arrivals;
    await delay(first! + outageMs - performance.now());
    provider.down = outages.slow(answerMs);
    const returnedAt = performance.now();
    const arrivals = provider.arrivals.map((at) => at - first!);

    // No circuit that has opened lets a probe through before this.
    const burst = arrivals.filter((at) => at < probeIntervalMs).length;
    const probes = arrivals.length - burst;
    await annotate(`${burst} refreshes until the circuits had opened, then ${probes} probes`);
    expect(burst).toBeLessThanOrEqual(processes * maxInFlight);
    expect(probes).toBeGreaterThan(0);
    expect(probes).toBeLessThanOrEqual(processes * Math.floor((returnedAt - first!) / probeIntervalMs));

    await stage!.settle();
    const seconds = (performance.now() - returnedAt) / 1000;
    await annotate(
      `${credentials} refreshed within ${seconds.toFixed(1)} s, at most ${provider.maxInFlight} in flight`,
    );
    expect(provider.successes).toBe(credentials);
    expect(provider.reuses).toBe(0);
    expect(provider.maxInFlight).toBeLessThanOrEqual(processes * maxInFlight);
    expect(provider.maxInFlight).toBeGreaterThan(maxInFlight);

    const failures = (await stage!.events()).filter(({ type }) => type === "TokenRefreshFailed");
    expect(failures.length).toBeLessThanOrEqual(arrivals.length);
    const rows = await stage!.rows();
    expect(rows).toHaveLength(credentials);
    expect(rows.filter(({ status, tokenVersion }) => status !== "active" || tokenVersion !== 2)).toEqual([]);
    expect(await stage!.silentlyWrong()).toEqual([]);
    // A lease for each try. The few that were claimed just when the circuits opened came to nothing.
    const leases = rows.reduce((sum, { leaseEpoch }) => sum + leaseEpoch - 1, 0);
    expect(leases).toBeLessThanOrEqual(credentials + arrivals.length + processes * maxInFlight);
    expect(children.filter(({ hasEnded }) => hasEnded)).toEqual([]);
  },
);
