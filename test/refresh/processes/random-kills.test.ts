import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { StrictProvider } from "../../support/strict-provider.ts";
import { killAtRandom, seededRandom } from "./random-kills.ts";
import { RefreshStage } from "./refresh-stage.ts";

const processes = 3;
const credentials = 300;
const accessTokenLifetime = 2;
/** A bench does it for longer. */
const durationMs = 20_000;
/** So that a kill meets some answers on their way. */
const answerMs = 50;

test(
  "processes that are killed at random lose no more than is on its way, and say so",
  { timeout: 240_000 },
  async ({ skip, annotate }) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    await annotate(`the seed is ${seed}`);
    const random = seededRandom(seed);
    await using provider = await StrictProvider.start({ accessTokenLifetime });
    await using stage = await RefreshStage.set({ provider, credentials });
    if (stage === null) skip("the embedded database has one process");
    provider.afterRotation = () => delay(random() * answerMs);
    const { kills, inFlight } = await killAtRandom(stage!, { processes, durationMs, maxPauseMs: 1_000, random });

    const rows = await stage!.rows();
    const lost = rows.filter(({ status }) => status !== "active");
    await annotate(
      `${kills} kills, ${provider.refreshes} token calls, ${inFlight.size} credentials in flight at a kill, ${lost.length} lost`,
    );
    expect(rows).toHaveLength(credentials);
    expect(await stage!.silentlyWrong()).toEqual([]);
    expect(lost.filter(({ statusReason }) => !statusReason?.includes("rotation_lost"))).toEqual([]);
    expect(lost.filter(({ id }) => !inFlight.has(id))).toEqual([]);
    expect(provider.reuses).toBeLessThanOrEqual(lost.length);
  },
);
