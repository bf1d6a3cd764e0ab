import type { FieldsOf, LogEventName } from "./log-events.ts";
import type { Logger } from "./logger.ts";

/** Milliseconds after which an outage that lasts is told again. */
const reminderMs = 60_000;

type Lost = Extract<LogEventName, `${string}.lost`>;
type Regained = Extract<LogEventName, `${string}.regained`>;

/**
 * Tells the log of something that this server needs and that may be away: when it is lost, every minute while it stays
 * away and at once when the reason is another one, and when it is back.
 */
export class OutageLog<Away extends Lost, Back extends Regained> {
  readonly #log: Logger;
  readonly #events: { readonly lost: Away; readonly regained: Back };
  readonly #now: () => number;
  #lostAt: number | null = null;
  /** Whether the log knows of this outage. */
  #isTold = false;
  readonly #toldAt = new Map<string, number>();

  constructor(
    log: Logger,
    events: { readonly lost: Away; readonly regained: Back },
    now: () => number = () => performance.now(),
  ) {
    this.#log = log;
    this.#events = events;
    this.#now = now;
  }

  /** @param reason one of few: what has another one is told at once */
  lost(reason: string, fields: FieldsOf<Away>): void {
    const now = this.#now();
    this.#lostAt ??= now;
    if (now - (this.#toldAt.get(reason) ?? -Infinity) < reminderMs) return;
    this.#toldAt.set(reason, now);
    this.#isTold = true;
    this.#log.tell(this.#events.lost, fields);
  }

  /** @param fields beside `seconds`, which is told of each */
  regained(fields: FieldsOf<Back> = {}): void {
    if (this.#lostAt === null) return;
    const seconds = Math.round((this.#now() - this.#lostAt) / 1_000);
    this.#lostAt = null;
    // What comes and goes many times a minute is told once a minute.
    if (!this.#isTold) return;
    this.#isTold = false;
    this.#log.tell(this.#events.regained, { ...fields, seconds } as FieldsOf<Back>);
  }
}
