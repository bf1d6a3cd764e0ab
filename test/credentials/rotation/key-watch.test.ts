import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { KeyWatch } from "../../../src/credentials/rotation/key-watch.ts";
import { ServerProcesses } from "../../../src/credentials/rotation/server-processes.ts";
import type { Database } from "../../../src/db/database.ts";
import { createLogger } from "../../../src/observability/logger.ts";
import { type Kek, type KeyHolder, newKek, openHolder, readKey, setRotationStage, storeKey } from "./rotation-stage.ts";

/** A server as far as its keys go. */
async function startServer(database: Database, ...keks: Kek[]) {
  const holder = await openHolder(database, ...keks);
  const logs: string[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      logs.push(chunk.toString());
      done();
    },
  });
  const log = createLogger("info", sink);
  const watch = await KeyWatch.start({ database, keyring: holder.keyring, log, intervalMs: 20 });
  return { holder, logs, watch, [Symbol.asyncDispose]: () => watch[Symbol.asyncDispose]() };
}

/** When the servers without a key have last said something. */
const lastSeen = (database: Database, keyId: number) =>
  database.em().execute("select seen_at from server_processes where not key_ids @> to_jsonb(?::int)", [keyId]);

const activate = async ({ rotation }: KeyHolder) => rotation.activate(await rotation.begin());

test("servers open a new key and change to it without a restart, and one that ends is waited for no longer", async () => {
  const { database, kek, holder } = await setRotationStage();
  const processes = new ServerProcesses(database);
  await using one = await startServer(database, kek);
  {
    await using _other = await startServer(database, kek);
    expect(await processes.listLive()).toHaveLength(2);
  }
  expect(await processes.listLive()).toMatchObject([{ keyIds: [1, 2], kekIds: ["first"], sealingKeyId: 1 }]);
  const target = await holder.rotation.begin();
  await expect.poll(() => holder.rotation.activate(target)).toEqual([]);
  await expect.poll(() => holder.rotation.listLagging(target)).toEqual([]);
  expect(one.holder.keyring.active.id).toBe(target.id);
  expect(one.logs.join("")).toContain("new values are sealed with a new key");
});

test("a server without the new key-encryption key holds the rotation up, says why, and serves; its successor lets it go on", async () => {
  const { database, kek } = await setRotationStage();
  const second = newKek("second");
  const operator = await openHolder(database, second, kek);
  await using knowing = await startServer(database, second, kek);
  const unknowing = await startServer(database, kek);
  const target = await operator.rotation.begin();
  await expect.poll(() => knowing.holder.keyring.find(target.id)).not.toBeNull();
  await expect.poll(() => unknowing.logs.join("")).toContain("cannot open a new encryption key");
  const [line] = unknowing.logs.filter((entry) => entry.includes("cannot open"));
  expect(JSON.parse(line!)).toMatchObject({
    level: "error",
    keyId: target.id,
    reason: expect.stringContaining('wrapped by key-encryption key "second"'),
    msg: expect.stringContaining("Give it the CREDENTIAL_ENCRYPTION_KEY of the others"),
  });
  for (let look = 0; look < 3; look++) {
    const seen = await lastSeen(database, target.id);
    await expect.poll(() => lastSeen(database, target.id)).not.toEqual(seen);
  }
  expect(unknowing.logs.filter((entry) => entry.includes("cannot open"))).toHaveLength(1);
  expect(await operator.rotation.activate(target)).toMatchObject([{ reason: expect.stringContaining('"second"') }]);
  await storeKey(unknowing.holder, "alice", "sk-of-alice");
  expect(await readKey(knowing.holder, "alice")).toBe("sk-of-alice");
  await unknowing[Symbol.asyncDispose]();
  await using _successor = await startServer(database, second, kek);
  await expect.poll(() => operator.rotation.activate(target)).toEqual([]);
});

test("a server with nothing new says that it runs now and then, and not at each look", async () => {
  const { database, kek } = await setRotationStage();
  let looks = 0;
  let reports = 0;
  const em: Database["em"] = () => {
    looks += 1;
    return database.em();
  };
  const query: Database["query"] = (statement, values) => {
    if (statement.name === "report_keys") reports += 1;
    return database.query(statement, values);
  };
  await using _server = await startServer({ ...database, em, query }, kek);
  const [before, reported] = [looks, reports];
  await expect.poll(() => reports).toBeGreaterThan(reported + 3);
  expect(looks - before).toBeGreaterThan(3 * (reports - reported));
});

test("a server whose start crosses a rotation does not serve without the active key", async () => {
  const { database, kek, holder } = await setRotationStage();
  const operator = await openHolder(database, newKek("second"), kek);
  // It has read the keys and has not said so yet.
  expect(await activate(operator)).toEqual([]);
  const log = createLogger("silent");
  await expect(KeyWatch.start({ database, keyring: holder.keyring, log, intervalMs: 20 })).rejects.toThrow(
    /wrapped by key-encryption key "second"/,
  );
  expect(await new ServerProcesses(database).listLive()).toEqual([]);
});

test("a database that is away is told of once, and the keys are looked at again when it is back", async () => {
  const { database, kek, holder } = await setRotationStage();
  let isAway = false;
  const em: Database["em"] = () => {
    if (isAway) throw new Error("the database is away");
    return database.em();
  };
  await using server = await startServer({ ...database, em }, kek);
  isAway = true;
  await expect.poll(() => server.logs.join("")).toContain("could not be looked at");
  const target = await holder.rotation.begin();
  isAway = false;
  await expect.poll(() => holder.rotation.activate(target)).toEqual([]);
  expect(server.logs.filter((line) => line.includes("could not be looked at"))).toHaveLength(1);
});
