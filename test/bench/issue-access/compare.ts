import type { BenchReport, BenchRun } from "../bench.ts";
import { type Exchange, Load, type Round } from "../load.ts";
import { median } from "../statistics.ts";

/** The origins of the two servers. */
export interface Contestants {
  readonly ours: string;
  readonly bare: string;
}

/** The figures of both servers at one number of connections. */
interface Cell {
  readonly rows: BenchReport["rows"];
  readonly generatorCpu: number;
}

const connectionCounts = [1, 32, 128];
/** A cold process runs at a part of its speed for seconds. */
const warmUpSeconds = 3;
/** Opens the connections of a cell, and lets the server get used to their number. */
const settleSeconds = 0.5;

function summarize(rounds: readonly Round[]) {
  const of = (figure: keyof Round) => median(rounds.map((round) => round[figure]));
  return {
    "req/s": Math.round(of("requestsPerSecond")),
    "p50 ms": Number(of("p50").toFixed(2)),
    "p99 ms": Number(of("p99").toFixed(2)),
  };
}

async function measureCell(
  { ours, bare }: { readonly ours: Load; readonly bare: Load },
  { rounds, seconds, signal }: BenchRun,
  labels: { readonly database: string; readonly connections: number },
): Promise<Cell> {
  const ourRounds: Round[] = [];
  const bareRounds: Round[] = [];
  // In turns, so that whatever else the machine does meets both.
  for (let round = 0; round < rounds; round++) {
    ourRounds.push(await ours.run(seconds, signal));
    bareRounds.push(await bare.run(seconds, signal));
  }
  const ratios = ourRounds.map((round, index) => round.requestsPerSecond / bareRounds[index]!.requestsPerSecond);
  return {
    rows: [
      { server: "maestro-auth", ...labels, ...summarize(ourRounds), "ours/bare": Number(median(ratios).toFixed(3)) },
      { server: "bare", ...labels, ...summarize(bareRounds) },
    ],
    generatorCpu: Math.max(...[...ourRounds, ...bareRounds].map((round) => round.generatorCpu)),
  };
}

/** Measures both servers, in turns, at each number of connections. @throws Error if any answer is wrong. */
export async function compare(
  database: string,
  { ours, bare }: Contestants,
  exchanges: readonly Exchange[],
  run: BenchRun,
): Promise<Cell[]> {
  const { signal, progress } = run;
  for (const [name, origin] of Object.entries({ "maestro-auth": ours, bare })) {
    progress(`${database}: warming up ${name}`);
    await using load = new Load(origin, 32, exchanges);
    await load.run(warmUpSeconds, signal);
  }
  const cells: Cell[] = [];
  for (const connections of connectionCounts) {
    progress(`${database}: measuring with ${connections} connection${connections === 1 ? "" : "s"}`);
    await using ourLoad = new Load(ours, connections, exchanges);
    await using bareLoad = new Load(bare, connections, exchanges);
    await ourLoad.run(settleSeconds, signal);
    await bareLoad.run(settleSeconds, signal);
    cells.push(await measureCell({ ours: ourLoad, bare: bareLoad }, run, { database, connections }));
  }
  return cells;
}
