import type { Database } from "../db/database.ts";
import { WriteBehind } from "../lib/write-behind.ts";
import type { Logger } from "../observability/logger.ts";
import type { SessionTimeout } from "./session-timeout.ts";

/** How long activity may wait before it is written, and so how much a crash can lose, in milliseconds. */
const flushIntervalMs = 5_000;

interface Activity {
  readonly id: string;
  readonly userId: string;
  readonly at: number;
}

// A session that a sweeper has closed stays closed. The rows are locked in the order of their ids, as everywhere: two
// processes that write the same sessions in different orders would stop each other.
const statement = {
  name: "record_session_activity",
  text: `with a as materialized (
      select * from json_to_recordset($1::json)
        as r ("id" uuid, "userId" text, at float8, "expiresAt" float8, "noticeAt" float8)
    ), locked as materialized (
      select s.id from sessions s join a on s.user_id = a."userId" and s.id = a.id order by s.id for no key update of s
    )
    update sessions s set
      last_activity_at = greatest(s.last_activity_at, to_timestamp(a.at / 1000)),
      expires_at = greatest(s.expires_at, to_timestamp(a."expiresAt" / 1000)),
      notice_at = greatest(s.notice_at, to_timestamp(a."noticeAt" / 1000))
    from a join locked on locked.id = a.id
    where s.id = a.id and s.status = 'active'`,
};

/**
 * Notes the activity of sessions in memory and writes it together: at most one write for each session in five seconds.
 */
export class ActivityRecorder implements AsyncDisposable {
  readonly #activities: WriteBehind<Activity>;

  constructor(database: Database, timeout: SessionTimeout, log: Logger) {
    const rowOf = ({ id, userId, at }: Activity) => {
      const { expiresAt, noticeAt } = timeout.from(new Date(at));
      return { id, userId, at, expiresAt: expiresAt.getTime(), noticeAt: noticeAt.getTime() };
    };
    this.#activities = new WriteBehind<Activity>({
      delayMs: flushIntervalMs,
      merge: (_older, newer) => newer,
      write: async (activities) => void (await database.query(statement, [JSON.stringify(activities.map(rowOf))])),
      onFailure: (err, count) => log.tell("writing.delayed", { table: "sessions", count, err }),
    });
  }

  /** Where the session is about to expire, waits until its activity is written. */
  async record(
    session: { readonly id: string; readonly userId: string; readonly expiresAt: Date },
    now: Date,
  ): Promise<void> {
    const { id, userId, expiresAt } = session;
    this.#activities.add(id, { id, userId, at: now.getTime() });
    // Nobody may take it for expired while this waits.
    if (expiresAt.getTime() - now.getTime() < 2 * flushIntervalMs) await this.flush();
  }

  /** Writes what was noted so far. What cannot be written is kept for the next time. */
  async flush(): Promise<void> {
    await this.#activities.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#activities[Symbol.asyncDispose]();
  }
}
