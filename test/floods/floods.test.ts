import { afterAll, beforeAll, expect, test } from "vitest";
import { viewerQuery } from "../client/operations.ts";
import { FloodStage, type Flooded } from "./flood-stage.ts";
import { floods } from "./floods.ts";

/** Milliseconds. */
const longest = 1_000;

let stage: FloodStage;
beforeAll(async () => {
  stage = await FloodStage.create();
});
afterAll(() => stage[Symbol.asyncDispose]());

/** The part of them that is not slower; 1 is the slowest of all. */
function percentile(times: readonly number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)]!);
}

/** For whoever reads the run: what each flood did. */
function report(name: string, { health, peakMemory, heap }: Flooded): void {
  const figures = (times: readonly number[]) => `p99 ${percentile(times, 0.99)} ms, max ${percentile(times, 1)} ms`;
  const seen = figures(health.map(({ taken }) => taken));
  const own = figures(health.map(({ own }) => own));
  process.stdout.write(
    `  ${name}: /health ${own} (${seen} on this machine); memory at most ${peakMemory} MB, heap ${heap} MB after it\n`,
  );
}

/**
 * How often a flood is tried at most: a stall that the server causes comes back, one that the machine causes does not.
 */
const tries = 3;

// All floods meet the same server, so what one leaves behind shows in those after it.
test.each(Object.keys(floods))("the server lives through %s, and answers meanwhile", async (name) => {
  const stalls: number[] = [];
  do {
    const flooded = await stage.flood(name);
    report(name, flooded);
    stalls.push(Math.max(...flooded.health.map(({ own }) => own)));
  } while (stalls.at(-1)! >= longest && Number.isFinite(stalls.at(-1)) && stalls.length < tries);
  expect(Math.min(...stalls), `/health took ${stalls.map(Math.round).join(", ")} ms`).toBeLessThan(longest);
  const { viewer } = await stage.server.client().execute(viewerQuery);
  expect(viewer.userId).toBe("developer");
});
