import type { Database, EntityManager } from "../../db/database.ts";
import { OperatorError } from "../../errors/operator-error.ts";
import type { Clock } from "../../lib/clock.ts";
import type { EncryptionKey } from "../sealing/encryption-key.ts";
import { auditKey, lockKeys } from "./key-audit.ts";
import { countUses } from "./key-usage.ts";

/** The key is needed, or was never one to be destroyed. */
class KeyInUseError extends OperatorError {}

/**
 * How long after the change to a newer key something may still be sealed with the older one, in seconds: longer than
 * any process goes without looking at the keys before it seals, or before it sends a refresh whose answer it will seal
 * (see Keyring).
 */
const changeSeconds = 60;

const changeQuery = `select ceil(extract(epoch from max(activated_at) - clock_timestamp()) + ${changeSeconds})::int as seconds
  from encryption_keys`;

const uncertainQuery = `select count(*)::int as count from provider_credentials
  where sent_at < (select max(activated_at) from encryption_keys) + interval '${changeSeconds} seconds'`;

/** Why a key that is no longer used for sealing must stay; null: nothing needs it. */
async function describeUse(em: EntityManager, id: number): Promise<[reason: string, cure: string] | null> {
  const [change] = await em.execute<{ seconds: number }[]>(changeQuery);
  const { seconds } = change!;
  if (seconds > 0) {
    return [
      `Key ${id} was in use until a moment ago, and a server may not have noticed.`,
      `Try again in ${seconds} s.`,
    ];
  }
  const { rows, flows } = await countUses(em);
  const sealed = rows.get(id) ?? 0;
  if (sealed > 0) {
    return [
      `${sealed} credential${sealed === 1 ? " is" : "s are"} sealed with key ${id}.`,
      "Run `maestro-auth keys reseal`; what it lists as unreadable must be restored from a backup or revoked.",
    ];
  }
  const open = flows.get(id) ?? 0;
  if (open > 0)
    return [`${open} OAuth flow${open === 1 ? "" : "s"} under way need key ${id}.`, "Try again in 15 minutes."];
  const [uncertain] = await em.execute<{ count: number }[]>(uncertainQuery);
  if (uncertain!.count === 0) return null;
  return [
    `The outcome of ${uncertain!.count} renewal${uncertain!.count === 1 ? "" : "s"} from the time of the rotation is not known: a server may still bring tokens that are sealed with key ${id}.`,
    "Start the server that has them in its spool, or wait until they are renewed again.",
  ];
}

/** Why a key in this state is not to be destroyed; null: it may be, if nothing uses it. */
function describeState(id: number, key: Pick<EncryptionKey, "state" | "purpose"> | undefined): [string, string] | null {
  if (key === undefined) return [`There is no key ${id}.`, "`maestro-auth keys list` shows those that there are."];
  if (key.purpose === "fingerprint") {
    return [`Key ${id} makes the fingerprints of all credentials.`, "It is kept for good."];
  }
  if (key.state === "active") return [`New values are sealed with key ${id}.`, "Run `maestro-auth keys rotate` first."];
  return key.state === "destroyed" ? [`Key ${id} is destroyed already.`, "Nothing is left to do."] : null;
}

/**
 * Destroys a key that nothing needs: one that a rotation has replaced, or a pending one, whose rotation is given up.
 * @throws OperatorError saying what needs it; nothing is changed then.
 */
export async function destroyKey(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  id: number,
  actor: string,
): Promise<void> {
  await database.transaction(async (em) => {
    await lockKeys(em);
    // It waits for whoever is sealing with the key, and who comes later finds it destroyed.
    const [key] = await em.execute<Pick<EncryptionKey, "state" | "purpose">[]>(
      "select state, purpose from encryption_keys where id = ? for update",
      [id],
    );
    const objection = describeState(id, key) ?? (key?.state === "pending" ? null : await describeUse(em, id));
    if (objection !== null) throw new KeyInUseError(`${objection[0]} Nothing was destroyed.`, objection[1]);
    await em.execute("update encryption_keys set state = 'destroyed', wrapped_key = '' where id = ?", [id]);
    await auditKey(em, "key.destroy", { actor, keyId: id, at: clock.now() });
  });
}
