import { expect, test, vi } from "vitest";
import { revokeCredentialMutation } from "../client/operations.ts";
import { dump, signIn } from "../connect/oauth/oauth-stage.ts";
import {
  expire,
  grant,
  issue,
  readEvents,
  readRefreshAudit,
  readRow,
  refresh,
  type RefreshStage,
  sentRefreshTokens,
  setRefreshStage,
} from "./refresh-stage.ts";

test("the answer to a refresh does not bring back a credential that was revoked meanwhile", async () => {
  await using stage = await setRefreshStage("anthropic", { holdAt: "received" });
  const { alice, id, hold, database } = stage;
  const late = refresh(alice, id);
  await hold.reached;
  await alice.execute(revokeCredentialMutation, { input: { credentialId: id } });
  hold.release();
  expect((await late).__typename).toBe("CredentialNotFoundError");
  expect(await dump(database, "provider_credentials")).toEqual([]);
  expect(await readEvents(stage)).toMatchObject([{ type: "CredentialRevoked" }]);
  expect(await readRefreshAudit(stage)).toEqual([]);
});

test("the answer to a refresh does not overwrite the sign-in that has replaced its credential", async () => {
  await using stage = await setRefreshStage("anthropic", { holdAt: "received" });
  const { alice, id, hold } = stage;
  const late = refresh(alice, id);
  await hold.reached;
  await signIn(alice, "anthropic");
  const replaced = await readRow(stage);
  const granted = await grant(alice, { provider: "anthropic" });
  hold.release();
  await late;
  expect((await readRow(stage)).sealed).toBe(replaced.sealed);
  expect(await readRow(stage)).toMatchObject({ version: 2, status: "active", failures: 0, isSent: false });
  expect(await grant(alice, { provider: "anthropic" })).toEqual(granted);
  expect(await readEvents(stage)).toEqual([]);
});

test.each([
  ["the end of the old grant", { kind: "status", status: 400, body: { error: "invalid_grant" } }],
  ["an outage", { kind: "status", status: 503 }],
  ["a lost answer", { kind: "lost" }],
] as const)("%s says nothing of the sign-in that has replaced its credential", async (_name, fault) => {
  await using stage = await setRefreshStage("anthropic", { holdAt: "claimed" });
  const { alice, id, hold, vendor } = stage;
  const late = refresh(alice, id);
  await hold.reached;
  await signIn(alice, "anthropic");
  vendor.next("/token", fault);
  hold.release();
  await late;
  expect(sentRefreshTokens(vendor)).toHaveLength(1);
  expect(await readRow(stage)).toMatchObject({ version: 2, status: "active", failures: 0, isSent: false });
  expect(await readEvents(stage)).toEqual([]);
  expect((await refresh(alice, id)).__typename).toBe("RefreshCredentialPayload");
});

test("who asked for a refresh of what was replaced meanwhile has what was asked for: a new token", async () => {
  await using stage = await setRefreshStage("anthropic", { holdAt: "claimed" });
  const { alice, id, hold, vendor } = stage;
  const late = refresh(alice, id);
  await hold.reached;
  await signIn(alice, "anthropic");
  vendor.next("/token", { kind: "status", status: 400, body: { error: "invalid_grant" } });
  hold.release();
  expect((await late).__typename).toBe("RefreshCredentialPayload");
});

/** A refresh whose answer is here when another process has taken over, and the caller who waits for it. */
async function overtaken(stage: RefreshStage) {
  await expire(stage);
  const late = issue(stage.alice, { provider: "anthropic" });
  await stage.hold.reached;
  await stage.database
    .em()
    .execute(
      "update provider_credentials set lease_epoch = lease_epoch + 1, lease_until = clock_timestamp() + interval '3 s'",
    );
  const { sealed } = await readRow(stage);
  stage.hold.release();
  return { answer: await late, sealed };
}

test("an answer that comes after another process has taken over is not stored", async () => {
  await using stage = await setRefreshStage("anthropic", { holdAt: "received" });
  const { sealed } = await overtaken(stage);
  const row = await readRow(stage);
  expect(row).toMatchObject({ version: 1, sealed, isSent: true });
  expect(row.leaseIn).not.toBeNull();
  expect(await readEvents(stage)).toEqual([]);
});

test("who waited for an answer that was overtaken is asked to come again, not to sign in", async () => {
  await using stage = await setRefreshStage("anthropic", { holdAt: "received" });
  expect((await overtaken(stage)).answer.__typename).toBe("ProviderUnavailableError");
});

test("a claim that could not be sent in time is given back: its answer could come after the lease", async () => {
  await using stage = await setRefreshStage("anthropic", { holdAt: "claimed" });
  const { alice, id, hold, vendor } = stage;
  const late = refresh(alice, id);
  await hold.reached;
  const now = performance.now.bind(performance);
  const stopped = vi.spyOn(performance, "now").mockImplementation(() => now() + 16_000);
  hold.release();
  const refused = await late;
  stopped.mockRestore();
  expect(refused).toMatchObject({ __typename: "ProviderUnavailableError", retryAfter: 1 });
  expect(sentRefreshTokens(vendor)).toEqual([]);
  expect(await readRow(stage)).toMatchObject({ version: 1, failures: 0, isSent: false, leaseIn: null, replayIn: null });
  expect(await readEvents(stage)).toEqual([]);
  expect((await refresh(alice, id)).__typename).toBe("RefreshCredentialPayload");
});

test("tokens that arrive after their credential was removed are revoked at the provider", async () => {
  await using stage = await setRefreshStage("anthropic", { holdAt: "received" });
  const { alice, id, hold, vendor } = stage;
  const late = refresh(alice, id);
  await hold.reached;
  await alice.execute(revokeCredentialMutation, { input: { credentialId: id } });
  const revoked = () =>
    vendor.requests.flatMap(({ path, body }) => (path === "/token/revocation" ? [body["token"]] : []));
  const [old] = sentRefreshTokens(vendor);
  expect(revoked()).toEqual([old]);
  hold.release();
  await late;
  expect(revoked()).toEqual([old, expect.not.stringMatching(`^${old}$`)]);
});
