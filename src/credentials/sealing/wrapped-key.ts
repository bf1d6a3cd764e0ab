import { createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from "node:crypto";
import { OperatorError } from "../../errors/operator-error.ts";
import type { EncryptionKey, KeyPurpose } from "./encryption-key.ts";
import type { KeyWrapper } from "./key-wrapper.ts";
import { keyLength } from "./xaes-256-gcm.ts";

/** A key cannot be opened, or must not be used, as only the operator can mend. */
export class KeyringError extends OperatorError {}

export const restoreKeys = "Restore the table encryption_keys from a backup.";
const setKey =
  "Set CREDENTIAL_ENCRYPTION_KEY to the key that this database was started with (a list `new-id:key,old-id:key` is allowed).";

/** The columns that hold a key. */
type WrappedKey = Pick<EncryptionKey, "id" | "purpose" | "wrappedKey" | "kekId" | "commitment">;

/** HMAC-SHA256(key, "commit" ‖ id as u32be). GCM does not commit to its key; this does. */
function commitment(id: number, key: Uint8Array): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(id);
  return createHmac("sha256", key).update("commit").update(number).digest();
}

function wrappingContext({ id, purpose }: Pick<WrappedKey, "id" | "purpose">): (string | number)[] {
  return ["encryption_keys", id, purpose];
}

/** Draws a key and wraps it. */
export async function drawKey(wrapper: KeyWrapper, id: number, purpose: KeyPurpose): Promise<WrappedKey> {
  const key = randomBytes(keyLength);
  return {
    id,
    purpose,
    wrappedKey: await wrapper.wrap(key, wrappingContext({ id, purpose })),
    kekId: wrapper.activeKekId,
    commitment: commitment(id, key),
  };
}

/** @throws KeyringError naming the key-encryption key that is missing or wrong. */
async function unwrapBytes(wrapper: KeyWrapper, row: WrappedKey): Promise<Buffer> {
  if (!wrapper.kekIds.includes(row.kekId)) {
    throw new KeyringError(
      `Encryption key ${row.id} is wrapped by key-encryption key "${row.kekId}", which is not configured ` +
        `(configured: ${wrapper.kekIds.join(", ")}). Nothing was changed.`,
      setKey,
    );
  }
  let key: Buffer;
  try {
    key = await wrapper.unwrap(row.kekId, row.wrappedKey, wrappingContext(row));
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
      restoreKeys,
    );
  }
  return key;
}

/** @throws KeyringError */
export async function unwrapKey(wrapper: KeyWrapper, row: WrappedKey): Promise<KeyObject> {
  return createSecretKey(await unwrapBytes(wrapper, row));
}

/** The same key under the key-encryption key that wraps now. @throws KeyringError */
export async function rewrapKey(
  wrapper: KeyWrapper,
  row: WrappedKey,
): Promise<Pick<WrappedKey, "wrappedKey" | "kekId">> {
  const key = await unwrapBytes(wrapper, row);
  return { wrappedKey: await wrapper.wrap(key, wrappingContext(row)), kekId: wrapper.activeKekId };
}
