import { setTimeout as delay } from "node:timers/promises";
import { test, vi } from "vitest";
import { probeIntervalMs } from "../../../src/refresh/provider-gate.ts";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { StrictProvider } from "../../support/strict-provider.ts";
import { createServerDatabase } from "../../support/test-database.ts";
import { describeRecovery, recovery, silenceAfter } from "./recovery.ts";
import { RefreshStage } from "./refresh-stage.ts";

const cutMs = 10_000;
const processes = 2;
/** A few, as all cases together must not use up the database's connections. */
const maxInFlight = 2;
const refreshesBefore = 50;
/** For processes that share two cores. */
const slackMs = 2_000;
/** Answers take a while, so that the network breaks with some on their way. */
const answerMs = 20;

interface Case {
  readonly side: "database" | "provider";
  readonly fault: "cut" | "stall";
  readonly graceSeconds: number;
  /** Whether answers may be lost: on their way from the provider, which gives none a second time. */
  readonly canLose: boolean;
}

const cases: readonly Case[] = [
  { side: "database", fault: "cut", graceSeconds: 0, canLose: false },
  { side: "database", fault: "stall", graceSeconds: 0, canLose: false },
  { side: "provider", fault: "cut", graceSeconds: 600, canLose: false },
  { side: "provider", fault: "stall", graceSeconds: 600, canLose: false },
  { side: "provider", fault: "cut", graceSeconds: 0, canLose: true },
];

interface Network {
  readonly stage: RefreshStage;
  readonly proxy: FaultProxy;
}

async function behindProxy(
  { side, graceSeconds }: Case,
  provider: StrictProvider,
  stack: AsyncDisposableStack,
): Promise<Network | null> {
  const databaseUrl = await createServerDatabase();
  if (databaseUrl === null) return null;
  const target = new URL(side === "database" ? databaseUrl : provider.baseUrl);
  const proxy = stack.use(await FaultProxy.start({ port: Number(target.port || 5432) }));
  const tokenUrl = `${provider.baseUrl}/v1/oauth/token`;
  const environment: Record<string, string> =
    side === "database"
      ? { DATABASE_URL: proxy.through(databaseUrl) }
      : { ROTATING_OAUTH_TOKEN_URL: proxy.through(tokenUrl) };
  const stage = await RefreshStage.set({ provider, credentials: 60, graceSeconds, databaseUrl, environment });
  return { stage: stack.use(stage!), proxy };
}

test.concurrent.for(cases)(
  "ten seconds of $fault between the processes and the $side, with a grace of $graceSeconds s",
  async (broken, { skip, expect, annotate }) => {
    await using stack = new AsyncDisposableStack();
    const provider = stack.use(
      await StrictProvider.start({ accessTokenLifetime: 3, refreshGrace: broken.graceSeconds }),
    );
    provider.afterRotation = () => delay(answerMs);
    const network = await behindProxy(broken, provider, stack);
    if (network === null) skip("the embedded database has no network");
    const { stage, proxy } = network!;
    await using children = await stage.startAll(processes, { maxInFlight });
    const flows = () => expect(provider.successes).toBeGreaterThanOrEqual(refreshesBefore);
    await vi.waitFor(flows, { timeout: 60_000, interval: 20 });

    await (broken.fault === "cut" ? proxy.cut() : proxy.stall());
    await delay(cutMs);
    await proxy.restore();
    const restoredAt = performance.now();
    const recovered = await recovery(children, restoredAt);
    await annotate(describeRecovery(recovered));
    expect(await silenceAfter(restoredAt, provider)).toBeLessThan(probeIntervalMs + slackMs);

    expect(children.filter(({ hasEnded }) => hasEnded)).toEqual([]);
    await Promise.all(children.map((child) => child.stop()));
    await stage.heal();
    expect(await stage.silentlyWrong()).toEqual([]);
    const lost = (await stage.rows()).filter(({ status }) => status !== "active");
    await annotate(`${lost.length} lost`);
    expect(lost.filter(({ statusReason }) => !statusReason?.includes("rotation_lost"))).toEqual([]);
    expect(lost.length).toBeLessThanOrEqual(broken.canLose ? processes * maxInFlight : 0);
    expect(provider.reuses).toBe(lost.length);
  },
);
