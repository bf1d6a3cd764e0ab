import { expect, test } from "vitest";
import { authenticateMutation } from "../client/operations.ts";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import {
  expire,
  grant,
  issue,
  makeDue,
  readRow,
  readState,
  type RefreshStage,
  sentRefreshTokens,
  setRefreshStage,
} from "./refresh-stage.ts";

const input = { provider: "anthropic" };
const outage = { kind: "status", status: 503, headers: { "retry-after": "30" } } as const;

async function connectKey({ alice, api }: RefreshStage): Promise<void> {
  const { authenticate } = await alice.execute(authenticateMutation, {
    input: { ...input, credential: { apiKey: api.key } },
  });
  if (authenticate.__typename !== "AuthenticatePayload") throw new Error(authenticate.message);
}

test("a token that is not due is handed out without a call", async () => {
  await using stage = await setRefreshStage("anthropic");
  expect(await grant(stage.alice, input)).toEqual(await grant(stage.alice, input));
  expect(sentRefreshTokens(stage.vendor)).toEqual([]);
});

test.each([
  ["due", 120],
  ["expired", -1],
])("a token that is %s is refreshed before it is handed out", async (_name, expiresIn) => {
  await using stage = await setRefreshStage("anthropic");
  const old = await grant(stage.alice, input);
  await makeDue(stage, expiresIn);
  const renewed = await grant(stage.alice, input);
  expect(renewed.token).not.toBe(old.token);
  expect(renewed.grantId).not.toBe(old.grantId);
  expect(await grant(stage.alice, input)).toEqual(renewed);
  expect(sentRefreshTokens(stage.vendor)).toHaveLength(1);
});

test("while the provider is down a token that still works is handed out, an expired one is asked for later", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, vendor } = stage;
  const old = await grant(alice, input);
  await makeDue(stage);
  vendor.next("/token", outage);
  expect((await grant(alice, input)).token).toBe(old.token);
  expect(sentRefreshTokens(vendor)).toHaveLength(1);

  await expire(stage);
  vendor.next("/token", outage);
  expect(await issue(alice, input)).toMatchObject({ __typename: "ProviderUnavailableError", retryAfter: 30 });
  expect(await readState(stage)).toMatchObject({ status: "EXPIRED" });
  // Not due before the time that the provider has named.
  const refused = await issue(alice, input);
  expect(refused.__typename).toBe("ProviderUnavailableError");
  expect("retryAfter" in refused && refused.retryAfter).toBeLessThanOrEqual(30);
  expect(sentRefreshTokens(vendor)).toHaveLength(2);

  await expire(stage);
  expect((await grant(alice, input)).token).not.toBe(old.token);
});

test("an expired sign-in without a refresh token needs its user", async () => {
  await using stage = await setRefreshStage("anthropic");
  stage.vendor.tokenOverrides = { refresh_token: undefined };
  await signIn(stage.alice, "anthropic");
  await stage.database.em().execute("update provider_credentials set expires_at = clock_timestamp() - interval '1 s'");
  expect((await issue(stage.alice, input)).__typename).toBe("ReauthenticationRequiredError");
  expect(await readState(stage)).toMatchObject({
    status: "EXPIRED",
    statusReason: "It has expired. Connect the provider again.",
  });
  expect(sentRefreshTokens(stage.vendor)).toEqual([]);
});

test("a rejected grant forces one refresh; one of an older version is answered by the newer token", async () => {
  await using stage = await setRefreshStage("anthropic");
  const old = await grant(stage.alice, input);
  const renewed = await grant(stage.alice, { ...input, rejectedGrantId: old.grantId });
  expect(renewed.token).not.toBe(old.token);
  expect(await grant(stage.alice, { ...input, rejectedGrantId: old.grantId })).toEqual(renewed);
  expect(sentRefreshTokens(stage.vendor)).toHaveLength(1);
});

test("many who report the same rejected grant cause one refresh", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { grantId } = await grant(stage.alice, input);
  const asked = { ...input, rejectedGrantId: grantId };
  const grants = await Promise.all(Array.from({ length: 10 }, () => grant(stage.alice, asked)));
  expect(new Set(grants.map(({ token }) => token)).size).toBe(1);
  expect(grants[0]!.grantId).not.toBe(grantId);
  expect(stage.vendor.oracle).toMatchObject({ refreshes: 1, reuses: 0 });
});

test("a rejected token is not handed out again, also when it cannot be replaced now", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { grantId } = await grant(stage.alice, input);
  stage.vendor.next("/token", outage);
  const asked = { ...input, rejectedGrantId: grantId };
  expect(await issue(stage.alice, asked)).toMatchObject({ __typename: "ProviderUnavailableError", retryAfter: 30 });
  expect((await issue(stage.alice, asked)).__typename).toBe("ProviderUnavailableError");
  expect(sentRefreshTokens(stage.vendor)).toHaveLength(1);
});

test("twenty callers of one expired token make one call, and get the same new token", async () => {
  await using stage = await setRefreshStage("anthropic");
  await expire(stage);
  const grants = await Promise.all(Array.from({ length: 20 }, () => grant(stage.alice, input)));
  expect(new Set(grants.map(({ token }) => token)).size).toBe(1);
  expect(stage.vendor.oracle).toMatchObject({ refreshes: 1, successes: 1, reuses: 0 });
  expect(await readRow(stage)).toMatchObject({ version: 2 });
});

test("the chain goes on to the API key when the sign-in cannot be used", async () => {
  await using stage = await setRefreshStage("anthropic");
  await connectKey(stage);
  expect((await grant(stage.alice, input)).method).toBe("OAUTH");
  await expire(stage);
  stage.vendor.next("/token", outage);
  expect((await grant(stage.alice, input)).method).toBe("API_KEY");
  await expire(stage);
  stage.vendor.next("/token", { kind: "status", status: 400, body: { error: "invalid_grant" } });
  expect((await grant(stage.alice, input)).method).toBe("API_KEY");
  expect((await issue(stage.alice, { ...input, method: "OAUTH" })).__typename).toBe("ReauthenticationRequiredError");
});

test("while a refresh hangs, a token that still works is handed out after a while, and the refresh goes on", async () => {
  await using stage = await setRefreshStage("anthropic", { holdAt: "received" });
  const { alice, database, hold } = stage;
  const bob = await stage.client("bob");
  await signIn(bob, "anthropic");
  const old = await grant(alice, input);
  await makeDue(stage);
  await database
    .em()
    .execute("update provider_credentials set expires_at = clock_timestamp() - interval '1 s' where user_id = 'bob'");
  const [valid, spent] = await Promise.all([grant(alice, input), issue(bob, input)]);
  expect(valid.token).toBe(old.token);
  expect(spent).toMatchObject({ __typename: "ProviderUnavailableError", retryAfter: 1 });

  hold.release();
  const renewed = await Promise.all([grant(alice, input), grant(bob, input)]);
  expect(renewed.map(({ token }) => token)).not.toContain(old.token);
  expect(stage.vendor.oracle).toMatchObject({ refreshes: 2, successes: 2, reuses: 0 });
});
