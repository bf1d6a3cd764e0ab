import type { StreamEvent } from "./event.ts";
import { RecentEvents } from "./recent-events.ts";
import type { StreamPage } from "./stream-page.ts";

/**
 * One user's stream as the readers of this process share it. What one of them reads, or what this process has committed
 * itself, the others find in memory.
 */
export class WatchedStream {
  readonly userId: string;
  readonly recent = new RecentEvents();
  readers = 0;
  /** Counts wake-ups, so that one between a look and a wait is not missed. */
  wakeUps = 0;
  /** Counts the calls that said that there may be more than `recent` knows. */
  #heard = 0;
  /** What `#heard` was when the latest read that came to the stream's end began. */
  #seen = -1;
  #polled = 0;
  readonly #waiting = new Set<() => void>();
  readonly #reads = new Map<number, Promise<StreamPage>>();

  constructor(userId: string) {
    this.userId = userId;
  }

  /** The doorbell has rung. What was committed here needs no read if it follows on what is known. */
  ring(committed: readonly StreamEvent[]): void {
    const isKnown = committed.length > 0 && this.recent.append(committed);
    if (!isKnown) this.#heard += 1;
    this.wake();
  }

  /** The database says that the stream has come to `seq`. */
  poll(seq: number): void {
    this.recent.age();
    if (seq <= Math.max(this.#polled, this.recent.end ?? 0)) return;
    this.#polled = seq;
    this.ring([]);
  }

  wake(): void {
    this.wakeUps += 1;
    for (const resume of this.#waiting) resume();
    this.#waiting.clear();
  }

  /** Calls `resume` at the next wake-up, once. @returns what ends the wait */
  onWake(resume: () => void): () => void {
    this.#waiting.add(resume);
    return () => this.#waiting.delete(resume);
  }

  /** Whether nothing follows `seq`, as far as this process has heard. */
  isAtEnd(seq: number): boolean {
    return this.recent.end === seq && this.#seen === this.#heard;
  }

  /** One read for all who stand at the same place at that time. */
  async read(after: number, readPage: () => Promise<StreamPage>): Promise<StreamPage> {
    const running = this.#reads.get(after);
    if (running !== undefined) return running;
    const reading = this.#learn(readPage).finally(() => this.#reads.delete(after));
    this.#reads.set(after, reading);
    return reading;
  }

  /** Where the stream ends, as a reader asks before its first page. */
  async look<Position extends { readonly seq: number }>(readPosition: () => Promise<Position>): Promise<Position> {
    let position: Position | undefined;
    await this.#learn(async () => {
      position = await readPosition();
      return { after: position.seq, events: [], isLast: true };
    });
    return position!;
  }

  async #learn(read: () => Promise<StreamPage>): Promise<StreamPage> {
    // What rings from now on may be missing in the answer.
    const heard = this.#heard;
    const page = await read();
    const { end } = this.recent;
    if (end === null || page.after > end) this.recent.restart(page.after);
    this.recent.append(page.events);
    if (page.isLast) this.#seen = Math.max(this.#seen, heard);
    return page;
  }
}
