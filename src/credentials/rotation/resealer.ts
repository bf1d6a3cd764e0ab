import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "../../db/database.ts";
import { KeyUnavailableError } from "../../errors/auth-error.ts";
import type { AuthMethod } from "../../providers/provider-auth.ts";
import type { CredentialSealer, Sealed, SealedRow } from "../credential-sealer.ts";
import { forgottenKeyId } from "../provider-credential.ts";
import type { Keyring } from "../sealing/keyring.ts";

interface OldRow extends SealedRow {
  readonly keyId: number;
}

interface Columns {
  id: string;
  user_id: string;
  provider: string;
  auth_method: AuthMethod;
  credentials: Uint8Array;
  token_version: number;
  key_id: number;
}

/** What a run has done. */
export interface ResealResult {
  readonly resealed: number;
  /** The ids of rows that do not open. They are left as they are. */
  readonly unreadable: readonly string[];
  /** Whether it was stopped before the end. */
  readonly isStopped: boolean;
}

/** How far a run is, and whether it shall go on. */
export interface ResealOptions {
  readonly signal?: AbortSignal;
  /** Told of each row that was resealed. */
  readonly onResealed?: () => void;
  /** Rows that are read and written together. */
  readonly batchSize?: number;
  /** Told when a batch is sealed anew and not yet stored. */
  readonly onSealed?: () => Promise<void>;
}

/** Milliseconds until rows are tried again that others had locked. */
const pauseMs = 200;
const firstId = "00000000-0000-0000-0000-000000000000";

const countStatement = {
  name: "count_rows_to_reseal",
  text: "select count(*)::int as count from provider_credentials where key_id not in ($1, $2)",
};

const readStatement = {
  name: "read_rows_to_reseal",
  text: `select id, user_id, provider, auth_method, credentials, token_version, key_id from provider_credentials
    where id > $1 and key_id not in ($2, $3) order by id limit $4`,
};

// A row that anybody has changed since it was read is not what was sealed anew, and a locked one is about to change:
// both are left to the next pass. The key is held as by any other who seals.
const storeStatement = {
  name: "store_resealed_rows",
  text: `with held as (
      select id from encryption_keys where id = $2 and state = 'active' for key share
    ), resealed as (
      select c.user_id, c.id, r.sealed
      from json_to_recordset($1::json) as r (id uuid, "userId" text, "tokenVersion" int, "keyId" int, sealed text)
      join provider_credentials c
        on c.user_id = r."userId" and c.id = r.id and c.token_version = r."tokenVersion" and c.key_id = r."keyId"
      cross join held
      for update of c skip locked
    )
    update provider_credentials c set credentials = decode(r.sealed, 'base64'), key_id = $2
    from resealed r where c.user_id = r.user_id and c.id = r.id
    returning c.id`,
};

/** Seals rows of older keys with the active one, while they are read, refreshed and replaced. */
export class Resealer {
  readonly #database: Database;
  readonly #keyring: Keyring;
  readonly #sealer: CredentialSealer;

  constructor(parts: { readonly database: Database; readonly keyring: Keyring; readonly sealer: CredentialSealer }) {
    this.#database = parts.database;
    this.#keyring = parts.keyring;
    this.#sealer = parts.sealer;
  }

  /** How many rows other keys have. */
  async count(): Promise<number> {
    const values = [this.#keyring.active.id, forgottenKeyId];
    return (await this.#database.query<{ count: number }>(countStatement, values))[0]!.count;
  }

  /** Goes through the table until nothing is left that opens. */
  async run({ signal, onResealed = () => {}, batchSize = 200, onSealed }: ResealOptions = {}): Promise<ResealResult> {
    let resealed = 0;
    for (;;) {
      // Of this pass alone: a row that is replaced meanwhile may open in the next.
      const unreadable: string[] = [];
      let found = 0;
      let stored = 0;
      for await (const rows of this.#batches(batchSize)) {
        if (signal?.aborted === true) break;
        const sealed = await this.#seal(rows, unreadable);
        await onSealed?.();
        found += sealed.length;
        const done = await this.#store(sealed);
        for (let row = 0; row < done; row++) onResealed();
        stored += done;
      }
      resealed += stored;
      const isStopped = signal?.aborted === true;
      if (isStopped || found === 0) return { resealed, unreadable, isStopped };
      if (stored === 0) await delay(pauseMs, undefined, { signal }).catch(() => {});
    }
  }

  async *#batches(size: number): AsyncGenerator<OldRow[]> {
    let after = firstId;
    for (;;) {
      const values = [after, this.#keyring.active.id, forgottenKeyId, size];
      const rows = await this.#database.query<Columns>(readStatement, values);
      yield rows.map((row) => ({
        id: row.id,
        userId: row.user_id,
        provider: row.provider,
        authMethod: row.auth_method,
        credentials: row.credentials,
        tokenVersion: row.token_version,
        keyId: row.key_id,
      }));
      if (rows.length < size) return;
      after = rows.at(-1)!.id;
    }
  }

  async #seal(rows: readonly OldRow[], unreadable: string[]): Promise<[OldRow, Sealed][]> {
    const sealed: [OldRow, Sealed][] = [];
    for (const row of rows) {
      try {
        sealed.push([row, await this.#sealer.reseal(row)]);
      } catch (error) {
        if (!(error instanceof KeyUnavailableError)) throw error;
        unreadable.push(row.id);
      }
    }
    return sealed;
  }

  /** @returns how many stood as they were read. */
  async #store(sealed: readonly [OldRow, Sealed][]): Promise<number> {
    if (sealed.length === 0) return 0;
    const rows = sealed.map(([{ id, userId, tokenVersion, keyId }, { credentials }]) => ({
      id,
      userId,
      tokenVersion,
      keyId,
      sealed: credentials.toString("base64"),
    }));
    const values = [JSON.stringify(rows), sealed[0]![1].keyId];
    return (await this.#database.query(storeStatement, values)).length;
  }
}
