import type { Place } from "./cursor.ts";
import type { StreamEvent } from "./event.ts";

/** As many as a burst has; a reader that is further behind reads the database. */
const maxEvents = 64;
const maxBytes = 65_536;

/** The end of one user's stream, in memory: the latest events without a gap, of which the oldest are soon dropped. */
export class RecentEvents {
  #events: StreamEvent[] = [];
  #sizes: number[] = [];
  #bytes = 0;
  /** How many of the events were already here when `age` was last called. */
  #aged = 0;
  #end: Place | null = null;

  /** The last event that was added, whether it is still here or not; null before the first is known. */
  get end(): Place | null {
    return this.#end;
  }

  /** The event that follows a place, if it is here. */
  after({ seq, mark }: Place): StreamEvent | undefined {
    const first = this.#events[0];
    if (first === undefined || seq < first.seq - 1) return undefined;
    const event = this.#events[seq - first.seq + 1];
    return event?.previous === mark ? event : undefined;
  }

  /** Whether a place, as somebody else has read it, is in another history than what is here. */
  contradicts({ seq, mark }: Place): boolean {
    if (seq === this.#end?.seq) return mark !== this.#end.mark;
    const event = this.#events[seq - (this.#events[0]?.seq ?? 0)];
    return event !== undefined && event.mark !== mark;
  }

  /** Forgets everything: what is added next follows the place. */
  restart({ seq, mark }: Place): void {
    this.#drop(this.#events.length);
    this.#end = { seq, mark };
  }

  /**
   * Adds those that are new here.
   * @param events numbered without a hole
   * @returns false, and adds none, if they don't follow on what is here
   */
  append(events: readonly StreamEvent[]): boolean {
    const [first] = events;
    if (first === undefined) return true;
    if (this.#end === null || first.seq > this.#end.seq + 1) return false;
    if (events.some((event) => this.contradicts(event))) return false;
    const added = events[this.#end.seq + 1 - first.seq];
    if (added !== undefined && added.previous !== this.#end.mark) return false;
    for (const event of events) if (event.seq > this.#end.seq) this.#add(event);
    return true;
  }

  /** Drops what was here at the last call: called at intervals, it lets nothing stay for longer than two of them. */
  age(): void {
    this.#drop(this.#aged);
    this.#aged = this.#events.length;
  }

  #add(event: StreamEvent): void {
    const size = JSON.stringify(event.body).length;
    this.#events.push(event);
    this.#sizes.push(size);
    this.#bytes += size;
    this.#end = { seq: event.seq, mark: event.mark };
    while (this.#events.length > maxEvents || this.#bytes > maxBytes) this.#drop(1);
  }

  #drop(count: number): void {
    this.#events.splice(0, count);
    for (const size of this.#sizes.splice(0, count)) this.#bytes -= size;
    this.#aged = Math.max(0, this.#aged - count);
  }
}
