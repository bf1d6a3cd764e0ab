/** How long and how often a bench measures. */
export interface BenchSettings {
  /** Measured rounds of each figure; the table shows their median. */
  readonly rounds: number;
  /** Seconds of one round. */
  readonly seconds: number;
}

/** What a bench is given for one run. */
export interface BenchRun extends BenchSettings {
  /** Aborted by Ctrl-C: the bench ends what it started and rejects. */
  readonly signal: AbortSignal;
  /** Tells the person who waits what happens now. */
  readonly progress: (step: string) => void;
}

/** What a bench found: the rows of its table, by heading, and sentences that stand below it. */
export interface BenchReport {
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  readonly notes: readonly string[];
}

/** One question about speed, answered by measuring things side by side. */
export interface Bench {
  readonly summary: string;
  readonly run: (run: BenchRun) => Promise<BenchReport>;
}
