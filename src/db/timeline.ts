import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Database } from "./database.ts";
import { TimelineMemory } from "./timeline-memory.ts";
import {
  beginTimeline,
  findBreak,
  isUnplaced,
  placeTimeline,
  readTimeline,
  type TimelineCause,
  type TimelineState,
} from "./timeline-row.ts";

const explanations: Readonly<Record<TimelineCause, string>> = {
  restored: "its tables were loaded from a dump",
  copied: "it is in another database or cluster than before: a copy, or restored elsewhere",
  promoted: "PostgreSQL has left its former history: a standby was promoted, or a backup recovered",
  moved: "the folder of the embedded database was copied here",
  "log went back": "its log is behind what was seen of it before: an older state of its files was put back",
  "streams went back": "it lacks events that this server has seen in it, or has others in their place",
  operator: "the operator has said so",
};

const lastLookMs = 1_000;

/** What the timeline is told to begin it with. */
interface Parts {
  readonly database: Database;
  readonly dataDir: string;
  readonly metrics: Pick<Metrics, "timelineBegan">;
  readonly log: Logger;
  /** Between two looks. */
  readonly intervalMs: number;
  /** The providers that take a refresh token any number of times. */
  readonly reusable: readonly string[];
}

/**
 * The one history of the database that this process works with. Places in streams belong to it; they end where the
 * database turns out to be a copy, or to have gone back to an earlier state. Any server that notices begins a new one,
 * in a single row that all of them look at.
 */
export class Timeline implements AsyncDisposable {
  readonly #database: Database;
  readonly #metrics: Parts["metrics"];
  readonly #log: Logger;
  readonly #memory: TimelineMemory;
  readonly #intervalMs: number;
  readonly #reusable: readonly string[];
  readonly #listeners: (() => void)[] = [];
  #id = "";
  #doubt: TimelineCause | null = null;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | null = null;
  #isClosed = false;

  private constructor({ database, dataDir, metrics, log, intervalMs, reusable }: Parts) {
    this.#reusable = reusable;
    this.#database = database;
    this.#metrics = metrics;
    this.#log = log;
    this.#intervalMs = intervalMs;
    this.#memory = new TimelineMemory(dataDir);
  }

  /** Resolves once it is known, and has begun anew where the database is not the one it was. */
  static async open(parts: Parts): Promise<Timeline> {
    const timeline = new Timeline(parts);
    await timeline.#look();
    timeline.#schedule();
    return timeline;
  }

  /** Random; changes with each new timeline. */
  get id(): string {
    return this.#id;
  }

  /** @param listener called when a new timeline has begun */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Somebody has seen that the database contradicts what it said before: a new timeline begins. */
  doubt(): void {
    this.#doubt = "streams went back";
    void this.look();
  }

  /** Looks now. Never rejects: a database that is away is looked at again. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((error: unknown) => this.#log.tell("timeline.unread", { err: error }))
      .finally(() => (this.#looking = null));
    return this.#looking;
  }

  async #look(): Promise<void> {
    let state = await readTimeline(this.#database);
    const cause = this.#causeOf(state);
    if (cause !== null) {
      // Only one of several processes that notice at the same time begins it; the others find it.
      const isBegun = await beginTimeline(this.#database, state, { cause, reusable: this.#reusable });
      state = await readTimeline(this.#database);
      if (isBegun) this.#tell(cause);
    } else if (isUnplaced(state)) {
      await placeTimeline(this.#database, state);
    }
    const { id: timeline, log } = state;
    if (timeline !== this.#id) this.#change(timeline);
    if (log !== null) await this.#memory.see({ timeline, log });
  }

  #causeOf(state: TimelineState): TimelineCause | null {
    const doubt = this.#doubt;
    this.#doubt = null;
    const found = findBreak(state);
    if (found !== null) return found;
    // What was doubted of an earlier timeline is settled by the new one.
    if (state.id !== this.#id && this.#id !== "") return null;
    const { id: timeline, log } = state;
    return log !== null && this.#memory.isBehind({ timeline, log }) ? "log went back" : doubt;
  }

  #tell(cause: TimelineCause): void {
    this.#metrics.timelineBegan(cause);
    this.#log.tell("timeline.began", { reason: explanations[cause] });
  }

  #change(id: string): void {
    const isFirst = this.#id === "";
    this.#id = id;
    if (isFirst) return;
    this.#log.tell("timeline.changed");
    for (const listener of this.#listeners) listener();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.look().then(() => this.#schedule()), this.#intervalMs).unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    // What this run has written last is remembered, too, unless the database keeps the stop waiting.
    await Promise.race([this.look(), delay(lastLookMs, undefined, { ref: false })]);
    await this.#memory.flush();
  }
}
