import { randomBytes, randomUUID } from "node:crypto";
import { KeyRotation } from "../../../src/credentials/rotation/key-rotation.ts";
import { Resealer } from "../../../src/credentials/rotation/resealer.ts";
import { openVault, type Vault } from "../../../src/credentials/vault.ts";
import type { Database } from "../../../src/db/database.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { Secret } from "../../../src/lib/secret.ts";
import { createTestDatabase } from "../../support/test-database.ts";

/** A key-encryption key of this name. */
export function newKek(id: string) {
  return { id, bytes: new Secret(randomBytes(32).toString("hex")) };
}

export type Kek = ReturnType<typeof newKek>;

/** What a process has of a database's keys: as many of these as a test wants processes. */
export interface KeyHolder extends Vault {
  readonly database: Database;
  readonly clock: typeof systemClock;
  readonly rotation: KeyRotation;
  readonly resealer: Resealer;
}

export async function openHolder(database: Database, ...keks: Kek[]): Promise<KeyHolder> {
  const vault = await openVault(database, { encryptionKeys: keks, refreshThreshold: 300 }, systemClock);
  const parts = { ...vault, database, clock: systemClock };
  return { ...parts, rotation: new KeyRotation(parts, "cli:tester"), resealer: new Resealer(parts) };
}

/** An empty database, and the process that has made its keys. */
export async function setRotationStage() {
  const database = await createTestDatabase();
  const kek = newKek("first");
  return { database, kek, holder: await openHolder(database, kek) };
}

/** Stores an API key of a user as `authenticate` does. @returns the row's id. */
export async function storeKey({ database, store }: KeyHolder, userId: string, apiKey: string): Promise<string> {
  const key = { userId, provider: "anthropic", authMethod: "api_key", label: "default" } as const;
  const credentials = { method: "api_key", apiKey: new Secret(apiKey) } as const;
  return database.transaction(async (em) => (await store.put(em, key, credentials)).id);
}

/** The API key of a user, as this process opens it. */
export async function readKey({ database, store, sealer }: KeyHolder, userId: string): Promise<string> {
  const [row] = await store.listPreferred(database.em(), userId, {});
  const credentials = await sealer.open(row!, { expiresAt: null, scopes: [] });
  if (credentials.method !== "api_key") throw new Error("it is no API key");
  return credentials.apiKey.reveal();
}

/** Which key each user's row is sealed with. */
export async function keysOfRows(database: Database): Promise<Record<string, number>> {
  const rows = await database
    .em()
    .execute<{ user_id: string; key_id: number }[]>(
      "select user_id, key_id from provider_credentials order by user_id",
    );
  return Object.fromEntries(rows.map(({ user_id, key_id }) => [user_id, key_id]));
}

/** Makes a key active as a rotation does, without the rows. @returns its id. */
export async function activateNewKey({ rotation }: KeyHolder): Promise<number> {
  const target = await rotation.begin();
  const holdups = await rotation.activate(target);
  if (holdups.length > 0) throw new Error("somebody holds the rotation up");
  return target.id;
}

/** Lets a minute pass for the keys: none is destroyed before, as somebody may still seal with it. */
export async function passMinute(database: Database): Promise<void> {
  await database
    .em()
    .execute(
      "update encryption_keys set activated_at = activated_at - interval '61 seconds' where activated_at is not null",
    );
}

/** Lets a server be on record that has said so much. */
export async function insertServer(
  database: Database,
  { name, keyIds, kekIds, age = "0 seconds" }: { name: string; keyIds: number[]; kekIds: string[]; age?: string },
): Promise<void> {
  await database.em().execute(
    `insert into server_processes (id, name, key_ids, kek_ids, sealing_key_id, started_at, seen_at)
      values (?, ?, ?::jsonb, ?::jsonb, 1, now(), clock_timestamp() - ?::interval)`,
    [randomUUID(), name, JSON.stringify(keyIds), JSON.stringify(kekIds), age],
  );
}

/** What the audit log has of the keys. */
export async function auditOfKeys(database: Database): Promise<string[]> {
  const rows = await database
    .em()
    .execute<{ action: string; key_id: number | null; actor: string; user_id: string | null }[]>(
      "select action, key_id, actor, user_id from audit_log where action like 'key.%' order by id",
    );
  return rows.map(({ action, key_id, actor, user_id }) => `${actor} ${action} ${key_id} of ${user_id}`);
}
