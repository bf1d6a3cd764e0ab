import { defineEntity, p } from "@mikro-orm/core";
import type { EntityManager } from "../db/database.ts";
import type { ErrorCode } from "../errors.ts";

/** Who acted, and from where. */
export interface AuditActor {
  /** The `sub` that acted: the user, or a service on the user's behalf. */
  readonly actor: string;
  readonly ip: string | null;
  readonly userAgent: string | null;
}

export interface AuditEntry extends AuditActor {
  readonly userId: string;
  readonly action:
    | "credential.authenticate"
    | "credential.import"
    | "credential.validate"
    | "credential.refresh"
    | "credential.revoke";
  readonly outcome: "succeeded" | ErrorCode | "INTERNAL_ERROR";
  readonly provider: string | null;
  readonly credentialId: string | null;
}

/** The table `audit_log`. Rows are only added. */
export const AuditEntryEntity = defineEntity({
  name: "AuditEntry",
  tableName: "audit_log",
  indexes: [{ name: "audit_log_user_id_index", properties: ["userId", "at", "id"] }],
  properties: {
    id: p.bigint("number").primary().autoincrement(),
    at: p.datetime(3),
    /** Whose credential it was. */
    userId: p.string().length(255),
    actor: p.string().length(255),
    action: p.string().length(64),
    outcome: p.string().length(64),
    provider: p.string().length(64).nullable(),
    credentialId: p.uuid().nullable(),
    ip: p.string().length(64).nullable(),
    userAgent: p.string().length(256).nullable(),
  },
});

/** Adds an entry in the transaction of `em`: it stands exactly when what it tells of does. */
export async function writeAudit(em: EntityManager, at: Date, entry: AuditEntry): Promise<void> {
  await em.insert(AuditEntryEntity, { at, ...entry, userAgent: entry.userAgent?.slice(0, 256) ?? null });
}
