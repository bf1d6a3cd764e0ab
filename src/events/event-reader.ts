import type { StreamEvent } from "./event.ts";
import type { StreamPage } from "./stream-page.ts";
import type { WatchHandle } from "./stream-watch.ts";

const none: readonly StreamEvent[] = [];

/**
 * One reader's place in a user's stream. It reads when it is asked for the next event and never ahead: one that is not
 * asked holds its place, and at most the page that it stands in.
 */
export class EventReader implements AsyncIterableIterator<StreamEvent, undefined>, Disposable {
  readonly #watch: WatchHandle;
  readonly #readPage: (after: number) => Promise<StreamPage>;
  #seq: number;
  #page = none;
  #isClosed = false;
  #resume: (() => void) | null = null;

  /** @param watch is disposed with the reader */
  constructor(watch: WatchHandle, start: number, readPage: (after: number) => Promise<StreamPage>) {
    this.#watch = watch;
    this.#seq = start;
    this.#readPage = readPage;
  }

  /** The number of the latest event that this process knows of. */
  get latest(): number {
    return Math.max(this.#seq, this.#watch.stream.recent.end ?? 0);
  }

  /**
   * Waits for the event after the last one; done only once the reader is closed.
   * @throws CursorError if retention has overtaken the reader
   */
  async next(): Promise<IteratorResult<StreamEvent, undefined>> {
    const { stream } = this.#watch;
    while (!this.#isClosed) {
      // The one in memory first: readers who get the same object can share what is made of it.
      const event = stream.recent.after(this.#seq) ?? this.#nextOfPage();
      if (event !== undefined) {
        this.#seq = event.seq;
        return { value: event, done: false };
      }
      this.#page = none;
      if (stream.isAtEnd(this.#seq)) await this.#change();
      else this.#page = (await stream.read(this.#seq, () => this.#readPage(this.#seq))).events;
    }
    return { value: undefined, done: true };
  }

  /** Also ends a wait for the next event. */
  return(): Promise<IteratorResult<StreamEvent, undefined>> {
    this[Symbol.dispose]();
    return Promise.resolve({ value: undefined, done: true });
  }

  #nextOfPage(): StreamEvent | undefined {
    const [first] = this.#page;
    return first === undefined ? undefined : this.#page[this.#seq + 1 - first.seq];
  }

  async #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const endWait = this.#watch.stream.onWake(resolve);
    this.#resume = resolve;
    await promise;
    this.#resume = null;
    endWait();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#page = none;
    this.#watch[Symbol.dispose]();
    this.#resume?.();
  }
}
