import { setTimeout as delay } from "node:timers/promises";
import type { RefreshProcess } from "./refresh-process.ts";
import type { RefreshStage } from "./refresh-stage.ts";

/** How processes are killed. */
export interface KillingSpree {
  readonly processes: number;
  readonly durationMs: number;
  /** The longest time between two kills, in milliseconds. */
  readonly maxPauseMs: number;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** What may have been lost by it. */
export interface KillReport {
  readonly kills: number;
  /** The ids of the credentials that were being refreshed when a process was killed, by that one or by another. */
  readonly inFlight: ReadonlySet<string>;
}

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Kills processes at random moments while they refresh, and starts each again on its own data folder. In the end all
 * have stopped by themselves, and nothing is left that could still be refreshed or found to be lost.
 */
export async function killAtRandom(
  stage: RefreshStage,
  { processes, durationMs, maxPauseMs, random }: KillingSpree,
): Promise<KillReport> {
  const start = (index: number): Promise<RefreshProcess> => stage.start({ folder: `machine-${index}` });
  await using children = await stage.startAll(processes);
  const inFlight = new Set<string>();
  const end = performance.now() + durationMs;
  let kills = 0;
  while (performance.now() < end) {
    await delay(random() * maxPauseMs);
    const index = Math.floor(random() * processes);
    children[index]!.kill("SIGKILL");
    await children[index]!.ended;
    kills += 1;
    for (const id of await stage.leased()) inFlight.add(id);
    children[index] = await start(index);
  }
  await Promise.all(children.map((child) => child.stop()));
  await stage.heal();
  return { kills, inFlight };
}
