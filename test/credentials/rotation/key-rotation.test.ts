import { expect, test } from "vitest";
import { OAuthFlowStore } from "../../../src/connect/oauth/flow-store.ts";
import { destroyKey } from "../../../src/credentials/rotation/key-destruction.ts";
import { rewrapKeys } from "../../../src/credentials/rotation/key-rewrapping.ts";
import { listKeys } from "../../../src/credentials/rotation/key-usage.ts";
import type { Database } from "../../../src/db/database.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { Secret } from "../../../src/lib/secret.ts";
import {
  activateNewKey,
  auditOfKeys,
  insertServer,
  type KeyHolder,
  keysOfRows,
  newKek,
  openHolder,
  passMinute,
  readKey,
  setRotationStage,
  storeKey,
} from "./rotation-stage.ts";

const states = async (database: Database) =>
  Object.fromEntries((await listKeys(database)).map(({ id, state }) => [id, state]));

/** Goes through a whole rotation that nobody holds up. */
async function rotate(holder: KeyHolder): Promise<number> {
  const target = await holder.rotation.begin();
  expect(await holder.rotation.activate(target)).toEqual([]);
  await holder.resealer.run();
  await holder.rotation.end(target);
  return target.id;
}

test("a rotation ends with every row on a new key, and each of its steps is on record", async () => {
  const { database, holder } = await setRotationStage();
  await storeKey(holder, "alice", "sk-of-alice");
  const keyId = await rotate(holder);
  expect(keyId).toBe(3);
  expect(await states(database)).toEqual({ 1: "decrypt_only", 2: "active", 3: "active" });
  expect(await keysOfRows(database)).toEqual({ alice: 3 });
  await expect(destroyKey(holder, 1, "cli:tester")).rejects.toThrow(
    /^Key 1 was in use until a moment ago, .* Nothing was destroyed\. Try again in \d+ s\.$/,
  );
  await passMinute(database);
  await destroyKey(holder, 1, "cli:tester");
  expect(await auditOfKeys(database)).toEqual([
    "cli:tester key.rotate 3 of null",
    "cli:tester key.rotate 3 of null",
    "cli:tester key.rotate 3 of null",
    "cli:tester key.destroy 1 of null",
  ]);
  const [destroyed] = await database
    .em()
    .execute("select length(wrapped_key) as length from encryption_keys where id = 1");
  expect(destroyed).toEqual({ length: 0 });
  // The next one makes another key, and never one of an id that there was.
  expect(await rotate(holder)).toBe(4);
  expect(await readKey(holder, "alice")).toBe("sk-of-alice");
});

test("whatever step it stopped at, the next command goes on with the same key", async () => {
  const { database, kek, holder } = await setRotationStage();
  const first = await holder.rotation.begin();
  expect(first).toMatchObject({ id: 3, isActive: false, isResumed: false });
  const second = await openHolder(database, kek);
  const pending = await second.rotation.begin();
  expect(pending).toMatchObject({ id: 3, isActive: false, isResumed: true });
  await second.rotation.activate(pending);
  const third = await openHolder(database, kek);
  const active = await third.rotation.begin();
  expect(active).toMatchObject({ id: 3, isActive: true, isResumed: true });
  expect(await third.rotation.activate(active)).toEqual([]);
  await third.rotation.end(active);
  await third.rotation.end(active);
  expect(await third.rotation.begin()).toMatchObject({ id: 4, isResumed: false });
  expect(await auditOfKeys(database)).toHaveLength(4);
});

test("of several commands that begin at the same time one makes the key and the others go on with it", async () => {
  const { database, holder } = await setRotationStage();
  const targets = await Promise.all(Array.from({ length: 10 }, () => holder.rotation.begin()));
  expect(new Set(targets.map(({ id }) => id))).toEqual(new Set([3]));
  expect(targets.filter(({ isResumed }) => !isResumed)).toHaveLength(1);
  await Promise.all(targets.map((target) => holder.rotation.activate(target)));
  expect(await states(database)).toEqual({ 1: "decrypt_only", 2: "active", 3: "active" });
});

