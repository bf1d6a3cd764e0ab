import { createHash } from "node:crypto";
import { defineEntity, p } from "@mikro-orm/core";
import type { EntityManager } from "../db/database.ts";
import type { OperationOutcome } from "../errors/outcome.ts";

/** Who acted, for whom, and from where. Every caller is one. */
export interface AuditActor {
  readonly userId: string;
  /** The `sub` that acted: the user, or a service on the user's behalf. */
  readonly actor: string;
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/** What is put on record. */
export type AuditAction =
  | "credential.authenticate"
  | "credential.import"
  | "credential.validate"
  | "credential.refresh"
  | "credential.revoke"
  /** A service got headers, or was refused them; the first time in an hour. */
  | "credential.access"
  /** A service read what a user has; the first time in an hour. */
  | "user.read"
  /** A service subscribed to what happens to a user; the first time in an hour. */
  | "user.follow"
  | "session.start"
  | "session.end"
  | "session.end_others"
  /** Of the operator's, and no user's: a key was made, became active, and has all rows. */
  | "key.rotate"
  | "key.destroy"
  | "key.rewrap";

export interface AuditEntry extends Omit<AuditActor, "userId"> {
  /** Null for what concerns the whole server, such as its keys. No user can read such an entry. */
  readonly userId: string | null;
  readonly action: AuditAction;
  readonly outcome: OperationOutcome;
  readonly provider: string | null;
  readonly credentialId: string | null;
  /** The encryption key that it is about, where it is about one. */
  readonly keyId?: number | null;
}

/** The table `audit_log`. Rows are added, never changed, and removed when their time of keeping is over. */
export const AuditEntryEntity = defineEntity({
  name: "AuditEntry",
  tableName: "audit_log",
  indexes: [
    { name: "audit_log_user_id_index", properties: ["userId", "at", "id"] },
    { name: "audit_log_at_index", properties: ["at", "id"] },
  ],
  uniques: [{ name: "audit_log_once_unique", properties: ["userId", "once"] }],
  properties: {
    id: p.bigint("number").primary().autoincrement(),
    at: p.datetime(3),
    /** Whose credential it was. */
    userId: p.string().length(255).nullable(),
    actor: p.string().length(255),
    action: p.string().length(64),
    outcome: p.string().length(64),
    provider: p.string().length(64).nullable(),
    credentialId: p.uuid().nullable(),
    keyId: p.integer().nullable(),
    ip: p.string().length(64).nullable(),
    userAgent: p.string().length(256).nullable(),
    /** Of the entries of a user that have the same text here, only the first is written. */
    once: p.string().length(64).nullable(),
  },
});

const maxUserAgentLength = 256;

/** As much of a user agent as the table keeps. */
export function shortUserAgent(userAgent: string | null): string | null {
  return userAgent?.slice(0, maxUserAgentLength).toWellFormed() ?? null;
}

/** The entries of refusals that are equal within such a window are one; milliseconds. */
const refusalWindowMs = 300_000;

/** Names the present window of an entry, for `once`. */
function windowOf(
  { userId, actor, action, outcome, provider, credentialId }: AuditEntry,
  kind: string | null,
  at: Date,
): string {
  const window = Math.floor(at.getTime() / refusalWindowMs);
  const key = JSON.stringify([userId, actor, action, outcome, provider, credentialId, kind, window]);
  return createHash("sha256").update(key).digest("base64url");
}

/**
 * Adds the entry of a refusal, unless the same was refused in this window already: nobody can flood the log.
 * @param kind tells refusals apart that look the same in the log
 */
export async function writeRefusal(
  em: EntityManager,
  at: Date,
  entry: AuditEntry,
  kind: string | null = null,
): Promise<void> {
  const row = { at, ...entry, userAgent: shortUserAgent(entry.userAgent), once: windowOf(entry, kind, at) };
  await em.createQueryBuilder(AuditEntryEntity).insert(row).onConflict(["userId", "once"]).ignore().execute();
}

/** Adds an entry in the transaction of `em`: it stands exactly when what it tells of does. */
export async function writeAudit(em: EntityManager, at: Date, entry: AuditEntry): Promise<void> {
  await em.insert(AuditEntryEntity, { at, ...entry, userAgent: shortUserAgent(entry.userAgent) });
}
