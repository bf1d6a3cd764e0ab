import { describe, expect, test } from "vitest";
import { beginTimeline, readTimeline, type TimelineCause } from "../../src/db/timeline-row.ts";
import { sealRenewal } from "../../src/refresh/renewal.ts";
import { type ClaimStage, newTokens, provider, setClaimStage } from "./claim-stage.ts";

const slots = [{ provider, free: 9, perUser: 9, busyUsers: [], replayWindow: 0 }];

async function begin({ database }: ClaimStage, cause: TimelineCause, reusable: readonly string[] = []) {
  // Other suites on this database have begun timelines, too.
  await database.em().execute("update timeline set cause = 'created' where ?", [cause !== "operator"]);
  expect(await beginTimeline(database, await readTimeline(database), { cause, reusable })).toBe(true);
}

const due = async (stage: ClaimStage) => (await stage.newProcess().claimDue(slots)).map(({ userId }) => userId);
const stateOf = async (stage: ClaimStage, target: { userId: string; id: string }) =>
  (await stage.newProcess().readState(target))!;

describe.each(["promoted", "restored", "log went back", "streams went back"] as const)(
  "in a database that was %s",
  (cause) => {
    test("a refresh token waits until there is hardly anything left to lose, and is then sent as one that may be used", async () => {
      const stage = await setClaimStage();
      const target = await stage.signIn("alice");
      await begin(stage, cause);
      expect(await due(stage)).toEqual([]);
      for (const demand of ["due", "asked", "rejected"] as const)
        expect(await stage.newProcess().claim(target, demand, 0)).toBeNull();
      expect(await stateOf(stage, target)).toMatchObject({ status: "active", isSent: true });
      await stage.change("replay_after = clock_timestamp()");
      expect(await stage.newProcess().claimDue(slots)).toMatchObject([{ userId: "alice", isReplay: true }]);
    });
  },
);

describe.each(["copied", "moved"] as const)("in a database that was %s", (cause) => {
  test("no refresh token is sent, until the operator says that nobody else has it", async () => {
    const stage = await setClaimStage();
    const target = await stage.signIn("alice");
    await begin(stage, cause);
    // A failover of the copy changes nothing.
    await beginTimeline(stage.database, await readTimeline(stage.database), { cause: "promoted", reusable: [] });
    await stage.change(
      "expires_at = clock_timestamp() - interval '1 second', refresh_after = clock_timestamp() - interval '2 seconds'",
    );
    expect(await due(stage)).toEqual([]);
    for (const demand of ["due", "asked", "rejected"] as const)
      expect(await stage.newProcess().claim(target, demand, 0)).toBeNull();
    const { nextTryMs, statusReason } = await stateOf(stage, target);
    expect([nextTryMs, statusReason]).toEqual([null, expect.stringContaining("maestro-auth restored")]);

    await begin(stage, "operator");
    expect((await stateOf(stage, target)).statusReason).toBeNull();
    await stage.change("next_try_at = clock_timestamp() - interval '1 second'");
    await expect.poll(() => stage.newProcess().claimDue(slots)).toMatchObject([{ userId: "alice", isReplay: true }]);
  });
});

test("where a provider takes refresh tokens again, nothing is held back", async () => {
  const stage = await setClaimStage();
  await stage.signIn("alice");
  await begin(stage, "copied", [provider]);
  expect(await stage.newProcess().claimDue(slots)).toMatchObject([{ userId: "alice", isReplay: false }]);
});

test("a new sign-in is not held back", async () => {
  const stage = await setClaimStage();
  await stage.signIn("alice");
  await begin(stage, "copied");
  await stage.signIn("alice");
  expect(await stage.newProcess().claimDue(slots)).toMatchObject([{ userId: "alice", isReplay: false }]);
});

describe("a renewal in the spool", () => {
  async function renew(stage: ClaimStage) {
    await stage.signIn("alice");
    const [claim] = await stage.newProcess().claimDue(slots);
    return sealRenewal(claim!, newTokens, stage.vault, { now: new Date(), actor: "maestro-auth" });
  }

  test("is stored in a database that has gone back behind it: before its lease, and before earlier renewals", async () => {
    const stage = await setClaimStage();
    const renewal = await renew(stage);
    await stage.change(`lease_epoch = 0, lease_owner = null, lease_until = null`);
    await begin(stage, "restored");
    const later = { ...renewal, tokenVersion: renewal.tokenVersion + 2, leaseEpoch: renewal.leaseEpoch + 2 };
    expect(await stage.record.succeeded(later)).toBe(true);
    const state = await stateOf(stage, renewal);
    expect(state).toMatchObject({ tokenVersion: later.tokenVersion + 1, leaseEpoch: later.leaseEpoch, isSent: false });
    // An older one then comes too late.
    expect(await stage.record.succeeded(renewal)).toBe(false);
  });

  test("is not stored over what its user has connected since", async () => {
    const stage = await setClaimStage();
    const renewal = await renew(stage);
    await stage.change(`lease_epoch = 0, updated_at = clock_timestamp() + interval '1 second'`);
    expect(await stage.record.succeeded(renewal)).toBe(false);
  });
});
