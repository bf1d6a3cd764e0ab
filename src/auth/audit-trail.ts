import type { Caller } from "../callers/caller.ts";
import type { Clock } from "../clock.ts";
import type { Database, EntityManager } from "../db/database.ts";
import { AuthError } from "../errors.ts";
import { type AuditEntry, writeAudit } from "../observability/audit-log.ts";
import type { Logger } from "../observability/logger.ts";

export interface AuditedAction {
  readonly action: AuditEntry["action"];
  readonly outcome: AuditEntry["outcome"];
  readonly provider?: string | null;
  readonly credential?: { readonly id: string; readonly provider: string };
}

/** Writes who did what to a credential, with the caller's identities. */
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
  async write(
    em: EntityManager,
    caller: Caller,
    { action, outcome, provider, credential }: AuditedAction,
  ): Promise<void> {
    await writeAudit(em, this.#clock.now(), {
      userId: caller.userId,
      actor: caller.actor,
      ip: caller.ip,
      userAgent: caller.userAgent,
      action,
      outcome,
      provider: credential?.provider ?? provider ?? null,
      credentialId: credential?.id ?? null,
    });
  }

  /** Outside any transaction. It never throws: the error that it tells of is the one to show. */
  async writeFailure(caller: Caller, action: Omit<AuditedAction, "outcome">, error: unknown): Promise<void> {
    const outcome = error instanceof AuthError ? error.code : "INTERNAL_ERROR";
    try {
      await this.write(this.#database.em(), caller, { ...action, outcome });
    } catch (auditError) {
      this.#log.error({ err: auditError, action: action.action, outcome }, "an audit entry could not be written");
    }
  }
}
