import { test } from "vitest";
import { faultPoints } from "../../../src/refresh/fault-point.ts";
import { StrictProvider } from "../../support/strict-provider.ts";
import type { ChildTask, DeathPoint } from "./child.ts";
import { RefreshStage } from "./refresh-stage.ts";

const kills = 20;
/** More than kills: on a busy machine a process may not come to its point, as when the provider's answer is late. */
const credentials = 25;
const allKilled = Array.from({ length: kills }, () => "SIGKILL");

interface Case {
  readonly at: DeathPoint | "rotated";
  /** Whether a kill may cost the new tokens: they are on their way from the provider to the disk then. */
  readonly canLose: boolean;
}

const cases: readonly Case[] = [
  { at: "connecting", canLose: false },
  { at: "sent", canLose: true },
  { at: "rotated", canLose: true },
  ...faultPoints.map((at) => ({ at, canLose: at === "received" })),
];

/**
 * Starts one process after the other, each of which has one refresh in flight when it is killed at the point.
 * @returns how they ended.
 */
async function killAt(point: Case["at"], stage: RefreshStage, provider: StrictProvider): Promise<unknown[]> {
  const ends: unknown[] = [];
  for (let user = 0; user < credentials && ends.length < kills; user++) {
    // One alone: while it is stored, the next would be sent.
    await stage.makeDue(`user-${user}`);
    // What is on its way, to the provider or to the database, is met at different moments.
    const afterMs = point === "sent" || point === "storing" ? user % 4 : 0;
    const die: ChildTask["die"] = point === "rotated" ? null : { at: point, afterMs };
    await using child = await stage.start({ die, maxInFlight: 1 });
    provider.afterRotation = point === "rotated" ? () => child.kill("SIGKILL") : null;
    const end = await child.end(30_000).catch((error: unknown) => error);
    if (end instanceof Error) child.kill("SIGKILL");
    else ends.push(end);
    provider.afterRotation = null;
  }
  return ends;
}

/** A process that lives, with nothing left to do in the end. */
async function drain(stage: RefreshStage): Promise<void> {
  await stage.passLeases();
  await using healer = await stage.start();
  await stage.settle();
  await healer.stop();
}

test.concurrent.for(cases)(
  `${kills} processes killed at "$at" leave no row that is silently wrong`,
  async ({ at, canLose }, { skip, expect }) => {
    await using provider = await StrictProvider.start();
    await using stage = await RefreshStage.set({ provider, credentials });
    if (stage === null) skip("the embedded database has one process");
    expect(await killAt(at, stage!, provider)).toEqual(allKilled);
    await drain(stage!);
    expect(await stage!.silentlyWrong()).toEqual([]);
    const lost = (await stage!.rows()).filter(({ status }) => status !== "active");
    expect(lost.filter(({ statusReason }) => !statusReason?.includes("rotation_lost"))).toEqual([]);
    expect(lost.length).toBeLessThanOrEqual(canLose ? credentials : 0);
    expect(provider.reuses).toBe(lost.length);
  },
);

test.concurrent.for(cases.filter(({ canLose }) => canLose))(
  `${kills} processes killed at "$at" cost nothing at a provider with a grace window`,
  async ({ at }, { skip, expect }) => {
    const graceSeconds = 600;
    await using provider = await StrictProvider.start({ refreshGrace: graceSeconds });
    await using stage = await RefreshStage.set({ provider, credentials, graceSeconds });
    if (stage === null) skip("the embedded database has one process");
    expect(await killAt(at, stage!, provider)).toEqual(allKilled);
    await drain(stage!);
    expect(await stage!.silentlyWrong()).toEqual([]);
    expect((await stage!.rows()).filter(({ status }) => status !== "active")).toEqual([]);
    expect(provider.reuses).toBe(0);
  },
);
