import { createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from "node:crypto";
import { UniqueConstraintViolationException } from "@mikro-orm/core";
import type { Clock } from "../../clock.ts";
import type { Database, EntityManager } from "../../db/database.ts";
import { OperatorError } from "../../operator-error.ts";
import { forgottenKeyId, ProviderCredentialEntity } from "../provider-credential.ts";
import { type EncryptionKey, EncryptionKeyEntity, type KeyPurpose } from "./encryption-key.ts";
import type { KeyWrapper } from "./key-wrapper.ts";
import { keyLength } from "./xaes-256-gcm.ts";

/** The server must not start: it could not open what is stored, or would seal with a key that cannot open the rest. */
export class KeyringError extends OperatorError {}

/** The unwrapped keys of a database. */
export interface Keyring {
  /** Seals new values. */
  readonly active: { readonly id: number; readonly key: KeyObject };
  readonly fingerprintKey: KeyObject;
  find(id: number): KeyObject | null;
}

const restore = "Restore the table encryption_keys from a backup.";
const setKey =
  "Set CREDENTIAL_ENCRYPTION_KEY to the key that this database was started with (a list `new-id:key,old-id:key` is allowed).";

/** HMAC-SHA256(key, "commit" ‖ id as u32be). GCM does not commit to its key; this does. */
function commitment(id: number, key: Uint8Array): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(id);
  return createHmac("sha256", key).update("commit").update(number).digest();
}

function wrappingContext(id: number, purpose: KeyPurpose): (string | number)[] {
  return ["encryption_keys", id, purpose];
}

async function createKey(
  em: EntityManager,
  wrapper: KeyWrapper,
  clock: Clock,
  id: number,
  purpose: KeyPurpose,
): Promise<void> {
  const key = randomBytes(keyLength);
  await em.insert(EncryptionKeyEntity, {
    id,
    purpose,
    state: "active",
    wrappedKey: await wrapper.wrap(key, wrappingContext(id, purpose)),
    kekId: wrapper.activeKekId,
    commitment: commitment(id, key),
    createdAt: clock.now(),
  });
}

/** Makes the first keys of an empty database. Never beside credentials: those were sealed with keys that are missing. */
async function createFirstKeys(database: Database, wrapper: KeyWrapper, clock: Clock): Promise<void> {
  const [sealedRow] = await database.em().find(ProviderCredentialEntity, {}, { limit: 1 });
  if (sealedRow !== undefined) {
    throw new KeyringError(
      `The database holds credentials sealed with key ${sealedRow.keyId}, and its table encryption_keys is empty. Nothing was changed.`,
      restore,
    );
  }
  try {
    await database.transaction(async (em) => {
      await createKey(em, wrapper, clock, 1, "data");
      await createKey(em, wrapper, clock, 2, "fingerprint");
    });
  } catch (error) {
    // Another process made them at the same moment.
    if (!(error instanceof UniqueConstraintViolationException)) throw error;
  }
}

async function unwrapKey(wrapper: KeyWrapper, row: EncryptionKey): Promise<KeyObject> {
  if (!wrapper.kekIds.includes(row.kekId)) {
    throw new KeyringError(
      `Encryption key ${row.id} is wrapped by key-encryption key "${row.kekId}", which is not configured ` +
        `(configured: ${wrapper.kekIds.join(", ")}). Nothing was changed.`,
      setKey,
    );
  }
  let key: Buffer;
  try {
    key = await wrapper.unwrap(row.kekId, row.wrappedKey, wrappingContext(row.id, row.purpose));
  } catch (error) {
    throw new KeyringError(
      `Encryption key ${row.id} does not open with the configured key-encryption key "${row.kekId}": ` +
        "that name stands for another key now. Nothing was changed.",
      setKey,
      { cause: error },
    );
  }
  if (!timingSafeEqual(commitment(row.id, key), row.commitment)) {
    throw new KeyringError(
      `Encryption key ${row.id} is not the key that its commitment names. Nothing was changed.`,
      restore,
    );
  }
  return createSecretKey(key);
}

async function assertRowsReadable(em: EntityManager, keys: ReadonlyMap<number, KeyObject>): Promise<void> {
  const orphan = await em.findOne(ProviderCredentialEntity, { keyId: { $nin: [...keys.keys(), forgottenKeyId] } });
  if (orphan === null) return;
  throw new KeyringError(
    `The database holds credentials sealed with encryption key ${orphan.keyId}, which its table encryption_keys lacks. Nothing was changed.`,
    restore,
  );
}

/**
 * Unwraps every key of the database, and makes the first ones when it is empty.
 * @throws KeyringError naming the key that is missing or wrong; nothing has been written then.
 */
export async function loadKeyring(database: Database, wrapper: KeyWrapper, clock: Clock): Promise<Keyring> {
  const read = () => database.em().find(EncryptionKeyEntity, { state: { $ne: "destroyed" } });
  let rows = await read();
  if (rows.length === 0) {
    await createFirstKeys(database, wrapper, clock);
    rows = await read();
  }
  const keys = new Map<number, KeyObject>();
  for (const row of rows) keys.set(row.id, await unwrapKey(wrapper, row));
  await assertRowsReadable(database.em(), keys);
  const active = rows.find((row) => row.purpose === "data" && row.state === "active");
  const fingerprint = rows.find((row) => row.purpose === "fingerprint");
  if (active === undefined || fingerprint === undefined) {
    throw new KeyringError("The table encryption_keys has no active data key or no fingerprint key.", restore);
  }
  return {
    active: { id: active.id, key: keys.get(active.id)! },
    fingerprintKey: keys.get(fingerprint.id)!,
    find: (id) => keys.get(id) ?? null,
  };
}
