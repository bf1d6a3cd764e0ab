import { createSecretKey, type KeyObject } from "node:crypto";
import type { Secret } from "../../lib/secret.ts";
import { openValue, type SealingContext, sealValue } from "./sealed-value.ts";

/** One key-encryption key. `bytes` are 32 bytes. */
export interface KeyEncryptionKey {
  readonly id: string;
  readonly bytes: Secret;
}

/** Wraps data keys with a key-encryption key that it alone knows; a KMS or Vault Transit can take this place. */
export interface KeyWrapper {
  /** The key-encryption key that `wrap` uses. */
  readonly activeKekId: string;
  readonly kekIds: readonly string[];
  wrap(key: Uint8Array, context: SealingContext): Promise<Buffer>;
  /** @throws UnsealError if the key does not open under this key-encryption key. */
  unwrap(kekId: string, wrapped: Uint8Array, context: SealingContext): Promise<Buffer>;
}

/** The key-encryption keys of `CREDENTIAL_ENCRYPTION_KEY`: the first wraps, all unwrap. `bytes` is hex. */
export function environmentKeyWrapper(keys: readonly KeyEncryptionKey[]): KeyWrapper {
  const keyObjects = new Map<string, KeyObject>(
    keys.map((key) => [key.id, createSecretKey(Buffer.from(key.bytes.reveal(), "hex"))]),
  );
  const activeKekId = keys[0]!.id;
  const context = (kekId: string, place: SealingContext) => ["key-encryption", kekId, ...place];
  return {
    activeKekId,
    kekIds: [...keyObjects.keys()],
    wrap: (key, place) => Promise.resolve(sealValue(0, keyObjects.get(activeKekId)!, key, context(activeKekId, place))),
    unwrap: async (kekId, wrapped, place) => openValue(keyObjects.get(kekId)!, wrapped, context(kekId, place)),
  };
}
