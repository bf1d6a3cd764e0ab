import { type AuditAction, writeAudit } from "../../audit/audit-log.ts";
import type { EntityManager } from "../../db/database.ts";

/** Puts on record what an operator did with a key, in the transaction that does it. Null for all keys. */
export async function auditKey(
  em: EntityManager,
  action: Extract<AuditAction, `key.${string}`>,
  { actor, keyId, at }: { readonly actor: string; readonly keyId: number | null; readonly at: Date },
): Promise<void> {
  await writeAudit(em, at, {
    userId: null,
    actor,
    action,
    outcome: "succeeded",
    provider: null,
    credentialId: null,
    keyId,
    ip: null,
    userAgent: "maestro-auth",
  });
}

/** Of several commands on the keys one decides at a time. What is sealed meanwhile does not wait. */
export async function lockKeys(em: EntityManager): Promise<void> {
  await em.execute("select 1 from encryption_keys order by id for no key update");
}
