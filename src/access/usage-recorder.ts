import type { Database } from "../db/database.ts";
import { WriteBehind } from "../lib/write-behind.ts";
import type { Logger } from "../observability/logger.ts";

interface Use {
  readonly credentialId: string;
  readonly userId: string;
  readonly hour: number;
  readonly uses: number;
  readonly lastUsedAt: number;
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
  readonly #uses: WriteBehind<Use>;

  constructor(database: Database, log: Logger) {
    this.#uses = new WriteBehind<Use>({
      delayMs: flushIntervalMs,
      maxPending,
      merge: (older, newer) => ({
        ...newer,
        uses: older.uses + newer.uses,
        lastUsedAt: Math.max(older.lastUsedAt, newer.lastUsedAt),
      }),
      write: async (uses) => void (await database.query(statement, [JSON.stringify(uses)])),
      onFailure: (err, count) => log.tell("writing.delayed", { table: "credential_uses", count, err }),
    });
  }

  record(userId: string, credentialId: string, at: Date): void {
    const time = at.getTime();
    const hour = time - (time % hourMs);
    this.#uses.add(`${credentialId} ${hour}`, { credentialId, userId, hour, uses: 1, lastUsedAt: time });
  }

  /** Writes what was counted so far. What cannot be written is kept for the next time. */
  async flush(): Promise<void> {
    await this.#uses.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#uses[Symbol.asyncDispose]();
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
