import type { Database } from "../../db/database.ts";
import { OperatorError } from "../../errors/operator-error.ts";
import type { Clock } from "../../lib/clock.ts";
import { EncryptionKeyEntity } from "../sealing/encryption-key.ts";
import type { KeyWrapper } from "../sealing/key-wrapper.ts";
import { rewrapKey } from "../sealing/wrapped-key.ts";
import { auditKey, lockKeys } from "./key-audit.ts";
import { ServerProcesses } from "./server-processes.ts";

/** Servers could not start again. */
class KeyEncryptionKeyMissingError extends OperatorError {
  constructor(kekId: string, servers: readonly string[]) {
    super(
      `These servers lack key-encryption key "${kekId}" and could not start again: ${servers.join("; ")}. Nothing was changed.`,
      "Give them the same CREDENTIAL_ENCRYPTION_KEY as this command, and restart them first.",
    );
  }
}

/** What was done, and which names of CREDENTIAL_ENCRYPTION_KEY no key needs any more. */
export interface Rewrapping {
  readonly kekId: string;
  readonly rewrapped: readonly number[];
  readonly removable: readonly string[];
}

/**
 * Wraps every key anew under the first key of CREDENTIAL_ENCRYPTION_KEY, in one transaction. Rows are not touched.
 * @throws KeyringError, or an OperatorError while a running server lacks that key; nothing is changed then.
 */
export async function rewrapKeys(
  { database, clock, wrapper }: { readonly database: Database; readonly clock: Clock; readonly wrapper: KeyWrapper },
  actor: string,
): Promise<Rewrapping> {
  const kekId = wrapper.activeKekId;
  return database.transaction(async (em) => {
    await lockKeys(em);
    const servers = await new ServerProcesses(database).listLive(em);
    const lacking = servers.filter(({ kekIds }) => !kekIds.includes(kekId)).map(({ name }) => name);
    if (lacking.length > 0) throw new KeyEncryptionKeyMissingError(kekId, lacking);
    const where = { state: { $ne: "destroyed" as const }, kekId: { $ne: kekId } };
    const keys = await em.find(EncryptionKeyEntity, where, { orderBy: { id: "asc" } });
    for (const key of keys) await em.nativeUpdate(EncryptionKeyEntity, { id: key.id }, await rewrapKey(wrapper, key));
    if (keys.length > 0) await auditKey(em, "key.rewrap", { actor, keyId: null, at: clock.now() });
    return { kekId, rewrapped: keys.map(({ id }) => id), removable: wrapper.kekIds.filter((id) => id !== kekId) };
  });
}
