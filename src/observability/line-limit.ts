/** How often what was left out is told, and for how long lines count together; milliseconds. */
const windowMs = 60_000;
/** Texts that are counted apart at the same time. Beyond that the rest of an event counts together. */
const maxKeys = 500;

interface Window {
  readonly name: string;
  readonly value: string | null;
  readonly endsAt: number;
  written: number;
  leftOut: number;
}

/** Bounds how many lines a minute an event may have, and tells how many were left out once the minute is over. */
export class LineLimit implements Disposable {
  readonly #tell: (name: string, value: string | null, leftOut: number) => void;
  readonly #now: () => number;
  readonly #windows = new Map<string, Window>();
  #timer: NodeJS.Timeout | undefined;

  /** @param tell is told of each event with lines that were left out; `value` as given to `admits` */
  constructor(
    tell: (name: string, value: string | null, leftOut: number) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#tell = tell;
    this.#now = now;
  }

  /** Whether one more line may be written. @param value lines with different ones are counted apart */
  admits(name: string, value: string | null, lines: number): boolean {
    const window = this.#windowOf(name, value);
    if (window.written < lines) {
      window.written += 1;
      return true;
    }
    window.leftOut += 1;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, windowMs).unref();
    return false;
  }

  #windowOf(name: string, value: string | null): Window {
    const key = value === null ? name : `${name} ${value}`;
    const known = this.#windows.get(key);
    if (known !== undefined && this.#now() < known.endsAt) return known;
    if (known !== undefined) this.#end(key, known);
    else if (this.#windows.size >= maxKeys) this.#endOld();
    if (value !== null && this.#windows.size >= maxKeys) return this.#windowOf(name, null);
    const window = { name, value, endsAt: this.#now() + windowMs, written: 0, leftOut: 0 };
    this.#windows.set(key, window);
    return window;
  }

  #endOld(): void {
    const now = this.#now();
    for (const [key, window] of this.#windows) if (now >= window.endsAt) this.#end(key, window);
  }

  #end(key: string, { name, value, leftOut }: Window): void {
    this.#windows.delete(key);
    if (leftOut > 0) this.#tell(name, value, leftOut);
  }

  /** Tells now what was left out. */
  flush(): void {
    for (const window of this.#windows.values()) {
      const { name, value, leftOut } = window;
      window.leftOut = 0;
      if (leftOut > 0) this.#tell(name, value, leftOut);
    }
    this.#endOld();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.flush();
  }
}