test("a key is not activated before every live server has opened it, and those it waits for are named with the reason", async () => {
  const { database, holder, kek } = await setRotationStage();
  const target = await holder.rotation.begin();
  await insertServer(database, { name: "has it", keyIds: [1, 2, 3], kekIds: [kek.id] });
  await insertServer(database, { name: "lags", keyIds: [1, 2], kekIds: [kek.id] });
  await insertServer(database, { name: "cannot", keyIds: [1, 2], kekIds: ["another"] });
  await insertServer(database, { name: "is dead", keyIds: [1, 2], kekIds: [kek.id], age: "61 seconds" });
  const holdups = [
    { server: "lags", reason: "has not looked yet" },
    { server: "cannot", reason: 'lacks key-encryption key "first" in its CREDENTIAL_ENCRYPTION_KEY' },
  ];
  expect(await holder.rotation.activate(target)).toEqual(expect.arrayContaining(holdups));
  expect(await holder.rotation.activate(target)).toHaveLength(2);
  expect(await states(database)).toEqual({ 1: "active", 2: "active", 3: "pending" });
  const [, , key] = await listKeys(database);
  expect(key!.notLoadedBy).toHaveLength(2);
  await database.em().execute("update server_processes set key_ids = '[1, 2, 3]'");
  expect(await holder.rotation.activate(target)).toEqual([]);
  expect(await states(database)).toEqual({ 1: "decrypt_only", 2: "active", 3: "active" });
  expect((await holder.rotation.listLagging(target)).map(({ server }) => server).toSorted()).toEqual([
    "cannot",
    "has it",
    "lags",
  ]);
});

test("a command that cannot open the pending key says so, and changes nothing", async () => {
  const { database, kek, holder } = await setRotationStage();
  const second = await openHolder(database, newKek("second"), kek);
  await second.rotation.begin();
  await expect(holder.rotation.begin()).rejects.toThrow(
    /wrapped by key-encryption key "second", which is not configured/,
  );
  expect(await states(database)).toEqual({ 1: "active", 2: "active", 3: "pending" });
});

test("a rotation that is given up leaves its key destroyed, and a command that still waits for it says so", async () => {
  const { database, holder } = await setRotationStage();
  const target = await holder.rotation.begin();
  await destroyKey(holder, target.id, "cli:tester");
  await expect(holder.rotation.activate(target)).rejects.toThrow(/Key 3 was destroyed meanwhile/);
  expect(await states(database)).toEqual({ 1: "active", 2: "active", 3: "destroyed" });
  expect(await rotate(holder)).toBe(4);
});

test.each([
  [9, "There is no key 9."],
  [2, "Key 2 makes the fingerprints of all credentials."],
  [3, "New values are sealed with key 3."],
  [1, "1 credential is sealed with key 1."],
])("key %i is not destroyed: %s", async (id, reason) => {
  const { database, holder } = await setRotationStage();
  await storeKey(holder, "alice", "sk-of-alice");
  await activateNewKey(holder);
  await passMinute(database);
  const before = await database.em().execute("select *, wrapped_key::text from encryption_keys order by id");
  await expect(destroyKey(holder, id, "cli:tester")).rejects.toThrow(`${reason} Nothing was destroyed.`);
  expect(await database.em().execute("select *, wrapped_key::text from encryption_keys order by id")).toEqual(before);
  expect((await auditOfKeys(database)).filter((entry) => entry.includes("key.destroy"))).toEqual([]);
});

