import { expect, test, vi } from "vitest";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import { patience } from "../support/patience.ts";
import { startTestApp } from "../support/test-app.ts";
import {
  grant,
  Hold,
  makeDue,
  never,
  readEvents,
  readRefreshAudit,
  readRow,
  readRows,
  refresh,
  sentRefreshTokens,
  setRefreshStage,
  startNeighbour,
} from "./refresh-stage.ts";

const eager = { refresh: { intervalMs: 50 } };

test("the worker refreshes what is due, without anybody asking, and nothing else", async () => {
  await using stage = await setRefreshStage("anthropic", eager);
  await signIn(await stage.client("bob"), "anthropic");
  await stage.database
    .em()
    .execute("update provider_credentials set next_try_at = clock_timestamp() where user_id = 'alice'");
  await vi.waitFor(async () => expect(await readEvents(stage)).toMatchObject([{ type: "TokenRefreshed" }]), patience);
  expect(await readRows(stage.database)).toMatchObject([{ version: 2 }, { version: 1 }]);
  expect(await readRefreshAudit(stage)).toEqual([{ actor: "maestro-auth", outcome: "succeeded" }]);
  expect(sentRefreshTokens(stage.vendor)).toHaveLength(1);
});

test("after a failure the worker tries again by itself", async () => {
  await using stage = await setRefreshStage("anthropic", eager);
  stage.vendor.next("/token", { kind: "status", status: 503 });
  await makeDue(stage);
  await vi.waitFor(async () => expect(await readRow(stage)).toMatchObject({ version: 2 }), patience);
  expect(await readEvents(stage)).toMatchObject([{ type: "TokenRefreshFailed" }, { type: "TokenRefreshed" }]);
  expect(await readRefreshAudit(stage)).toEqual([
    { actor: "maestro-auth", outcome: "PROVIDER_UNAVAILABLE" },
    { actor: "maestro-auth", outcome: "succeeded" },
  ]);
});

test("at a provider that does not rotate, the worker replays a lost refresh by itself", async () => {
  await using stage = await setRefreshStage("google", eager);
  stage.vendor.next("/token", { kind: "lost" });
  await makeDue(stage);
  await vi.waitFor(async () => expect(await readRow(stage)).toMatchObject({ version: 2, isSent: false }), patience);
});

test("the worker takes over what a process that died had claimed, when the claim has ended", async () => {
  await using stage = await setRefreshStage("google");
  const { database } = stage;
  await makeDue(stage);
  await database.em().execute(
    `update provider_credentials set lease_owner = gen_random_uuid(), lease_epoch = lease_epoch + 1,
      lease_until = clock_timestamp() + interval '30 s', sent_at = clock_timestamp(), replay_after = lease_until`,
  );
  await using _worker = await startNeighbour(stage, eager);
  await database.em().execute(
    `update provider_credentials set lease_until = clock_timestamp() - interval '1 s',
      replay_after = clock_timestamp() - interval '1 s'`,
  );
  await vi.waitFor(async () => expect(await readRow(stage)).toMatchObject({ version: 2, leaseIn: null }), patience);
  expect(sentRefreshTokens(stage.vendor)).toHaveLength(1);
});

test("what another process has claimed is left to it", async () => {
  await using stage = await setRefreshStage("anthropic", { holdAt: "claimed" });
  const { alice, id, hold, database } = stage;
  await makeDue(stage);
  const claimed = refresh(alice, id);
  await hold.reached;
  // The lease alone keeps others away.
  await database.em().execute("update provider_credentials set sent_at = null, replay_after = null");
  await signIn(await stage.client("bob"), "anthropic");
  await database.em().execute("update provider_credentials set next_try_at = clock_timestamp() where user_id = 'bob'");
  {
    await using _worker = await startNeighbour(stage, eager);
    await vi.waitFor(async () => expect(await readEvents(stage, "bob")).toHaveLength(1), patience);
  }
  expect(await readRows(database)).toMatchObject([{ version: 1 }, { version: 2 }]);
  hold.release();
  expect((await claimed).__typename).toBe("RefreshCredentialPayload");
  expect(stage.vendor.oracle).toMatchObject({ refreshes: 2, reuses: 0 });
});

test("what cannot be refreshed on a server, as it has no OAuth client, is left to those that have one", async () => {
  await using stage = await setRefreshStage("anthropic");
  await makeDue(stage);
  const { database } = stage;
  await database.em().execute("update provider_credentials set lease_epoch = 7");
  await using _worker = await startTestApp({ database, ...eager });
  // Notices are looked for as often as refreshes: after two looks at them there was one at these.
  for (let looks = 0; looks < 2; looks++) {
    await database
      .em()
      .execute("update provider_credentials set expiry_notice_at = clock_timestamp() - interval '1 s'");
    await vi.waitFor(async () => expect((await readRow(stage)).noticeIn).toBeGreaterThan(0), patience);
  }
  expect(await database.em().execute("select lease_epoch, sent_at from provider_credentials")).toEqual([
    { lease_epoch: 7, sent_at: null },
  ]);
});

test("two processes share what is due: each token is refreshed once", async () => {
  await using stage = await setRefreshStage("anthropic", { refresh: { intervalMs: never } });
  for (const label of ["b", "c", "d", "e", "f"]) await signIn(stage.alice, "anthropic", { label });
  await makeDue(stage);
  await using _one = await startNeighbour(stage, { refresh: { intervalMs: 20, limits: { maxInFlight: 2 } } });
  await using _two = await startNeighbour(stage, { refresh: { intervalMs: 20, limits: { maxInFlight: 2 } } });
  await vi.waitFor(async () => expect(await readEvents(stage)).toHaveLength(6), patience);
  expect((await readRows(stage.database)).map(({ version }) => version)).toEqual([2, 2, 2, 2, 2, 2]);
  expect(stage.vendor.oracle).toMatchObject({ refreshes: 6, successes: 6, reuses: 0 });
});

test("a caller and the worker share one refresh", async () => {
  await using stage = await setRefreshStage("anthropic", { refresh: { intervalMs: never } });
  const old = await grant(stage.alice, { provider: "anthropic" });
  await makeDue(stage);
  await using worker = await startNeighbour(stage, { refresh: { intervalMs: 1 } });
  const client = await worker.client("alice");
  const grants = await Promise.all(Array.from({ length: 10 }, () => grant(client, { provider: "anthropic" })));
  await vi.waitFor(async () => expect(await readRow(stage)).toMatchObject({ version: 2 }), patience);
  expect(grants.map(({ token }) => token)).not.toContain(old.token);
  expect(stage.vendor.oracle).toMatchObject({ refreshes: 1, reuses: 0 });
});

test("closing the server waits for a refresh in flight, and stores it", async () => {
  await using stage = await setRefreshStage("anthropic");
  const hold = new Hold();
  const faults = (point: string) => (point === "received" ? hold.wait() : undefined);
  const server = await startNeighbour(stage, { refresh: { intervalMs: 20, faults } });
  await makeDue(stage);
  await hold.reached;
  const closed = server[Symbol.asyncDispose]();
  const before = await readRow(stage);
  hold.release();
  await closed;
  expect(before).toMatchObject({ version: 1, isSent: true });
  expect(await readRow(stage)).toMatchObject({ version: 2, isSent: false, leaseIn: null });
  expect(await readEvents(stage)).toMatchObject([{ type: "TokenRefreshed" }]);
});
