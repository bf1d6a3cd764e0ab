import { expect, test } from "vitest";
import { credentialEventsSubscription, importCredentialMutation } from "../client/operations.ts";
import { setOAuthStage } from "../connect/oauth/oauth-stage.ts";
import {
  endWaits,
  grant,
  makeDue,
  never,
  readEvents,
  readRow,
  readState,
  refresh,
  sentRefreshTokens,
  setRefreshStage,
  startNeighbour,
} from "./refresh-stage.ts";

const outages = [
  ["status 500", { kind: "status", status: 500 }, null, "gave no usable answer"],
  [
    "status 503 with Retry-After",
    { kind: "status", status: 503, headers: { "retry-after": "600" } },
    600,
    "gave no usable answer",
  ],
  [
    "status 429 with Retry-After",
    { kind: "status", status: 429, headers: { "retry-after": "300" } },
    300,
    "gave no usable answer",
  ],
  ["status 403 of a kind nobody knows", { kind: "status", status: 403 }, null, "blocked the renewal"],
] as const;

test.each(outages)(
  "after %s the credential is as it was, and its refresh is tried again",
  async (_name, fault, retryAfter, words) => {
    await using stage = await setRefreshStage("anthropic");
    const { alice, id, vendor } = stage;
    const before = await readRow(stage);
    const old = await grant(alice, { provider: "anthropic" });
    vendor.next("/token", fault);
    expect(await refresh(alice, id)).toMatchObject({ __typename: "ProviderUnavailableError", retryAfter });

    const row = await readRow(stage);
    expect(row).toMatchObject({ version: 1, failures: 1, isSent: false, leaseIn: null, replayIn: null });
    expect([row.status, row.sealed]).toEqual([before.status, before.sealed]);
    expect(await readState(stage)).toMatchObject({ status: "ACTIVE", statusReason: null });
    expect(await grant(alice, { provider: "anthropic" })).toEqual(old);
    expect(sentRefreshTokens(vendor)).toHaveLength(1);

    const [event, ...others] = await readEvents(stage);
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      type: "TokenRefreshFailed",
      body: { reason: expect.stringContaining(`Anthropic (Claude) ${words} (`) as string },
    });

    await endWaits(stage);
    expect((await refresh(alice, id)).__typename).toBe("RefreshCredentialPayload");
    expect(await readRow(stage)).toMatchObject({ version: 2, failures: 0 });
    expect(vendor.oracle.reuses).toBe(0);
  },
);

test("subscribers hear why a refresh failed and when the next one is, which is what the credential says too", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, id } = stage;
  await using events = await alice.subscribeSse(credentialEventsSubscription, {});
  stage.vendor.next("/token", { kind: "status", status: 503 });
  await refresh(alice, id);
  const { data } = await events.next();
  expect(data?.credentialEvents).toMatchObject({
    __typename: "TokenRefreshFailed",
    credentialId: id,
    reason: "Anthropic (Claude) gave no usable answer (status 503).",
    retryAt: (await readState(stage)).nextRefreshAt,
  });
});

test.each([
  [429, "900", 900],
  [503, "900", 900],
  [503, "0", 1],
  [500, null, 1],
] as const)("after status %i with Retry-After %s the next try is when the provider wants it", async (...args) => {
  const [status, after, seconds] = args;
  await using stage = await setRefreshStage("anthropic");
  const headers = after === null ? {} : { "retry-after": after };
  stage.vendor.next("/token", { kind: "status", status, headers });
  const [before] = await stage.database.em().execute<{ at: string }[]>("select clock_timestamp()::text as at");
  await refresh(stage.alice, stage.id);
  // The time is set between the two, however long that takes.
  const [wait] = await stage.database.em().execute<{ sinceBefore: number; sinceEvent: number }[]>(
    `select extract(epoch from (body->>'retryAt')::timestamptz - ?::timestamptz)::float8 as "sinceBefore",
        extract(epoch from (body->>'retryAt')::timestamptz - created_at)::float8 as "sinceEvent"
      from events where type = 'TokenRefreshFailed'`,
    [before!.at],
  );
  // A tick of the clock: events have milliseconds.
  expect(wait!.sinceBefore).toBeGreaterThan(seconds - 0.002);
  expect(wait!.sinceEvent).toBeLessThan(seconds + 1.1);
});

test("failures are counted until a refresh succeeds", async () => {
  await using stage = await setRefreshStage("anthropic");
  for (const failures of [1, 2]) {
    stage.vendor.next("/token", { kind: "status", status: 500 });
    await refresh(stage.alice, stage.id);
    expect((await readRow(stage)).failures).toBe(failures);
  }
  await refresh(stage.alice, stage.id);
  expect((await readRow(stage)).failures).toBe(0);
});

test("a token endpoint that cannot be connected to has not had the refresh token", async () => {
  const environment = { ANTHROPIC_OAUTH_TOKEN_URL: "http://127.0.0.1:9/token" };
  await using stage = await setOAuthStage("anthropic", { environment, refresh: { intervalMs: never } });
  const alice = await stage.client("alice");
  stage.api.next({ kind: "status", status: 200, body: { data: [] } });
  const tokens = { accessToken: "an-access-token", refreshToken: "a-refresh-token", scopes: [] };
  const input = { ...tokens, provider: "anthropic", expiresAt: new Date(Date.now() + 3_600_000).toISOString() };
  const { importCredential } = await alice.execute(importCredentialMutation, { input });
  if (importCredential.__typename !== "ImportCredentialPayload") throw new Error(importCredential.message);

  expect(await refresh(alice, importCredential.credential.id)).toMatchObject({
    __typename: "ProviderUnavailableError",
  });
  expect(await readRow(stage)).toMatchObject({ version: 1, failures: 1, isSent: false, replayIn: null });
  expect(await readEvents(stage)).toMatchObject([
    { type: "TokenRefreshFailed", body: { reason: "Anthropic (Claude) could not be reached." } },
  ]);
});

test.each([{ kind: "hang" }, { kind: "status", status: 503 }, { kind: "html" }, { kind: "reset" }] as const)(
  "discovery that ends with %o comes before the refresh token is sent: the outcome is known",
  async (fault) => {
    await using stage = await setRefreshStage("google");
    await using neighbour = await startNeighbour(stage, {
      http: { deadlineMs: 1_000 },
      refresh: { intervalMs: never },
    });
    await makeDue(stage);
    stage.vendor.next("/.well-known/openid-configuration", fault);
    const refused = await refresh(await neighbour.client("alice"), stage.id);
    expect(refused.__typename).toBe("ProviderUnavailableError");
    expect(await readRow(stage)).toMatchObject({ version: 1, failures: 1, isSent: false, replayIn: null });
    expect(sentRefreshTokens(stage.vendor)).toEqual([]);
  },
);
