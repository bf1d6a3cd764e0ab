import { expect, test } from "vitest";
import { destroyKey } from "../../src/credentials/rotation/key-destruction.ts";
import { KeyRotation } from "../../src/credentials/rotation/key-rotation.ts";
import { Resealer } from "../../src/credentials/rotation/resealer.ts";
import { openVault } from "../../src/credentials/vault.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { type Kek, newKek } from "../credentials/rotation/rotation-stage.ts";
import { grant, issue, never, readRow, refresh, type RefreshStage, setRefreshStage } from "./refresh-stage.ts";

/** The operator's command, as another process on the stage's database runs it. */
async function openOperator({ database, config }: RefreshStage, ...keks: Kek[]) {
  const encryptionKeys = [...keks, ...config.encryptionKeys];
  const vault = await openVault(database, { ...config, encryptionKeys }, systemClock);
  const parts = { ...vault, database, clock: systemClock };
  const rotation = new KeyRotation(parts, "cli:tester");
  return {
    /** Up to the report. @returns how many rows were resealed. */
    rotate: async () => {
      const target = await rotation.begin();
      await expect.poll(() => rotation.activate(target)).toEqual([]);
      const { resealed } = await new Resealer(parts).run();
      await rotation.end(target);
      return resealed;
    },
    /** Lets so much time pass for the keys and the server that the old key may be destroyed. */
    passMinute: async (id: number) => {
      await database.em().execute("update encryption_keys set activated_at = activated_at - interval '61 seconds'");
      await database.em().execute("update provider_credentials set sent_at = sent_at - interval '61 seconds'");
      // The server looks at the keys every two seconds.
      await expect
        .poll(() => database.em().execute("select 1 from server_processes where sealing_key_id <> ?", [id]))
        .toEqual([]);
    },
    reseal: () => new Resealer(parts).run(),
    destroy: (id: number) => destroyKey(parts, id, "cli:tester"),
  };
}

test.for(["claimed", "received", "spooled", "storing", "stored"] as const)(
  "a refresh that has come to `%s` when the keys rotate stores its tokens, and they open when the old key is gone",
  async (holdAt, { skip }) => {
    await using stage = await setRefreshStage("anthropic", { holdAt });
    if (stage.database.url === null) skip("the embedded database has one process");
    const { alice, id, hold, database } = stage;
    const before = await grant(alice, { provider: "anthropic" });
    const operator = await openOperator(stage);
    const refreshing = refresh(alice, id);
    await hold.reached;
    await operator.rotate();
    hold.release();
    expect((await refreshing).__typename).toBe("RefreshCredentialPayload");
    expect(await readRow(stage)).toMatchObject({ version: 2, status: "active", isSent: false });
    // One that was sealed before the change has brought a row to the old key.
    await operator.reseal();
    await operator.passMinute(3);
    await operator.destroy(1);
    const after = await grant(alice, { provider: "anthropic" });
    expect(after.token).not.toBe(before.token);
    expect((await refresh(alice, id)).__typename).toBe("RefreshCredentialPayload");
    const keys = await database.em().execute("select distinct key_id from provider_credentials");
    expect(keys).toEqual([{ key_id: 3 }]);
  },
);

test("while a renewal that is sealed with the old key waits in the spool, that key is not destroyed", async ({
  skip,
}) => {
  await using stage = await setRefreshStage("anthropic", { holdAt: "spooled" });
  if (stage.database.url === null) skip("the embedded database has one process");
  const { alice, id, hold } = stage;
  const operator = await openOperator(stage);
  const refreshing = refresh(alice, id);
  await hold.reached;
  expect(await operator.rotate()).toBe(1);
  await operator.passMinute(3);
  await expect(operator.destroy(1)).rejects.toThrow("The outcome of 1 renewal");
  hold.release();
  expect((await refreshing).__typename).toBe("RefreshCredentialPayload");
  await expect(operator.destroy(1)).rejects.toThrow("1 credential is sealed with key 1");
  expect(await operator.reseal()).toMatchObject({ resealed: 1 });
  await operator.destroy(1);
  expect(await grant(alice, { provider: "anthropic" })).toMatchObject({ method: "OAUTH" });
});

test("a server that lacks a key refuses for now, and leaves the credential and its refresh to those that have it", async () => {
  await using stage = await setRefreshStage("anthropic", { keyringIntervalMs: never });
  const { alice, id, database, vendor } = stage;
  const operator = await openOperator(stage, newKek("second"));
  // It counts as dead, and so the rotation does not wait for it.
  await database.em().execute("update server_processes set seen_at = seen_at - interval '1 hour'");
  await operator.rotate();
  const before = await readRow(stage);
  const requests = vendor.requests.length;
  expect(await issue(alice, { provider: "anthropic" })).toMatchObject({ __typename: "KeyUnavailableError" });
  expect(await refresh(alice, id)).toMatchObject({ __typename: "KeyUnavailableError" });
  const { status, isSent, nextTryIn, sealed } = await readRow(stage);
  expect({ status, isSent, sealed }).toEqual({ status: "active", isSent: false, sealed: before.sealed });
  expect(nextTryIn).not.toBeNull();
  expect(vendor.requests).toHaveLength(requests);
});
