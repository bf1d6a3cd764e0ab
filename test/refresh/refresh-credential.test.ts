import { expect, test, vi } from "vitest";
import { encodeNodeId } from "../../src/graphql/node-id.ts";
import { Refresher } from "../../src/refresh/refresher.ts";
import { authenticateMutation, refreshCredentialsMutation } from "../client/operations.ts";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import { readRefreshAudit, readRow, readRows, refresh, sentRefreshTokens, setRefreshStage } from "./refresh-stage.ts";

test("what has no refresh token cannot be refreshed, and the refusal says why", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, api, vendor, id } = stage;
  const { authenticate } = await alice.execute(authenticateMutation, {
    input: { provider: "anthropic", credential: { apiKey: api.key } },
  });
  if (authenticate.__typename !== "AuthenticatePayload") throw new Error(authenticate.message);
  expect(await refresh(alice, authenticate.credential.id)).toMatchObject({
    __typename: "MethodUnavailableError",
    message: expect.stringContaining("An API key is not refreshed") as string,
  });
  vendor.tokenOverrides = { refresh_token: undefined };
  await signIn(alice, "anthropic");
  expect(await refresh(alice, id)).toMatchObject({
    __typename: "MethodUnavailableError",
    message: expect.stringContaining("without a refresh token") as string,
  });
  expect(sentRefreshTokens(vendor)).toEqual([]);
});

test("another user's credential, and one that never was, are not found", async () => {
  await using stage = await setRefreshStage("anthropic");
  const bob = await stage.client("bob");
  for (const id of [stage.id, encodeNodeId("Credential", crypto.randomUUID()), "nonsense"]) {
    expect((await refresh(bob, id)).__typename).toBe("CredentialNotFoundError");
  }
  expect(sentRefreshTokens(stage.vendor)).toEqual([]);
});

test("refreshing needs the scope credentials:write", async () => {
  await using stage = await setRefreshStage("anthropic");
  const reader = await stage.client("alice", ["credentials:read", "credentials:use"]);
  await expect(refresh(reader, stage.id)).rejects.toThrow("FORBIDDEN");
});

test("before the time that the provider has named nothing is sent, and the refusal says when that is", async () => {
  await using stage = await setRefreshStage("openai");
  const refused = await refresh(stage.alice, stage.id);
  expect(refused).toMatchObject({
    __typename: "ProviderUnavailableError",
    message: expect.stringContaining("OpenAI (ChatGPT) allows no refresh yet") as string,
  });
  expect("retryAfter" in refused && refused.retryAfter).toBeGreaterThan(86_400);
  expect(sentRefreshTokens(stage.vendor)).toEqual([]);
  expect(await readRow(stage)).toMatchObject({ version: 1, failures: 0, isSent: false });
});

test("calls at the same moment share one refresh", async () => {
  await using stage = await setRefreshStage("anthropic", { holdAt: "received" });
  const renew = vi.spyOn(Refresher.prototype, "renew");
  const calls = Array.from({ length: 10 }, () => refresh(stage.alice, stage.id));
  await vi.waitFor(() => expect(renew).toHaveBeenCalledTimes(10), { timeout: 60_000 });
  renew.mockRestore();
  stage.hold.release();
  const results = await Promise.all(calls);
  for (const result of results) expect(result).toEqual(results[0]);
  expect(results[0]!.__typename).toBe("RefreshCredentialPayload");
  expect(stage.vendor.oracle.refreshes).toBe(1);
});

test("of all of a user's sign-ins each is refreshed or reported, and nobody else's is touched", async () => {
  await using stage = await setRefreshStage("anthropic", { refresh: { limits: { maxInFlight: 1 } } });
  const { alice, vendor } = stage;
  const bob = await stage.client("bob");
  await signIn(alice, "anthropic", { label: "work" });
  await signIn(alice, "anthropic", { label: "home" });
  await signIn(bob, "anthropic");
  vendor.next("/token", { kind: "status", status: 400, body: { error: "invalid_grant" } });

  const { refreshCredentials: report } = await alice.execute(refreshCredentialsMutation);
  expect(report.refreshed).toHaveLength(2);
  expect(report.failed).toMatchObject([
    {
      credential: { status: "NEEDS_REAUTH" },
      error: { __typename: "ReauthenticationRequiredError", code: "REAUTHENTICATION_REQUIRED" },
    },
  ]);
  const labels = [...report.refreshed, ...report.failed.map(({ credential }) => credential)].map(({ label }) => label);
  expect(labels.toSorted()).toEqual(["default", "home", "work"]);
  const [, , , bobs] = await readRows(stage.database);
  expect(bobs).toMatchObject({ version: 1, status: "active" });
  expect(sentRefreshTokens(vendor)).toHaveLength(3);
  const audit = await readRefreshAudit(stage);
  expect(audit.map(({ outcome }) => outcome).toSorted()).toEqual([
    "REAUTHENTICATION_REQUIRED",
    "succeeded",
    "succeeded",
  ]);
});

test("who has nothing to refresh gets an empty report", async () => {
  await using stage = await setRefreshStage("anthropic");
  const bob = await stage.client("bob");
  expect((await bob.execute(refreshCredentialsMutation)).refreshCredentials).toEqual({ refreshed: [], failed: [] });
});
