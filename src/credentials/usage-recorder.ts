import type { Database } from "../db/database.ts";
import type { Logger } from "../observability/logger.ts";

interface Use {
  readonly credentialId: string;
  readonly userId: string;
  readonly hour: number;
  uses: number;
  lastUsedAt: number;
}

const hourMs = 3_600_000;
/** How long a use may wait before it is written, and so how much a crash can lose. */
const flushIntervalMs = 2_000;
const maxPending = 10_000;

/**
 * Counts the uses of credentials in memory and writes them together: `last_used_at` and the hourly counts cost
 * `issueAccess` no write of its own.
 */
export class UsageRecorder implements AsyncDisposable {
  readonly #database: Database;
  readonly #log: Logger;
  #pending = new Map<string, Use>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(database: Database, log: Logger) {
    this.#database = database;
    this.#log = log;
  }

  record(userId: string, credentialId: string, at: Date): void {
    const time = at.getTime();
    const hour = time - (time % hourMs);
    const key = `${credentialId} ${hour}`;
    const use = this.#pending.get(key);
    if (use === undefined) this.#pending.set(key, { credentialId, userId, hour, uses: 1, lastUsedAt: time });
    else {
      use.uses += 1;
      use.lastUsedAt = Math.max(use.lastUsedAt, time);
    }
    if (this.#pending.size >= maxPending) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), flushIntervalMs).unref();
  }

  /** Writes what was counted so far. What cannot be written is kept for the next time. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const uses = [...this.#pending.values()];
    this.#pending.clear();
    this.#writing = this.#writing.then(() => this.#write(uses));
    await this.#writing;
  }

  async #write(uses: readonly Use[]): Promise<void> {
    if (uses.length === 0) return;
    const rows = JSON.stringify(uses);
    try {
      await this.#database.query(statement, [rows]);
    } catch (error) {
      this.#log.warn(
        { err: error, credentials: uses.length },
        "uses of credentials could not be written; they are kept in memory",
      );
      for (const use of uses) this.#keep(use);
      this.#timer ??= setTimeout(() => void this.flush(), flushIntervalMs).unref();
    }
  }

  #keep(use: Use): void {
    const key = `${use.credentialId} ${use.hour}`;
    const newer = this.#pending.get(key);
    if (newer !== undefined) newer.uses += use.uses;
    else if (this.#pending.size < maxPending) this.#pending.set(key, use);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
  }
}

// One statement, so that after a failure nothing of it has been counted. The rows are locked in the order of their ids:
// two processes that write the same credentials in different orders would stop each other.
const statement = {
  name: "record_credential_uses",
  text: `with used as (
      select "credentialId" as id, "userId" as user_id, to_timestamp(hour / 1000) as hour, uses,
        to_timestamp("lastUsedAt" / 1000) as last_used_at
      from json_to_recordset($1::json)
        as r ("credentialId" uuid, "userId" text, hour float8, uses int, "lastUsedAt" float8)
    ), counted as (
      insert into credential_uses (credential_id, hour, user_id, uses)
      select id, hour, user_id, uses from used order by 1, 2
      on conflict (credential_id, hour) do update set uses = credential_uses.uses + excluded.uses
    ), locked as materialized (
      select c.id from provider_credentials c join used u on c.user_id = u.user_id and c.id = u.id
      order by c.id for no key update of c
    )
    update provider_credentials c set last_used_at = greatest(c.last_used_at, u.last_used_at)
    from (select id, user_id, max(last_used_at) as last_used_at from used group by 1, 2) u
      join locked on locked.id = u.id
    where c.user_id = u.user_id and c.id = u.id`,
};
