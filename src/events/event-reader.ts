import type { Place } from "./cursor.ts";
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
  readonly #readPage: (after: Place) => Promise<StreamPage>;
  #place: Place;
  #page = none;
  #isClosed = false;
  #resume: (() => void) | null = null;

  /** @param watch is disposed with the reader */
  constructor(watch: WatchHandle, start: Place, readPage: (after: Place) => Promise<StreamPage>) {
    this.#watch = watch;
    this.#place = start;
    this.#readPage = readPage;
  }

  /** The number of the latest event that this process knows of. */
  get latest(): number {
    return Math.max(this.#place.seq, this.#watch.stream.recent.end?.seq ?? 0);
  }

  /**
   * Waits for the event after the last one; done only once the reader is closed.
   * @throws CursorError if retention has overtaken the reader, or the database has gone back
   */
  async next(): Promise<IteratorResult<StreamEvent, undefined>> {
    const { stream } = this.#watch;
    while (!this.#isClosed) {
      if (stream.over !== null) throw stream.over;
      // The one in memory first: readers who get the same object can share what is made of it.
      const event = stream.recent.after(this.#place) ?? this.#nextOfPage();
      if (event !== undefined) {
        this.#place = event;
        return { value: event, done: false };
      }
      this.#page = none;
      if (stream.isAtEnd(this.#place)) await this.#change();
      else this.#page = (await stream.read(this.#place, () => this.#readPage(this.#place))).events;
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
    const event = first === undefined ? undefined : this.#page[this.#place.seq + 1 - first.seq];
    return event?.previous === this.#place.mark ? event : undefined;
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
