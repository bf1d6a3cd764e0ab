import type { KeyObject } from "node:crypto";
import { UniqueConstraintViolationException } from "@mikro-orm/core";
import type { Database, EntityManager } from "../../db/database.ts";
import type { Clock } from "../../lib/clock.ts";
import { forgottenKeyId, ProviderCredentialEntity } from "../provider-credential.ts";
import { type EncryptionKey, EncryptionKeyEntity } from "./encryption-key.ts";
import type { KeyWrapper } from "./key-wrapper.ts";
import { drawKey, KeyringError, restoreKeys, unwrapKey } from "./wrapped-key.ts";

/** A data key, opened. */
export interface DataKey {
  readonly id: number;
  readonly key: KeyObject;
}

/**
 * How old the last look at the table may be before something is sealed that may come into the database late, in
 * milliseconds. A key is destroyed only when nothing of it can still be on its way: see destroyKey.
 */
const staleAfterMs = 30_000;
/** How long a key that was looked for in vain is not looked for again, in milliseconds. */
const missingForMs = 1_000;

/**
 * The opened keys of a database, as they stood at the last look at its table. What is known only grows: a look that
 * ends late takes nothing back.
 */
export class Keyring {
  readonly #database: Database;
  readonly #wrapper: KeyWrapper;
  readonly #keys = new Map<number, KeyObject>();
  readonly #unopened = new Map<number, KeyringError>();
  readonly #missingSince = new Map<number, number>();
  #active: DataKey | null = null;
  #fingerprintKey: KeyObject | null = null;
  #readAt = 0;
  #reading: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(database: Database, wrapper: KeyWrapper) {
    this.#database = database;
    this.#wrapper = wrapper;
  }

  /** Seals new values. */
  get active(): DataKey {
    this.assertComplete();
    return this.#active!;
  }

  get fingerprintKey(): KeyObject {
    this.assertComplete();
    return this.#fingerprintKey!;
  }

  /** @throws KeyringError unless there is a key to seal with, and the fingerprint key. */
  assertComplete(): void {
    if (this.#active === null || this.#fingerprintKey === null) {
      throw new KeyringError("The table encryption_keys has no active data key or no fingerprint key.", restoreKeys);
    }
  }

  /** The keys that are open. */
  get ids(): number[] {
    return [...this.#keys.keys()];
  }

  /** The key-encryption keys that this process has, by their names. */
  get kekIds(): readonly string[] {
    return this.#wrapper.kekIds;
  }

  /** The keys that this process cannot open, and why. */
  get unopened(): ReadonlyMap<number, KeyringError> {
    return this.#unopened;
  }

  find(id: number): KeyObject | null {
    return this.#keys.get(id) ?? null;
  }

  /** Looks into the table for a key that is not known: another process may have made it since. */
  async lookUp(id: number): Promise<KeyObject | null> {
    const missingSince = this.#missingSince.get(id);
    if (missingSince === undefined || performance.now() - missingSince >= missingForMs) {
      await this.reload();
      if (!this.#keys.has(id)) this.#missingSince.set(id, performance.now());
      else this.#missingSince.delete(id);
    }
    return this.find(id);
  }

  /**
   * Learns of keys that were made, activated or destroyed. It has looked after the call began. Not within a
   * transaction.
   */
  async reload(): Promise<void> {
    // Those who come while one look is under way share the next one.
    this.#next ??= this.#reading.then(async () => {
      this.#next = null;
      const reading = this.read(this.#database.em());
      const ended = () => {};
      this.#reading = reading.then(ended, ended);
      await reading;
    });
    await this.#next;
  }

  /** Reloads if the last look is so old that a newer key may be active. */
  async freshen(): Promise<void> {
    if (Math.abs(Date.now() - this.#readAt) > staleAfterMs) await this.reload();
  }

  /**
   * The key to seal with in the transaction of `em`. Until that ends, the key cannot be destroyed.
   * @throws KeyringError if the key was destroyed, and the one that took its place does not open.
   */
  async hold(em: EntityManager): Promise<DataKey> {
    for (;;) {
      const held = this.active;
      const [row] = await em.execute<Pick<EncryptionKey, "state">[]>(
        "select state from encryption_keys where id = ? for key share",
        [held.id],
      );
      if (row?.state === "active") return held;
      await this.read(em);
      if (this.active.id !== held.id) continue;
      if (row?.state === "decrypt_only") return held;
      throw new KeyringError(
        `Encryption key ${held.id} was destroyed, and this process cannot open its successor.`,
        "Give it every key of the other servers' CREDENTIAL_ENCRYPTION_KEY, and restart it.",
      );
    }
  }

  /** Reads the table with `em`, and opens what is new in it. */
  async read(em: EntityManager): Promise<EncryptionKey[]> {
    const readAt = Date.now();
    const rows = await em.find(EncryptionKeyEntity, {}, { disableIdentityMap: true });
    for (const row of rows) await this.#take(row);
    this.#readAt = Math.max(this.#readAt, readAt);
    return rows;
  }

  async #take(row: EncryptionKey): Promise<void> {
    if (row.state === "destroyed") return this.#drop(row.id);
    if (!this.#keys.has(row.id) && !(await this.#open(row))) return;
    const key = this.#keys.get(row.id)!;
    if (row.purpose === "fingerprint") this.#fingerprintKey = key;
    else if (row.state === "active" && row.id >= (this.#active?.id ?? 0)) this.#active = { id: row.id, key };
  }

  async #open(row: EncryptionKey): Promise<boolean> {
    try {
      this.#keys.set(row.id, await unwrapKey(this.#wrapper, row));
      this.#unopened.delete(row.id);
      return true;
    } catch (error) {
      if (!(error instanceof KeyringError)) throw error;
      this.#unopened.set(row.id, error);
      return false;
    }
  }

  #drop(id: number): void {
    this.#keys.delete(id);
    this.#unopened.delete(id);
  }
}

const orphanStatement = {
  name: "orphaned_credential",
  text: `select key_id from provider_credentials c where key_id <> $1 and not exists (
      select from encryption_keys k where k.id = c.key_id and k.state <> 'destroyed') limit 1`,
};

/**
 * Makes the first keys of an empty database. Never beside credentials: those were sealed with keys that are missing.
 */
async function createFirstKeys(database: Database, wrapper: KeyWrapper, clock: Clock): Promise<void> {
  const [sealedRow] = await database.em().find(ProviderCredentialEntity, {}, { limit: 1 });
  if (sealedRow !== undefined) {
    throw new KeyringError(
      `The database holds credentials sealed with key ${sealedRow.keyId}, and its table encryption_keys is empty. Nothing was changed.`,
      restoreKeys,
    );
  }
  const state = { state: "active", createdAt: clock.now() } as const;
  try {
    await database.transaction(async (em) => {
      await em.insert(EncryptionKeyEntity, { ...(await drawKey(wrapper, 1, "data")), ...state });
      await em.insert(EncryptionKeyEntity, { ...(await drawKey(wrapper, 2, "fingerprint")), ...state });
    });
  } catch (error) {
    // Another process made them at the same moment.
    if (!(error instanceof UniqueConstraintViolationException)) throw error;
  }
}

/**
 * A pending key may stay closed: nothing is sealed with it yet.
 * @throws KeyringError naming the key that does not open.
 */
export function assertOpen({ unopened }: Keyring, rows: readonly Pick<EncryptionKey, "id" | "state">[]): void {
  for (const { id, state } of rows) {
    const failure = unopened.get(id);
    if (failure !== undefined && state !== "pending") throw failure;
  }
}

async function assertRowsReadable(database: Database): Promise<void> {
  const [orphan] = await database.query<{ key_id: number }>(orphanStatement, [forgottenKeyId]);
  if (orphan === undefined) return;
  throw new KeyringError(
    `The database holds credentials sealed with encryption key ${orphan.key_id}, which its table encryption_keys lacks. Nothing was changed.`,
    restoreKeys,
  );
}

/**
 * Unwraps every key of the database, and makes the first ones when it is empty.
 * @throws KeyringError naming the key that is missing or wrong; nothing has been written then.
 */
export async function loadKeyring(database: Database, wrapper: KeyWrapper, clock: Clock): Promise<Keyring> {
  const keyring = new Keyring(database, wrapper);
  let rows = await keyring.read(database.em());
  if (rows.length === 0) {
    await createFirstKeys(database, wrapper, clock);
    rows = await keyring.read(database.em());
  }
  assertOpen(keyring, rows);
  await assertRowsReadable(database);
  keyring.assertComplete();
  return keyring;
}
