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
  #end: number | null = null;

  /** The number of the last event that was added, whether it is still here or not; null before the first is known. */
  get end(): number | null {
    return this.#end;
  }

  /** The event that follows `seq`, if it is here. */
  after(seq: number): StreamEvent | undefined {
    const first = this.#events[0];
    return first === undefined || seq < first.seq - 1 ? undefined : this.#events[seq - first.seq + 1];
  }

  /** Forgets everything: what is added next follows `seq`. */
  restart(seq: number): void {
    this.#drop(this.#events.length);
    this.#end = seq;
  }

  /**
   * Adds those that are new here.
   * @param events numbered without a hole
   * @returns false, and adds none, if it would leave a gap
   */
  append(events: readonly StreamEvent[]): boolean {
    const [first] = events;
    if (first === undefined) return true;
    if (this.#end === null || first.seq > this.#end + 1) return false;
    for (const event of events) if (event.seq > this.#end) this.#add(event);
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
    this.#end = event.seq;
    while (this.#events.length > maxEvents || this.#bytes > maxBytes) this.#drop(1);
  }

  #drop(count: number): void {
    this.#events.splice(0, count);
    for (const size of this.#sizes.splice(0, count)) this.#bytes -= size;
    this.#aged = Math.max(0, this.#aged - count);
  }
}
