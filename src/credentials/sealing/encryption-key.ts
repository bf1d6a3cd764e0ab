import { defineEntity, type InferEntity, p } from "@mikro-orm/core";

export type KeyState = "pending" | "active" | "decrypt_only" | "destroyed";

/** `data` keys seal credentials; the one `fingerprint` key makes equal secrets of a user recognisable. */
export type KeyPurpose = "data" | "fingerprint";

/** The table `encryption_keys`: keys wrapped by a key-encryption key, never in the clear. */
export const EncryptionKeyEntity = defineEntity({
  name: "EncryptionKey",
  tableName: "encryption_keys",
  properties: {
    /** Stands in each sealed value as an unsigned 32-bit number. */
    id: p.integer().primary().autoincrement(false),
    purpose: p.string().length(16).$type<KeyPurpose>(),
    state: p.string().length(16).$type<KeyState>(),
    wrappedKey: p.blob(),
    /** Which key-encryption key unwraps it. */
    kekId: p.string().length(32),
    /** HMAC-SHA256(key, "commit" ‖ id): proves that the unwrapped key is the one that sealed the rows. */
    commitment: p.blob(),
    createdAt: p.datetime(3),
    /** When it took the place of another, by the database's clock; null for the first keys, and while it is pending. */
    activatedAt: p.datetime(3).nullable(),
    /** When every row that opens had been resealed with it: the rotation to it has ended. */
    resealedAt: p.datetime(3).nullable(),
  },
});

export type EncryptionKey = InferEntity<typeof EncryptionKeyEntity>;
