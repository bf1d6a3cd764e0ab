export interface WriteBehindParts<Item> {
  /** Milliseconds that an item may wait, and so how much a crash can lose. */
  readonly delayMs: number;
  /** Items that wait at most; without it there is no bound but the keys' own number. */
  readonly maxPending?: number;
  /** Makes one item of two that have the same key. */
  readonly merge: (older: Item, newer: Item) => Item;
  /** Writes all of the items or none. */
  readonly write: (items: readonly Item[]) => Promise<void>;
  /** Told that nothing could be written; it is tried again. */
  readonly onFailure: (error: unknown, items: number) => void;
}

/**
 * Gathers what callers must not wait for, one item for each key, and writes it together a little later. What cannot be
 * written is kept for the next time.
 */
export class WriteBehind<Item> implements AsyncDisposable {
  readonly #parts: WriteBehindParts<Item>;
  readonly #pending = new Map<string, Item>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: WriteBehindParts<Item>) {
    this.#parts = parts;
  }

  add(key: string, item: Item): void {
    const older = this.#pending.get(key);
    this.#pending.set(key, older === undefined ? item : this.#parts.merge(older, item));
    if (this.#pending.size >= this.#maxPending) void this.flush();
    else this.#schedule();
  }

  /** Writes what is there so far. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const taken = new Map(this.#pending);
    this.#pending.clear();
    this.#writing = this.#writing.then(() => this.#write(taken));
    await this.#writing;
  }

  get #maxPending(): number {
    return this.#parts.maxPending ?? Infinity;
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => void this.flush(), this.#parts.delayMs).unref();
  }

  async #write(taken: ReadonlyMap<string, Item>): Promise<void> {
    if (taken.size === 0) return;
    try {
      await this.#parts.write([...taken.values()]);
    } catch (error) {
      this.#parts.onFailure(error, taken.size);
      for (const [key, item] of taken) this.#keep(key, item);
      this.#schedule();
    }
  }

  #keep(key: string, item: Item): void {
    const newer = this.#pending.get(key);
    if (newer !== undefined) this.#pending.set(key, this.#parts.merge(item, newer));
    else if (this.#pending.size < this.#maxPending) this.#pending.set(key, item);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
  }
}