test("a key is kept while an OAuth flow under way needs it, and no longer", async () => {
  const { database, holder } = await setRotationStage();
  const flows = new OAuthFlowStore(database, holder.keyring, systemClock);
  const flow = await flows.create({
    userId: "alice",
    provider: "some",
    kind: "redirect",
    redirectUri: null,
    scopes: [],
    label: "default",
    userCode: null,
    verificationUri: null,
    pollInterval: null,
    sessionId: null,
    expiresAt: new Date(Date.now() + 600_000),
    state: "state",
    binding: null,
    secrets: { codeVerifier: new Secret("verifier"), nonce: "nonce", deviceCode: null },
  });
  await rotate(holder);
  await passMinute(database);
  expect((await listKeys(database))[0]).toMatchObject({ id: 1, rows: 0, flows: 1 });
  await expect(destroyKey(holder, 1, "cli:tester")).rejects.toThrow("1 OAuth flow under way need");
  expect((await flows.openSecrets(flow)).codeVerifier.reveal()).toBe("verifier");
  await database.em().execute("update oauth_flows set expires_at = clock_timestamp()");
  await destroyKey(holder, 1, "cli:tester");
});

test("a key is kept while a renewal from the time of the rotation may still come", async () => {
  const { database, holder } = await setRotationStage();
  await storeKey(holder, "alice", "sk-of-alice");
  await rotate(holder);
  await database.em().execute("update provider_credentials set sent_at = clock_timestamp() - interval '2 seconds'");
  await passMinute(database);
  await expect(destroyKey(holder, 1, "cli:tester")).rejects.toThrow("The outcome of 1 renewal");
  // One that was sent long after the change was sealed with the newer key.
  await passMinute(database);
  await destroyKey(holder, 1, "cli:tester");
});

test("rewrapping changes only how keys are wrapped, and then the older key-encryption key can be left out", async () => {
  const { database, kek, holder } = await setRotationStage();
  const second = newKek("second");
  await storeKey(holder, "alice", "sk-of-alice");
  await rotate(holder);
  await passMinute(database);
  await destroyKey(holder, 1, "cli:tester");
  const rows = "select *, encode(credentials, 'hex') as hex from provider_credentials";
  const before = await database.em().execute(rows);
  const both = await openHolder(database, second, kek);
  expect(await rewrapKeys(both, "cli:tester")).toEqual({ kekId: "second", rewrapped: [2, 3], removable: ["first"] });
  expect(await rewrapKeys(both, "cli:tester")).toEqual({ kekId: "second", rewrapped: [], removable: ["first"] });
  expect(await database.em().execute(rows)).toEqual(before);
  const after = await openHolder(database, second);
  expect(await readKey(after, "alice")).toBe("sk-of-alice");
  expect(after.keyring.fingerprintKey.equals(holder.keyring.fingerprintKey)).toBe(true);
  // A process that has opened them needs no key-encryption key.
  await holder.keyring.reload();
  expect(await readKey(holder, "alice")).toBe("sk-of-alice");
  await expect(openHolder(database, kek)).rejects.toThrow(/wrapped by key-encryption key "second"/);
  expect((await auditOfKeys(database)).filter((entry) => entry.includes("rewrap"))).toEqual([
    "cli:tester key.rewrap null of null",
  ]);
});

test("nothing is rewrapped while a server lacks the new key-encryption key", async () => {
  const { database, kek } = await setRotationStage();
  const both = await openHolder(database, newKek("second"), kek);
  await insertServer(database, { name: "an old server", keyIds: [1, 2], kekIds: ["first"] });
  await insertServer(database, { name: "a dead server", keyIds: [1, 2], kekIds: ["first"], age: "61 seconds" });
  await expect(rewrapKeys(both, "cli:tester")).rejects.toThrow(
    'These servers lack key-encryption key "second" and could not start again: an old server. Nothing was changed.',
  );
  expect((await listKeys(database)).map(({ kekId }) => kekId)).toEqual(["first", "first"]);
});

test("a refresh or a flow after a long pause looks at the keys before anything is sealed", async () => {
  const { database, kek, holder } = await setRotationStage();
  const other = await openHolder(database, kek);
  await holder.sealer.prepare();
  await activateNewKey(other);
  await holder.sealer.prepare();
  expect(holder.keyring.active.id).toBe(1);
  const { now } = Date;
  try {
    Date.now = () => now() + 30_001;
    await holder.sealer.prepare();
  } finally {
    Date.now = now;
  }
  expect(holder.keyring.active.id).toBe(3);
});
