import { expect, test } from "vitest";
import { sealValue } from "../../../src/credentials/sealing/sealed-value.ts";
import { activateNewKey, keysOfRows, readKey, setRotationStage, storeKey } from "./rotation-stage.ts";

async function setRows(users: readonly string[]) {
  const stage = await setRotationStage();
  const ids: Record<string, string> = {};
  for (const user of users) ids[user] = await storeKey(stage.holder, user, `sk-old-of-${user}`);
  const keyId = await activateNewKey(stage.holder);
  return { ...stage, ids, keyId };
}

test("rows of older keys are sealed with the active one, and nothing else of them changes", async () => {
  const users = ["alice", "bob", "carol", "dave", "erin"];
  const { database, holder, keyId } = await setRows(users);
  const others =
    "select id, token_version, status, last4, fingerprint, updated_at from provider_credentials order by id";
  const before = await database.em().execute(others);
  const told: number[] = [];
  expect(await holder.resealer.count()).toBe(5);
  const result = await holder.resealer.run({ batchSize: 2, onResealed: () => told.push(1) });
  expect(result).toEqual({ resealed: 5, unreadable: [], isStopped: false });
  expect(told).toHaveLength(5);
  expect(await keysOfRows(database)).toEqual(Object.fromEntries(users.map((user) => [user, keyId])));
  for (const user of users) expect(await readKey(holder, user)).toBe(`sk-old-of-${user}`);
  expect(await database.em().execute(others)).toEqual(before);
  expect(await holder.resealer.count()).toBe(0);
});

test("a row that is replaced while it is resealed keeps the newer secret", async () => {
  const { database, holder, keyId } = await setRows(["alice", "bob"]);
  let isReplaced = false;
  const result = await holder.resealer.run({
    onSealed: async () => {
      if (!isReplaced) await storeKey(holder, "alice", "sk-new-of-alice");
      isReplaced = true;
    },
  });
  expect(result).toEqual({ resealed: 1, unreadable: [], isStopped: false });
  expect(await readKey(holder, "alice")).toBe("sk-new-of-alice");
  expect(await keysOfRows(database)).toEqual({ alice: keyId, bob: keyId });
});

test("a row that gets a newer secret under the older key meanwhile, as by a renewal on its way, is taken up again", async () => {
  const { database, holder, ids, keyId } = await setRows(["alice"]);
  const place = ["provider_credentials", "credentials", ids["alice"]!, "alice", "anthropic", "api_key", 2];
  const newer = sealValue(1, holder.keyring.find(1)!, Buffer.from('{"apiKey":"sk-new-of-alice"}'), place);
  let isReplaced = false;
  const result = await holder.resealer.run({
    onSealed: async () => {
      if (isReplaced) return;
      isReplaced = true;
      await database.em().execute("update provider_credentials set credentials = ?, token_version = 2", [newer]);
    },
  });
  expect(result).toEqual({ resealed: 1, unreadable: [], isStopped: false });
  expect(await readKey(holder, "alice")).toBe("sk-new-of-alice");
  expect(await keysOfRows(database)).toEqual({ alice: keyId });
});

test("a secret that is forgotten while it is resealed stays forgotten", async () => {
  const { database, holder } = await setRows(["alice", "bob"]);
  const result = await holder.resealer.run({
    onSealed: async () => {
      // As CredentialStore.forgetEnded does, which leaves the version.
      await database
        .em()
        .execute(
          "update provider_credentials set credentials = '', key_id = 0 where user_id = 'alice' and key_id <> 0",
        );
    },
  });
  expect(result).toMatchObject({ resealed: 1, unreadable: [] });
  const [row] = await database
    .em()
    .execute("select length(credentials) as length, key_id from provider_credentials where user_id = 'alice'");
  expect(row).toEqual({ length: 0, key_id: 0 });
});

test("a row that is removed while it is resealed stays removed", async () => {
  const { database, holder, ids, keyId } = await setRows(["alice", "bob"]);
  await holder.resealer.run({
    onSealed: async () => {
      await holder.store.remove(database.em(), "alice", ids["alice"]!);
    },
  });
  expect(await keysOfRows(database)).toEqual({ bob: keyId });
});

test("rows that do not open are listed and left as they are; one that is replaced then is taken up", async () => {
  const { database, holder, ids, keyId } = await setRows(["alice", "bob", "carol"]);
  const swap = `update provider_credentials a set credentials = b.credentials from provider_credentials b
    where (a.user_id, b.user_id) in (('alice', 'bob'), ('bob', 'alice'))`;
  await database.em().execute(swap);
  const bytes =
    "select encode(credentials, 'hex') as hex from provider_credentials where user_id in ('alice', 'bob') order by id";
  const before = await database.em().execute(bytes);
  const result = await holder.resealer.run({ batchSize: 1 });
  expect(result).toEqual({
    resealed: 1,
    unreadable: expect.arrayContaining([ids["alice"], ids["bob"]]),
    isStopped: false,
  });
  expect(result.unreadable).toHaveLength(2);
  expect(await database.em().execute(bytes)).toEqual(before);
  expect(await keysOfRows(database)).toEqual({ alice: 1, bob: 1, carol: keyId });
  await database.em().execute(swap);
  expect(await holder.resealer.run()).toEqual({ resealed: 2, unreadable: [], isStopped: false });
});

test("a row that did not open and is replaced while others are resealed is not listed", async () => {
  const { database, holder, keyId } = await setRows(["alice", "bob"]);
  await database.em().execute("update provider_credentials set credentials = '\\x00' where user_id = 'alice'");
  const result = await holder.resealer.run({
    onSealed: async () => {
      await storeKey(holder, "alice", "sk-new-of-alice");
    },
  });
  expect(result).toEqual({ resealed: 1, unreadable: [], isStopped: false });
  expect(await keysOfRows(database)).toEqual({ alice: keyId, bob: keyId });
});

test("what is stopped ends after the batch, and another run goes on with the rest", async () => {
  const users = ["alice", "bob", "carol", "dave"];
  const { database, holder, keyId } = await setRows(users);
  const stop = new AbortController();
  const first = await holder.resealer.run({ batchSize: 1, signal: stop.signal, onResealed: () => stop.abort() });
  expect(first).toEqual({ resealed: 1, unreadable: [], isStopped: true });
  expect(await holder.resealer.count()).toBe(3);
  expect(await holder.resealer.run()).toEqual({ resealed: 3, unreadable: [], isStopped: false });
  expect(await keysOfRows(database)).toEqual(Object.fromEntries(users.map((user) => [user, keyId])));
});

test("a row that a transaction holds is not waited for, and is taken up when that ends", async ({ skip }) => {
  const { database, holder, keyId } = await setRows(["alice", "bob"]);
  if (database.url === null) skip("the embedded database has one connection");
  const held = Promise.withResolvers<void>();
  const others = Promise.withResolvers<void>();
  const transaction = database.transaction(async (em) => {
    await em.execute("update provider_credentials set last_used_at = now() where user_id = 'alice'");
    held.resolve();
    await others.promise;
  });
  await held.promise;
  try {
    // Goes on as soon as the other row is done, though the first one is still held.
    const result = await holder.resealer.run({ onResealed: () => others.resolve() });
    expect(result).toEqual({ resealed: 2, unreadable: [], isStopped: false });
  } finally {
    others.resolve();
    await transaction;
  }
  expect(await keysOfRows(database)).toEqual({ alice: keyId, bob: keyId });
  const [row] = await database
    .em()
    .execute("select last_used_at is not null as used from provider_credentials where user_id = 'alice'");
  expect(row).toEqual({ used: true });
});
