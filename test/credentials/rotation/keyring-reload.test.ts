import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { destroyKey } from "../../../src/credentials/rotation/key-destruction.ts";
import { sealValue } from "../../../src/credentials/sealing/sealed-value.ts";
import type { Database } from "../../../src/db/database.ts";
import { KeyUnavailableError } from "../../../src/errors/auth-error.ts";
import {
  activateNewKey,
  newKek,
  openHolder,
  passMinute,
  readKey,
  setRotationStage,
  storeKey,
} from "./rotation-stage.ts";

/** Counts how often the tables are asked for anything that is not a prepared statement. */
function countingReads(database: Database) {
  let count = 0;
  const em: Database["em"] = () => {
    count += 1;
    return database.em();
  };
  return { database: { ...database, em }, reads: () => count };
}

test("a row that another process has sealed a moment ago with a key that is not known here opens at once", async () => {
  const { database, kek, holder } = await setRotationStage();
  const other = await openHolder(database, kek);
  const keyId = await activateNewKey(other);
  await storeKey(other, "alice", "sk-of-alice");
  expect(holder.keyring.find(keyId)).toBeNull();
  expect(await readKey(holder, "alice")).toBe("sk-of-alice");
  expect(holder.keyring.active.id).toBe(keyId);
});

test("a known key is looked for nowhere, and one that does not exist once for many rows at the same time", async () => {
  const { database, kek } = await setRotationStage();
  const counting = countingReads(database);
  const holder = await openHolder(counting.database, kek);
  const { keyring } = holder;
  await storeKey(holder, "alice", "sk-of-alice");
  const [row] = await holder.store.listPreferred(database.em(), "alice", {});
  const before = counting.reads();
  for (let call = 0; call < 100; call++) await holder.sealer.open(row!, { expiresAt: null, scopes: [] });
  expect(counting.reads()).toBe(before);
  const found = await Promise.all(Array.from({ length: 100 }, () => keyring.lookUp(77)));
  expect(new Set(found)).toEqual(new Set([null]));
  const asked = counting.reads();
  expect(asked - before).toBeLessThanOrEqual(2);
  expect(await keyring.lookUp(77)).toBeNull();
  expect(counting.reads()).toBe(asked);
});

test("a look that fails is no proof that a key is missing, and the next one finds it", async () => {
  const { database, kek, holder: other } = await setRotationStage();
  let isAway = false;
  const em: Database["em"] = () => {
    if (isAway) throw new Error("the database is away");
    return database.em();
  };
  const { keyring } = await openHolder({ ...database, em }, kek);
  const keyId = await activateNewKey(other);
  isAway = true;
  await expect(keyring.lookUp(keyId)).rejects.toThrow("the database is away");
  isAway = false;
  expect(await keyring.lookUp(keyId)).not.toBeNull();
});

test("whoever writes a row seals it with the key that is active by then", async () => {
  const { database, kek, holder } = await setRotationStage();
  const other = await openHolder(database, kek);
  const keyId = await activateNewKey(other);
  await storeKey(holder, "alice", "sk-of-alice");
  const [row] = await database.em().execute("select key_id from provider_credentials");
  expect(row).toEqual({ key_id: keyId });
});

test("a process that lacks the new key-encryption key keeps what it has, and says so of rows of the new key", async () => {
  const { database, kek, holder } = await setRotationStage();
  const other = await openHolder(database, newKek("second"), kek);
  await storeKey(holder, "bob", "sk-of-bob");
  const keyId = await activateNewKey(other);
  await storeKey(other, "alice", "sk-of-alice");
  const refusal = await readKey(holder, "alice").catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(KeyUnavailableError);
  expect(refusal).toMatchObject({ isOfProcess: true });
  expect(holder.keyring.unopened.get(keyId)?.reason).toContain('key-encryption key "second", which is not configured');
  expect(await readKey(holder, "bob")).toBe("sk-of-bob");
  await storeKey(holder, "carol", "sk-of-carol");
  expect(await readKey(other, "carol")).toBe("sk-of-carol");
});

test("a process that lacks the key-encryption key of a pending key starts; of an active one it does not", async () => {
  const { database, kek } = await setRotationStage();
  const other = await openHolder(database, newKek("second"), kek);
  const target = await other.rotation.begin();
  const started = await openHolder(database, kek);
  expect(started.keyring.active.id).toBe(1);
  expect([...started.keyring.unopened.keys()]).toEqual([target.id]);
  await other.rotation.activate(target);
  await expect(openHolder(database, kek)).rejects.toThrow(/wrapped by key-encryption key "second"/);
});

test("a key is not destroyed while somebody writes a row that is sealed with it", async ({ skip }) => {
  const { database, kek, holder } = await setRotationStage();
  if (database.url === null) skip("the embedded database has one connection");
  const other = await openHolder(database, kek);
  const sealed = Promise.withResolvers<void>();
  const committed = Promise.withResolvers<void>();
  const writing = database.transaction(async (em) => {
    const { id, key } = await holder.keyring.hold(em);
    sealed.resolve();
    await committed.promise;
    const place = { id: randomUUID(), userId: "alice", provider: "anthropic", authMethod: "api_key", tokenVersion: 1 };
    const context = ["provider_credentials", "credentials", ...Object.values(place)];
    await em.execute(
      `insert into provider_credentials (id, user_id, provider, auth_method, token_version, label, credentials, key_id, status,
        status_since, last4, fingerprint, scopes, refreshable, created_at, updated_at)
      values (?, ?, ?, ?, ?, 'default', ?, ?, 'active', now(), 'abcd', 'f', '{}', false, now(), now())`,
      [...Object.values(place), sealValue(id, key, Buffer.from('{"apiKey":"sk-of-alice"}'), context), id],
    );
  });
  await sealed.promise;
  await activateNewKey(other);
  await passMinute(database);
  const destroying = destroyKey(other, 1, "cli:tester").then(
    () => "destroyed",
    (error: unknown) => String(error),
  );
  try {
    await expect
      .poll(
        () =>
          database
            .em()
            .execute("select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%for update%'"),
        { timeout: 15_000 },
      )
      .not.toEqual([]);
  } finally {
    committed.resolve();
  }
  await writing;
  expect(await destroying).toContain("1 credential is sealed with key 1. Nothing was destroyed.");
  expect(await readKey(other, "alice")).toBe("sk-of-alice");
});

test("a process that wakes up after its key was destroyed seals with the one that took its place", async () => {
  const { database, kek, holder } = await setRotationStage();
  const other = await openHolder(database, kek);
  await activateNewKey(other);
  await passMinute(database);
  await destroyKey(other, 1, "cli:tester");
  expect(holder.keyring.active.id).toBe(1);
  await storeKey(holder, "alice", "sk-of-alice");
  expect(holder.keyring.find(1)).toBeNull();
  expect(await readKey(other, "alice")).toBe("sk-of-alice");
});
