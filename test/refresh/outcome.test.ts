import { expect, test } from "vitest";
import type { RefreshClaim } from "../../src/refresh/lease.ts";
import type { Setback } from "../../src/refresh/outcome.ts";
import { sealRenewal } from "../../src/refresh/renewal.ts";
import { type ClaimStage, newTokens, setClaimStage } from "./claim-stage.ts";
import { readRow } from "./refresh-stage.ts";

const lost: Setback = {
  reason: "It was lost.",
  retryInMs: 1_000,
  isUnknown: true,
  replayWindow: 0,
  refusals: 0,
  refusalCode: null,
  actor: "alice",
};

/** A claim of alice's sign-in, which nobody has sent before unless `isReplay`. */
async function claimOf(stage: ClaimStage, { isReplay = false } = {}): Promise<RefreshClaim> {
  const target = await stage.signIn("alice");
  const claims = stage.newProcess();
  const first = await claims.claim(target, "due", 0);
  if (!isReplay) return first!;
  await stage.endLease();
  return (await claims.claim(target, "due", 0))!;
}

async function types({ database }: ClaimStage): Promise<string[]> {
  return (await database.em().execute<{ type: string }[]>("select type from events order by seq")).map(
    ({ type }) => type,
  );
}

async function renew(stage: ClaimStage, claim: RefreshClaim): Promise<void> {
  const renewal = sealRenewal(claim, newTokens, stage.vault, { now: new Date(), actor: "alice" });
  expect(await stage.record.succeeded(renewal)).toBe(true);
}

/** Since when the status is what it is, in seconds from now. */
async function sinceOf({ database }: ClaimStage): Promise<number> {
  const [row] = await database
    .em()
    .execute<{ ago: number }[]>(
      "select extract(epoch from clock_timestamp() - status_since)::float8 as ago from provider_credentials",
    );
  return row!.ago;
}

test("a claim under which nothing was sent leaves no doubt when it is given back", async () => {
  const stage = await setClaimStage();
  await stage.record.released(await claimOf(stage));
  expect(await readRow(stage)).toMatchObject({ isSent: false, replayIn: null, leaseIn: null, failures: 0 });
});

test("a replay that was not sent leaves the first outcome unknown, and may be tried again at once", async () => {
  const stage = await setClaimStage();
  await stage.record.released(await claimOf(stage, { isReplay: true }));
  const row = await readRow(stage);
  expect(row).toMatchObject({ isSent: true, leaseIn: null });
  expect(row.replayIn).toBeLessThanOrEqual(0);
});

test("within the time in which a replay is harmless a lost answer is asked for again soon, and after it late", async () => {
  for (const [sentAgo, isSoon] of [
    [10, true],
    [200, false],
  ] as const) {
    const stage = await setClaimStage();
    const claim = await claimOf(stage);
    await stage.change(`sent_at = clock_timestamp() - interval '${sentAgo} s', replay_after = expires_at`);
    expect(await stage.record.failed(claim, { ...lost, replayWindow: 120 })).toBe(true);
    const { replayIn, nextTryIn } = await readRow(stage);
    expect(nextTryIn).toBeCloseTo(replayIn!, 3);
    expect(replayIn! < 60).toBe(isSoon);
  }
});

test("a token that had expired has been good since it was renewed; one that had not, for as long as before", async () => {
  for (const isExpired of [true, false]) {
    const stage = await setClaimStage();
    await stage.signIn("alice");
    await stage.change("status_since = clock_timestamp() - interval '1 day'");
    if (isExpired) await stage.change("expires_at = clock_timestamp() - interval '1 s'");
    const [row] = await stage.database.em().execute<{ id: string }[]>("select id from provider_credentials");
    const target = { userId: "alice", id: row!.id, provider: "anthropic", tokenVersion: 1 };
    await renew(stage, (await stage.newProcess().claim(target, "due", 0))!);
    expect((await sinceOf(stage)) > 80_000).toBe(!isExpired);
  }
});

test("what the new tokens say replaces what stood in the row", async () => {
  const stage = await setClaimStage();
  const claim = await claimOf(stage);
  await stage.change("status_reason = 'It failed.', fail_count = 3");
  await renew(stage, claim);
  const rows = await stage.database.em().execute(
    `select scopes, status_reason, refreshable, last4, last_refreshed_at is not null as refreshed,
      fingerprint = ? as "sameSecret" from provider_credentials`,
    [stage.vault.sealer.fingerprint("alice", await stage.vault.sealer.open(claim, claim))],
  );
  expect(rows).toEqual([
    { scopes: ["new"], status_reason: null, refreshable: true, last4: "1234", refreshed: true, sameSecret: false },
  ]);
  expect(await types(stage)).toEqual(["TokenRefreshed"]);
});

test("only the end of a grant asks its user to sign in again: a key that is missing here is the operator's to find", async () => {
  for (const [status, events] of [
    ["needs_reauth", ["ReauthenticationRequired"]],
    ["unreadable", []],
  ] as const) {
    const stage = await setClaimStage();
    const claim = await claimOf(stage);
    const details = { reason: "It is over.", outcome: "KEY_UNAVAILABLE", actor: "alice" } as const;
    expect(await stage.record.ended(claim, status, details)).toBe(true);
    expect(await types(stage)).toEqual(events);
    expect(await readRow(stage)).toMatchObject({
      status,
      nextTryIn: null,
      replayIn: null,
      noticeIn: null,
      isSent: false,
    });
    const audit = await stage.database.em().execute("select action, outcome, actor from audit_log");
    expect(audit).toEqual([{ action: "credential.refresh", outcome: "KEY_UNAVAILABLE", actor: "alice" }]);
  }
});
