import { IsolationLevel, type Transaction } from "@mikro-orm/core";
import { OperatorError } from "../errors/operator-error.ts";
import type { Database } from "./database.ts";

/** Any constant will do; it names the lock. */
const migrationLock = 4_727_201;
/** Milliseconds after which a wait is told of, and then again. */
const tellEveryMs = 3_000;

const blockersQuery = {
  name: "lock_blockers",
  text: `select blocker.pid, a.application_name as program, a.client_addr::text as address, a.usename as role
    from unnest(pg_blocking_pids($1)) as blocker (pid) left join pg_stat_activity a on a.pid = blocker.pid`,
};

interface Blocker {
  readonly pid: number;
  /** These are null where the role may not see them. */
  readonly program: string | null;
  readonly address: string | null;
  readonly role: string | null;
}

function describe({ pid, program, address, role }: Blocker): string {
  const details = [program, role === null ? null : `role ${role}`, address === null ? null : `from ${address}`];
  const shown = details.filter((detail) => detail !== null && detail !== "");
  return `process ${pid}${shown.length === 0 ? "" : ` (${shown.join(", ")})`}`;
}

class LockedMigrationsError extends OperatorError {
  constructor(waitMs: number, blockers: readonly Blocker[]) {
    const holders = blockers.length === 0 ? "another process" : blockers.map(describe).join(" and ");
    const [first] = blockers;
    super(
      `The migrations waited ${Math.round(waitMs / 1_000)} s for a lock that ${holders} of PostgreSQL holds. Nothing was changed.`,
      `Let it end${first === undefined ? "" : `, or end it with: select pg_terminate_backend(${first.pid})`}. DATABASE_WAIT_SECONDS sets how long this waits.`,
    );
  }
}

export interface LockOptions {
  readonly database: Database;
  /** Whose transaction holds the lock. */
  readonly orm: Database["orm"];
  readonly waitMs: number;
  readonly onWait: (text: string) => void;
}

interface Lock {
  readonly transaction: Transaction;
  execute(statement: string): Promise<unknown>;
}

/** Tells who keeps a process of PostgreSQL waiting, from another connection, until it is disposed. */
class LockWatch implements Disposable {
  readonly #database: Database;
  readonly #pid: number;
  readonly #onWait: (text: string) => void;
  readonly #timer: NodeJS.Timeout;
  /** Who was seen last. */
  blockers: readonly Blocker[] = [];

  constructor(database: Database, pid: number, { waitMs, onWait }: Pick<LockOptions, "waitMs" | "onWait">) {
    this.#database = database;
    this.#pid = pid;
    this.#onWait = onWait;
    this.#timer = setInterval(() => void this.#look(), Math.min(tellEveryMs, waitMs / 2)).unref();
  }

  async #look(): Promise<void> {
    try {
      const blockers = await this.#database.query<Blocker>(blockersQuery, [this.#pid]);
      if (blockers.length === 0) return;
      this.blockers = blockers;
      this.#onWait(`The migrations wait for a lock that ${blockers.map(describe).join(" and ")} of PostgreSQL holds`);
    } catch {
      // What fails is told by who waits.
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/**
 * Runs `work` in a transaction while no other process does the same on this database. The lock ends with the
 * transaction, whatever stands between this process and PostgreSQL: a pooler would give a session's lock to whoever
 * comes next.
 * @throws OperatorError that names who holds this lock, or another that `work` needs, for longer than `waitMs`.
 */
export async function withMigrationLock<T>(options: LockOptions, work: (lock: Lock) => Promise<T>): Promise<T> {
  const { database, orm, waitMs } = options;
  const connection = orm.driver.getConnection();
  return connection.transactional(
    async (transaction: Transaction) => {
      const execute = (statement: string) => connection.execute<{ pid: number }[]>(statement, [], "all", transaction);
      // 0 would be no limit.
      const [row] = await execute(
        `select pg_backend_pid() as pid, set_config('lock_timeout', '${Math.max(waitMs, 1_000)}', true),
          set_config('statement_timeout', '0', true)`,
      );
      using watch = new LockWatch(database, row!.pid, { ...options, waitMs: Math.max(waitMs, 1_000) });
      try {
        await execute(`select pg_advisory_xact_lock(${migrationLock})`);
        return await work({ transaction, execute });
      } catch (error) {
        // lock_not_available
        if ((error as { code?: unknown }).code !== "55P03") throw error;
        throw new LockedMigrationsError(Math.max(waitMs, 1_000), watch.blockers);
      }
    },
    // Under another level this would not see what the process before it has migrated.
    { isolationLevel: IsolationLevel.READ_COMMITTED },
  );
}
