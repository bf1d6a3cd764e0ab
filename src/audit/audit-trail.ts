import type { Database, EntityManager } from "../db/database.ts";
import { RateLimitedError } from "../errors/auth-error.ts";
import { type OperationOutcome, outcomeOf } from "../errors/outcome.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../observability/logger.ts";
import { type AuditAction, type AuditActor, type AuditEntry, writeAudit, writeRefusal } from "./audit-log.ts";

export interface AuditedAction {
  readonly action: AuditAction;
  readonly outcome: OperationOutcome;
  readonly provider?: string | null;
  readonly credential?: { readonly id: string; readonly provider: string };
}

/** Writes who did what, with the caller's identities. */
export class AuditTrail {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(database: Database, clock: Clock, log: Logger) {
    this.#database = database;
    this.#clock = clock;
    this.#log = log;
  }

  /** In the transaction of `em`. */
  async write(em: EntityManager, by: AuditActor, done: AuditedAction): Promise<void> {
    await writeAudit(em, this.#clock.now(), entryOf(by, done));
  }

  /** Runs `work`, and puts on record how it failed. What succeeds has put itself on record. */
  async attempt<T>(by: AuditActor, action: Omit<AuditedAction, "outcome">, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.writeFailure(by, action, error);
      throw error;
    }
  }

  /**
   * Outside any transaction. Refused in the same way again and again, it is one entry for a while. It never throws: the
   * error that it tells of is the one to show.
   */
  async writeFailure(by: AuditActor, action: Omit<AuditedAction, "outcome">, error: unknown): Promise<void> {
    const outcome = outcomeOf(error);
    const kind = error instanceof RateLimitedError ? error.policy.name : null;
    const entry = entryOf(by, { ...action, outcome });
    await this.keepFailure(action.action, error, () =>
      writeRefusal(this.#database.em(), this.#clock.now(), entry, kind),
    );
  }

  /**
   * Runs the transaction that puts a failure on record together with what it changes. It never throws, as
   * `writeFailure`: where the entry cannot be written, nothing is changed and the log tells of it.
   */
  async keepFailure(action: AuditAction, error: unknown, transaction: () => Promise<void>): Promise<void> {
    try {
      await transaction();
    } catch (auditError) {
      this.#log.tell("audit.unwritten", { action, outcome: outcomeOf(error), err: auditError });
    }
  }
}

function entryOf(
  { userId, actor, ip, userAgent }: AuditActor,
  { action, outcome, provider, credential }: AuditedAction,
): AuditEntry {
  const about = { provider: credential?.provider ?? provider ?? null, credentialId: credential?.id ?? null };
  return { userId, actor, ip, userAgent, action, outcome, ...about };
}
