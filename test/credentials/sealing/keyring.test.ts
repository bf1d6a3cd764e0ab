import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { environmentKeyWrapper } from "../../../src/credentials/sealing/key-wrapper.ts";
import { loadKeyring } from "../../../src/credentials/sealing/keyring.ts";
import { KeyringError } from "../../../src/credentials/sealing/wrapped-key.ts";
import type { Database } from "../../../src/db/database.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { Secret } from "../../../src/lib/secret.ts";
import { createTestDatabase } from "../../support/test-database.ts";

const key = (id: string) => ({ id, bytes: new Secret(randomBytes(32).toString("hex")) });
const first = key("first");
const second = key("second");

const load = (database: Database, ...keys: (typeof first)[]) =>
  loadKeyring(database, environmentKeyWrapper(keys), systemClock);
const snapshot = (database: Database) =>
  database.em().execute("select *, wrapped_key::text from encryption_keys order by id");

test("an empty database gets its keys once, and gives the same ones again", async () => {
  await using database = await createTestDatabase();
  const made = await load(database, first);
  const rows = await snapshot(database);
  const again = await load(database, first);
  expect(again.active.key.equals(made.active.key)).toBe(true);
  expect(again.fingerprintKey.equals(made.fingerprintKey)).toBe(true);
  expect(await snapshot(database)).toEqual(rows);
});

test("of several processes that start at once on an empty database all end with the same keys", async () => {
  await using database = await createTestDatabase();
  const keyrings = await Promise.all([1, 2, 3].map(() => load(database, first)));
  for (const keyring of keyrings) expect(keyring.active.key.equals(keyrings[0]!.active.key)).toBe(true);
});

test("a missing key-encryption key is refused by its id, and nothing is written", async () => {
  await using database = await createTestDatabase();
  await load(database, first);
  const rows = await snapshot(database);
  await expect(load(database, second)).rejects.toThrow(
    /wrapped by key-encryption key "first", which is not configured \(configured: second\)/,
  );
  expect(await snapshot(database)).toEqual(rows);
});

test("another key under the right id is refused by its id, and nothing is written", async () => {
  await using database = await createTestDatabase();
  await load(database, first);
  const rows = await snapshot(database);
  await expect(load(database, { ...second, id: "first" })).rejects.toThrow(
    /does not open with the configured key-encryption key "first"/,
  );
  expect(await snapshot(database)).toEqual(rows);
});

test("an older key-encryption key in the list still opens", async () => {
  await using database = await createTestDatabase();
  const made = await load(database, first);
  const rotated = await load(database, second, first);
  expect(rotated.active.key.equals(made.active.key)).toBe(true);
});

test("a commitment that is not the key's is refused", async () => {
  await using database = await createTestDatabase();
  await load(database, first);
  await database.em().execute("update encryption_keys set commitment = decode(repeat('00', 32), 'hex') where id = 1");
  await expect(load(database, first)).rejects.toThrow(/not the key that its commitment names/);
});

async function insertCredential(database: Database, keyId: number): Promise<void> {
  await database.em().execute(
    `insert into provider_credentials (id, user_id, provider, auth_method, label, credentials, key_id, token_version, status,
      status_since, last4, fingerprint, scopes, refreshable, created_at, updated_at)
    values (gen_random_uuid(), 'alice', 'anthropic', 'api_key', 'default', '\\x00', ?, 1, 'active', now(), 'abcd', 'f', '{}', false, now(), now())`,
    [keyId],
  );
}

test("no key is made beside credentials whose keys are missing", async () => {
  await using database = await createTestDatabase();
  await insertCredential(database, 1);
  await expect(load(database, first)).rejects.toThrow(/sealed with key 1, and its table encryption_keys is empty/);
  expect(await snapshot(database)).toEqual([]);
});

test("credentials sealed with a key that the table lacks are refused by its id", async () => {
  await using database = await createTestDatabase();
  await load(database, first);
  await insertCredential(database, 9);
  await expect(load(database, first)).rejects.toThrow(KeyringError);
  await expect(load(database, first)).rejects.toThrow(/encryption key 9/);
});
