/** A number that the person who runs a bench may choose: `--<name> <number>`. */
export interface BenchOption {
  /** What it counts, for the usage. */
  readonly meaning: string;
  /** The value without the option. */
  readonly value: number;
  readonly max: number;
  readonly whole: boolean;
}

/** The numbers that were chosen, by the names of their options. */
export type BenchSettings<Name extends string> = Readonly<Record<Name, number>>;

/** What a bench is given for one run, besides its settings. */
export interface BenchSurroundings {
  /** Aborted by Ctrl-C: the bench ends what it started and rejects. */
  readonly signal: AbortSignal;
  /** Tells the person who waits what happens now. */
  readonly progress: (step: string) => void;
}

/** What a bench is given for one run. */
export type BenchRun<Name extends string = RoundOption> = BenchSettings<Name> & BenchSurroundings;

/** What a bench found: the rows of its table, by heading, and sentences that stand below it. */
export interface BenchReport {
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  readonly notes: readonly string[];
  /** What must not be. With any of them the command exits with code 1. */
  readonly failures?: readonly string[];
}

/** One question about speed, answered by measuring things side by side. */
export interface Bench {
  readonly summary: string;
  readonly options: Readonly<Record<string, BenchOption>>;
  readonly run: (settings: BenchSettings<string>, surroundings: BenchSurroundings) => Promise<BenchReport>;
}

/** A bench that is given a number for each of its options. */
export function defineBench<Name extends string>(bench: {
  readonly summary: string;
  readonly options: Readonly<Record<Name, BenchOption>>;
  readonly run: (run: BenchRun<Name>) => Promise<BenchReport>;
}): Bench {
  return {
    ...bench,
    run: (settings, surroundings) => bench.run({ ...(settings as BenchSettings<Name>), ...surroundings }),
  };
}

type RoundOption = keyof typeof roundOptions;

/** For benches that measure in turns. */
export const roundOptions = {
  rounds: { meaning: "measured rounds of each figure; the table shows their median", value: 9, max: 600, whole: true },
  seconds: { meaning: "seconds of one round", value: 1, max: 600, whole: false },
} satisfies Record<string, BenchOption>;
