import { expect, test } from "vitest";
import { credentialEventsSubscription } from "../client/operations.ts";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import { grant, makeDue, readRow, readState, refresh, sentRefreshTokens, setRefreshStage } from "./refresh-stage.ts";

test("new tokens replace the old ones, say when the next refresh is due, and are told to subscribers", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, id } = stage;
  await makeDue(stage);
  const before = await readRow(stage);
  await using events = await alice.subscribeSse(credentialEventsSubscription, {});

  const result = await refresh(alice, id);
  expect(result).toMatchObject({
    __typename: "RefreshCredentialPayload",
    credential: { id, status: "ACTIVE", statusReason: null },
  });
  const { data } = await events.next();
  const state = await readState(stage);
  expect(data?.credentialEvents).toMatchObject({
    __typename: "TokenRefreshed",
    credentialId: id,
    newExpiresAt: state.expiresAt,
  });
  expect(Date.parse(String(state.nextRefreshAt))).toBeLessThan(Date.parse(String(state.expiresAt)));
  expect(state.lastRefreshedAt).not.toBeNull();

  const row = await readRow(stage);
  expect(row).toMatchObject({ version: before.version + 1, failures: 0, isSent: false, leaseIn: null, replayIn: null });
  expect(row.sealed).not.toBe(before.sealed);
  expect(row.expiresIn).toBeGreaterThan(3000);
  expect(row.nextTryIn).toBeGreaterThan(2700);
});

test("at a provider that rotates, each refresh sends the token that the last one brought", async () => {
  await using stage = await setRefreshStage("anthropic");
  for (let count = 0; count < 3; count++) await refresh(stage.alice, stage.id);
  expect(new Set(sentRefreshTokens(stage.vendor)).size).toBe(3);
  expect(stage.vendor.oracle).toMatchObject({ refreshes: 3, successes: 3, reuses: 0 });
  expect((await readRow(stage)).version).toBe(4);
});

test("what an answer leaves out stays as it was: the refresh token, the account and the scopes", async () => {
  await using stage = await setRefreshStage("google");
  const { alice, id, vendor } = stage;
  const { account } = await readRow(stage);
  expect(account).not.toBeNull();
  vendor.tokenOverrides = { refresh_token: undefined, id_token: undefined, scope: undefined };
  const old = await grant(alice, { provider: "google" });
  for (let count = 0; count < 2; count++) {
    expect((await refresh(alice, id)).__typename).toBe("RefreshCredentialPayload");
  }
  const [first, second] = sentRefreshTokens(vendor);
  expect(second).toBe(first);
  expect((await readRow(stage)).account).toEqual(account);
  expect((await grant(alice, { provider: "google" })).token).not.toBe(old.token);
});

test.each(["google", "openai"] as const)(
  "%s: an ID token that fails its checks does not cost the tokens that came with it",
  async (kind) => {
    await using stage = await setRefreshStage(kind);
    await stage.database.em().execute("update provider_credentials set earliest_refresh_at = null");
    const { account } = await readRow(stage);
    stage.vendor.tokenOverrides = { id_token: "rubbish", earliest_refresh_at: undefined };
    expect((await refresh(stage.alice, stage.id)).__typename).toBe("RefreshCredentialPayload");
    expect(await readRow(stage)).toMatchObject({ version: 2, account });
  },
);

test("only the credential that was refreshed is changed", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, id, database } = stage;
  await signIn(alice, "anthropic", { label: "work" });
  await signIn(await stage.client("bob"), "anthropic");
  const others = () =>
    database.em().execute("select * from provider_credentials where token_version = 1 order by created_at");
  const [, ...before] = await others();
  await refresh(alice, id);
  expect(await others()).toEqual(before);
});
