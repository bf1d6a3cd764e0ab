import type { Database, EntityManager } from "../../db/database.ts";
import type { Clock } from "../../lib/clock.ts";
import { type EncryptionKey, EncryptionKeyEntity } from "../sealing/encryption-key.ts";
import type { KeyWrapper } from "../sealing/key-wrapper.ts";
import type { Keyring } from "../sealing/keyring.ts";
import { drawKey, KeyringError } from "../sealing/wrapped-key.ts";
import { auditKey, lockKeys } from "./key-audit.ts";
import { type ServerProcess, ServerProcesses } from "./server-processes.ts";

/** The key that a rotation leads to. */
export interface RotationTarget {
  readonly id: number;
  readonly kekId: string;
  readonly isActive: boolean;
  /** An earlier command made the key, and was stopped. */
  readonly isResumed: boolean;
}

/** A server that keeps a rotation waiting. */
export interface Holdup {
  readonly server: string;
  readonly reason: string;
}

/** Why a server has not opened a key; null: it has. */
export function holdup(
  { name, keyIds, kekIds }: ServerProcess,
  key: Pick<EncryptionKey, "id" | "kekId">,
): Holdup | null {
  if (keyIds.includes(key.id)) return null;
  const reason = kekIds.includes(key.kekId)
    ? "has not looked yet"
    : `lacks key-encryption key "${key.kekId}" in its CREDENTIAL_ENCRYPTION_KEY`;
  return { server: name, reason };
}

/**
 * Brings a new data key into use while servers run: it is pending until each of them has opened it, and only then does
 * any of them seal with it. Each step is one transaction, so that whoever comes after a stop finds what is left to do.
 */
export class KeyRotation {
  readonly #database: Database;
  readonly #wrapper: KeyWrapper;
  readonly #keyring: Keyring;
  readonly #clock: Clock;
  readonly #actor: string;
  readonly #processes: ServerProcesses;

  /** @param actor who stands in the audit log. */
  constructor(
    parts: {
      readonly database: Database;
      readonly wrapper: KeyWrapper;
      readonly keyring: Keyring;
      readonly clock: Clock;
    },
    actor: string,
  ) {
    this.#database = parts.database;
    this.#wrapper = parts.wrapper;
    this.#keyring = parts.keyring;
    this.#clock = parts.clock;
    this.#actor = actor;
    this.#processes = new ServerProcesses(parts.database);
  }

  /**
   * Takes up the rotation that has not ended, or begins one. @throws KeyringError if this process cannot open its key.
   */
  async begin(): Promise<RotationTarget> {
    const target = await this.#database.transaction(async (em) => {
      await lockKeys(em);
      return (await findUnfinished(em)) ?? (await this.#makeKey(em));
    });
    await this.#keyring.reload();
    const failure = this.#keyring.unopened.get(target.id);
    if (failure !== undefined) throw failure;
    return target;
  }

  /** Makes the pending key the one that seals, unless servers have not opened it yet. @returns those. */
  async activate(target: RotationTarget): Promise<Holdup[]> {
    const { id } = target;
    const holdups = await this.#database.transaction(async (em) => {
      await lockKeys(em);
      const servers = await this.#processes.listLive(em);
      const found = servers.map((server) => holdup(server, target)).filter((item) => item !== null);
      if (found.length === 0) await this.#swap(em, id);
      return found;
    });
    if (holdups.length === 0) await this.#keyring.reload();
    return holdups;
  }

  /** The servers that still seal with another key. */
  async listLagging({ id }: RotationTarget): Promise<Holdup[]> {
    const lagging = (await this.#processes.listLive()).filter(({ sealingKeyId }) => sealingKeyId !== id);
    return lagging.map(({ name, sealingKeyId }) => ({ server: name, reason: `still seals with key ${sealingKeyId}` }));
  }

  /** Every row that opens is resealed. The next rotation makes another key. */
  async end({ id }: RotationTarget): Promise<void> {
    await this.#database.transaction(async (em) => {
      const ended = await em.execute<unknown[]>(
        "update encryption_keys set resealed_at = clock_timestamp() where id = ? and state = 'active' and resealed_at is null returning id",
        [id],
      );
      if (ended.length > 0) await this.#audit(em, id);
    });
  }

  async #makeKey(em: EntityManager): Promise<RotationTarget> {
    const [last] = await em.execute<{ id: number }[]>("select max(id) as id from encryption_keys");
    const key = await drawKey(this.#wrapper, last!.id + 1, "data");
    await em.insert(EncryptionKeyEntity, { ...key, state: "pending", createdAt: this.#clock.now() });
    await this.#audit(em, key.id);
    return { id: key.id, kekId: key.kekId, isActive: false, isResumed: false };
  }

  async #swap(em: EntityManager, id: number): Promise<void> {
    const [key] = await em.execute<Pick<EncryptionKey, "state">[]>("select state from encryption_keys where id = ?", [
      id,
    ]);
    // Another command was faster.
    if (key?.state === "active") return;
    if (key?.state !== "pending") {
      throw new KeyringError(`Key ${id} was destroyed meanwhile.`, "Run `maestro-auth keys rotate` again for another.");
    }
    await em.execute("update encryption_keys set state = 'decrypt_only' where purpose = 'data' and state = 'active'");
    await em.execute("update encryption_keys set state = 'active', activated_at = clock_timestamp() where id = ?", [
      id,
    ]);
    await this.#audit(em, id);
  }

  async #audit(em: EntityManager, keyId: number): Promise<void> {
    await auditKey(em, "key.rotate", { actor: this.#actor, keyId, at: this.#clock.now() });
  }
}

/** The rotation that was begun and has not ended. */
export async function findUnfinished(em: EntityManager): Promise<RotationTarget | null> {
  const [key] = await em.execute<Pick<EncryptionKey, "id" | "kekId" | "state">[]>(
    `select id, kek_id as "kekId", state from encryption_keys
      where purpose = 'data' and (state = 'pending' or (state = 'active' and activated_at is not null and resealed_at is null))
      order by id desc limit 1`,
  );
  return key === undefined ? null : { id: key.id, kekId: key.kekId, isActive: key.state === "active", isResumed: true };
}
