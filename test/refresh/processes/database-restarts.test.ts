import { expect, inject, test, vi } from "vitest";
import { PostgresCluster } from "../../support/postgres-cluster.ts";
import { StrictProvider } from "../../support/strict-provider.ts";
import { describeRecovery, recovery, silenceAfter } from "./recovery.ts";
import { RefreshStage } from "./refresh-stage.ts";

const restarts = 5;
const processes = 3;
const refreshesBetween = 50;
const timeout = 60_000;

async function createCluster(): Promise<PostgresCluster | null> {
  // Where no server is to be tested with, none is made either.
  if (inject("testRun").databaseUrl === null) return null;
  const programs = await PostgresCluster.find();
  return programs === null ? null : PostgresCluster.create(programs);
}

test(
  `${restarts} restarts of the database in the middle of everything lose nothing`,
  { timeout: 240_000 },
  async ({ skip, annotate }) => {
    await using cluster = await createCluster();
    if (cluster === null) skip("there is no PostgreSQL that this user may start");
    await using provider = await StrictProvider.start({ accessTokenLifetime: 2 });
    const databaseUrl = cluster!.url;
    await using stage = (await RefreshStage.set({ provider, credentials: 200, databaseUrl }))!;
    await using children = await stage.startAll(processes);
    let restartedAt = 0;
    for (let restart = 0; restart < restarts; restart++) {
      const { successes } = provider;
      const check = () => expect(provider.successes).toBeGreaterThanOrEqual(successes + refreshesBetween);
      await vi.waitFor(check, { timeout, interval: 20 });
      await cluster!.restart();
      restartedAt = performance.now();
    }
    const recovered = await recovery(children, restartedAt);
    await annotate(describeRecovery(recovered));
    expect(await silenceAfter(restartedAt, provider)).toBeLessThan(5_000);

    expect(children.filter(({ hasEnded }) => hasEnded)).toEqual([]);
    await Promise.all(children.map((child) => child.stop()));
    await stage.heal();
    expect((await stage.rows()).filter(({ status }) => status !== "active")).toEqual([]);
    expect(await stage.silentlyWrong()).toEqual([]);
    expect(provider.reuses).toBe(0);
    await annotate(`${provider.refreshes} token calls`);
  },
);
