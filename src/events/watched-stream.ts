import { type CursorError, HistoryChangedError, type Place } from "./cursor.ts";
import type { StreamEvent } from "./event.ts";
import { RecentEvents } from "./recent-events.ts";
import type { StreamPage } from "./stream-page.ts";

/** What a poll finds of a stream. */
export interface PolledStream extends Place {
  readonly timeline: string;
}

/**
 * One user's stream as the readers of this process share it. What one of them reads, or what this process has committed
 * itself, the others find in memory. Where the database contradicts that, the database is right: the stream ends, with
 * all of its readers, and nothing of it is used again.
 */
export class WatchedStream {
  readonly userId: string;
  readonly recent = new RecentEvents();
  readers = 0;
  /** Counts wake-ups, so that one between a look and a wait is not missed. */
  wakeUps = 0;
  readonly #onContradiction: (stream: WatchedStream) => void;
  #timeline: string | null = null;
  #over: CursorError | null = null;
  /** Counts the calls that said that there may be more than `recent` knows. */
  #heard = 0;
  /** What `#heard` was when the latest read that came to the stream's end began. */
  #seen = -1;
  #polled: Place = { seq: 0, mark: 0 };
  readonly #waiting = new Set<() => void>();
  readonly #reads = new Map<string, Promise<StreamPage>>();

  /** @param onContradiction called once, if the database turns out to have another history of this stream */
  constructor(userId: string, onContradiction: (stream: WatchedStream) => void) {
    this.userId = userId;
    this.#onContradiction = onContradiction;
  }

  /** Why it can be read no more; null while it can. */
  get over(): CursorError | null {
    return this.#over;
  }

  /** Ends all of its readers. */
  end(): void {
    this.#over ??= new HistoryChangedError();
    this.wake();
  }

  /** The doorbell has rung. What was committed here needs no read if it follows on what is known. */
  ring(committed: readonly StreamEvent[]): void {
    const isKnown = committed.length > 0 && this.recent.append(committed);
    if (!isKnown) this.#heard += 1;
    this.wake();
  }

  /**
   * The database says where the stream ends.
   * @param known what `recent.end` was before it was asked
   */
  poll({ timeline, seq, mark }: PolledStream, known: Place | null): void {
    this.recent.age();
    if (this.#isAnother(timeline) || (known !== null && seq < known.seq)) return this.#contradict();
    const { end } = this.recent;
    const isNews = seq > (end?.seq ?? 0) || (seq === end?.seq && mark !== end.mark);
    if (!isNews || (seq === this.#polled.seq && mark === this.#polled.mark)) return;
    this.#polled = { seq, mark };
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

  /** Whether nothing follows a place, as far as this process has heard. */
  isAtEnd({ seq, mark }: Place): boolean {
    const { end } = this.recent;
    return end?.seq === seq && end.mark === mark && this.#seen === this.#heard;
  }

  /** One read for all who stand at the same place at that time. */
  async read(after: Place, readPage: () => Promise<StreamPage>): Promise<StreamPage> {
    const key = `${after.seq} ${after.mark}`;
    const running = this.#reads.get(key);
    if (running !== undefined) return running;
    const reading = this.#learn(readPage).finally(() => this.#reads.delete(key));
    this.#reads.set(key, reading);
    return reading;
  }

  /** Where the stream ends, as a reader asks before its first page. */
  async look<Position extends PolledStream>(readPosition: () => Promise<Position>): Promise<Position> {
    let position: Position | undefined;
    await this.#learn(async () => {
      position = await readPosition();
      return { after: position, events: [], isLast: true, timeline: position.timeline };
    });
    return position!;
  }

  async #learn(read: () => Promise<StreamPage>): Promise<StreamPage> {
    // What rings from now on may be missing in the answer.
    const heard = this.#heard;
    const known = this.recent.end;
    const page = await this.#ask(read);
    const { after, events, isLast, timeline } = page;
    const last = events.at(-1) ?? after;
    const isShort = isLast && known !== null && last.seq < known.seq;
    if (this.#isAnother(timeline) || isShort || [after, ...events].some((place) => this.recent.contradicts(place))) {
      this.#contradict();
      return page;
    }
    const { end } = this.recent;
    if (end === null || after.seq > end.seq) this.recent.restart(after);
    this.recent.append(events);
    if (isLast) this.#seen = Math.max(this.#seen, heard);
    return page;
  }

  async #ask(read: () => Promise<StreamPage>): Promise<StreamPage> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof HistoryChangedError) this.#contradict();
      throw error;
    }
  }

  #isAnother(timeline: string | null): boolean {
    this.#timeline ??= timeline;
    return timeline !== null && this.#timeline !== timeline;
  }

  #contradict(): void {
    if (this.#over !== null) return;
    this.end();
    this.#onContradiction(this);
  }
}
