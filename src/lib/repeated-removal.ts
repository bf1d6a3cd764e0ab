import { setTimeout as delay } from "node:timers/promises";

export interface RemovalParts {
  /** Milliseconds from one look to the next; about, so that processes do not look together. */
  readonly intervalMs: number;
  /** Removes some of what is past its time, in a transaction of its own. @returns how many. */
  readonly removeBatch: () => Promise<number>;
  readonly onRemoved: (total: number) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Removes what is past its time, batch after batch, now and again. Every process does it; none leads. */
export class RepeatedRemoval implements AsyncDisposable {
  readonly #parts: RemovalParts;
  readonly #stopped = new AbortController();
  readonly #running: Promise<void>;

  constructor(parts: RemovalParts) {
    this.#parts = parts;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    const { intervalMs } = this.#parts;
    // The first look comes soon: a process that is often started anew would else never get to it.
    let waitMs = (Math.random() * intervalMs) / 60;
    for (;;) {
      await delay(waitMs, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      await this.#sweep();
      waitMs = intervalMs * (0.75 + Math.random() / 2);
    }
  }

  async #sweep(): Promise<void> {
    const { removeBatch, onRemoved, onFailure } = this.#parts;
    try {
      let total = 0;
      for (let removed = 1; removed > 0 && !this.#stopped.signal.aborted; total += removed)
        removed = await removeBatch();
      if (total > 0) onRemoved(total);
    } catch (error) {
      onFailure(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }
}

/** How long rows are kept, and how they are removed then. */
export interface RetentionSettings {
  /** Milliseconds that a row is kept, by the database's clock. */
  readonly keepMs: number;
  /** Milliseconds from one look for older ones to the next, about; an hour unless it is given. */
  readonly intervalMs?: number;
  /** Rows that one transaction removes; 1,000 unless it is given. */
  readonly batchSize?: number;
}

interface RetentionParts extends Pick<RemovalParts, "onRemoved" | "onFailure"> {
  /** Removes the oldest rows past `keepMs`, `batchSize` at most, in one statement. */
  readonly remove: (values: readonly [keepMs: number, batchSize: number]) => Promise<readonly { removed: number }[]>;
}

/** Removes the rows that are no longer kept. */
export function startRetention(
  { keepMs, intervalMs = 3_600_000, batchSize = 1_000 }: RetentionSettings,
  { remove, ...told }: RetentionParts,
): RepeatedRemoval {
  return new RepeatedRemoval({
    ...told,
    intervalMs,
    removeBatch: async () => (await remove([keepMs, batchSize]))[0]?.removed ?? 0,
  });
}
