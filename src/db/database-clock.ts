import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../observability/logger.ts";
import type { Database } from "./database.ts";

const syncIntervalMs = 60_000;

const statement = {
  name: "database_time",
  text: "select (extract(epoch from clock_timestamp()) * 1000)::float8 as now",
};

/**
 * The time by the database's clock, so that processes whose own clocks differ agree on what is due and what has
 * expired. Between two questions to the database this process's monotonic clock goes on from the last answer.
 */
export class DatabaseClock implements Clock, Disposable {
  readonly #database: Database;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  /** What the database's clock showed when `performance.now()` was 0, in milliseconds since 1970. */
  #origin = 0;

  private constructor(database: Database, log: Logger) {
    this.#database = database;
    this.#log = log;
  }

  static async start(database: Database, log: Logger): Promise<DatabaseClock> {
    const clock = new DatabaseClock(database, log);
    await clock.#sync();
    clock.#timer = setInterval(() => void clock.#follow(), syncIntervalMs).unref();
    return clock;
  }

  now(): Date {
    return new Date(this.#origin + performance.now());
  }

  async #sync(): Promise<void> {
    const asked = performance.now();
    const [row] = await this.#database.query<{ now: number }>(statement, []);
    const answered = performance.now();
    this.#origin = row!.now - (asked + answered) / 2;
  }

  async #follow(): Promise<void> {
    try {
      await this.#sync();
    } catch (error) {
      this.#log.tell("database.clock_unread", { err: error });
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
