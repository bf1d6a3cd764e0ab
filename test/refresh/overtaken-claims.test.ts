import { describe, expect, test } from "vitest";
import type { RefreshClaim } from "../../src/refresh/lease.ts";
import type { RefreshRecord, Setback } from "../../src/refresh/outcome.ts";
import { sealRenewal } from "../../src/refresh/renewal.ts";
import { dump } from "../connect/oauth/oauth-stage.ts";
import { type ClaimStage, newTokens, setClaimStage } from "./claim-stage.ts";

const setback: Setback = {
  reason: "It failed.",
  retryInMs: 1_000,
  isUnknown: false,
  replayWindow: 0,
  refusals: 0,
  refusalCode: null,
  actor: "alice",
};
const end = { reason: "It is over.", outcome: "REAUTHENTICATION_REQUIRED", actor: "alice" } as const;

type Outcome = (record: RefreshRecord, claim: RefreshClaim, stage: ClaimStage) => Promise<unknown>;

/** How a refresh can end, and what the record answers where the claim no longer holds. */
const outcomes: readonly (readonly [string, Outcome, unknown])[] = [
  ["an outage", (record, claim) => record.failed(claim, setback), false],
  ["a lost answer", (record, claim) => record.failed(claim, { ...setback, isUnknown: true }), false],
  ["the end of the grant", (record, claim) => record.ended(claim, "needs_reauth", end), false],
  ["a secret that cannot be opened", (record, claim) => record.ended(claim, "unreadable", end), false],
  ["a refresh that was not sent", (record, claim) => record.released(claim), undefined],
  [
    "new tokens",
    (record, claim, { vault }) =>
      record.succeeded(sealRenewal(claim, newTokens, vault, { now: new Date(), actor: "alice" })),
    false,
  ],
];

const tables = ["provider_credentials", "events", "audit_log"];

describe.each(outcomes)("%s", (_name, outcome, answer) => {
  test("changes nothing once another process has taken the claim over", async () => {
    const stage = await setClaimStage();
    const target = await stage.signIn("alice");
    const claim = (await stage.newProcess().claim(target, "due", 0))!;
    await stage.endLease();
    expect(await stage.newProcess().claim(target, "due", 0)).not.toBeNull();

    const before = await dump(stage.database, ...tables);
    expect(await outcome(stage.record, claim, stage)).toBe(answer);
    expect(await dump(stage.database, ...tables)).toEqual(before);
  });

  test("changes nothing once another secret stands in the row", async () => {
    const stage = await setClaimStage();
    const target = await stage.signIn("alice");
    const claim = (await stage.newProcess().claim(target, "due", 0))!;
    await stage.signIn("alice");
    // Only the version tells them apart.
    await stage.change(`lease_epoch = ${claim.leaseEpoch}`);

    const before = await dump(stage.database, ...tables);
    expect(await outcome(stage.record, claim, stage)).toBe(answer);
    expect(await dump(stage.database, ...tables)).toEqual(before);
  });

  test("is written down by the process that still has the claim, which ends with it", async () => {
    const stage = await setClaimStage();
    const claim = (await stage.newProcess().claim(await stage.signIn("alice"), "due", 0))!;
    expect(await outcome(stage.record, claim, stage)).not.toBe(false);
    const rows = await stage.database.em().execute("select lease_owner, lease_until from provider_credentials");
    expect(rows).toEqual([{ lease_owner: null, lease_until: null }]);
  });
});
