/** What is asked again and again whether its other side still answers. */
export interface Beating {
  beat(): void;
}

const intervalMs = 12_000;
/** So many turns share one interval: with thousands of sockets they are not all written to at the same moment. */
const turns = 48;

/** Asks each every twelve seconds. One timer looks after all of them. */
export class Heartbeat implements Disposable {
  /** Each is in one of them, and is asked when its turn comes round. */
  readonly #turns = Array.from({ length: turns }, () => new Set<Beating>());
  #added = 0;
  #passed = 0;
  #timer: NodeJS.Timeout | undefined;

  add(item: Beating): void {
    this.#turns[this.#added++ % turns]!.add(item);
    this.#timer ??= setInterval(() => this.#pass(), intervalMs / turns).unref();
  }

  delete(item: Beating): void {
    for (const items of this.#turns) items.delete(item);
  }

  #pass(): void {
    for (const item of this.#turns[this.#passed++ % turns]!) item.beat();
  }

  /** Forgets all. */
  [Symbol.dispose](): void {
    for (const items of this.#turns) items.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
