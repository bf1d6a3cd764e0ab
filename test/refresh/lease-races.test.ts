import { expect, test } from "vitest";
import { provider, setClaimStage } from "./claim-stage.ts";

/** Rows as they stand; times are seconds from now. */
async function readLease({ database }: Awaited<ReturnType<typeof setClaimStage>>) {
  const [row] = await database.em().execute<Record<"sentAgo" | "replayIn" | "expiresIn" | "leaseIn", number>[]>(
    `select extract(epoch from clock_timestamp() - sent_at)::float8 as "sentAgo",
        extract(epoch from replay_after - clock_timestamp())::float8 as "replayIn",
        extract(epoch from expires_at - clock_timestamp())::float8 as "expiresIn",
        extract(epoch from lease_until - clock_timestamp())::float8 as "leaseIn"
      from provider_credentials`,
  );
  return row!;
}

test("where there is room for some only, those that have waited longest are claimed", async () => {
  const stage = await setClaimStage();
  for (const [userId, seconds] of Object.entries({ alice: 20, bob: 40, carol: 10, dave: 30 })) {
    await stage.signIn(userId);
    await stage.change(`next_try_at = clock_timestamp() - interval '${seconds} s'`, userId);
  }
  const claimed = await stage
    .newProcess()
    .claimDue([{ provider, free: 2, perUser: 2, busyUsers: [], replayWindow: 0 }]);
  expect(claimed.map(({ userId }) => userId).toSorted()).toEqual(["bob", "dave"]);
  for (const { lag } of claimed) expect(lag).toBeGreaterThanOrEqual(30);
});

test("only what is due at a provider with room is claimed", async () => {
  const stage = await setClaimStage();
  await stage.signIn("alice");
  const claims = stage.newProcess();
  expect(await claims.claimDue([{ provider: "google", free: 9, perUser: 9, busyUsers: [], replayWindow: 0 }])).toEqual(
    [],
  );
  expect(await claims.claimDue([])).toEqual([]);
  await stage.change("next_try_at = clock_timestamp() + interval '1 h'");
  expect(await claims.claimDue([{ provider, free: 9, perUser: 9, busyUsers: [], replayWindow: 0 }])).toEqual([]);
});

test("what was sent and has no known outcome is claimed again as a replay, and only when a replay may be sent", async () => {
  const stage = await setClaimStage();
  const target = await stage.signIn("alice");
  expect(await stage.newProcess().claim(target, "due", 0)).toMatchObject({ isReplay: false });
  await stage.endLease();
  await stage.change("replay_after = clock_timestamp() + interval '1 h'");
  const slots = [{ provider, free: 1, perUser: 1, busyUsers: [], replayWindow: 0 }];
  expect(await stage.newProcess().claim(target, "asked", 0)).toBeNull();
  expect(await stage.newProcess().claimDue(slots)).toEqual([]);
  await stage.endLease();
  expect(await stage.newProcess().claimDue(slots)).toMatchObject([{ isReplay: true }]);
});

test("the time in which a replay is harmless counts from the first time that the token was sent", async () => {
  const stage = await setClaimStage();
  const target = await stage.signIn("alice");
  const claim = async () => {
    await stage.endLease();
    expect(await stage.newProcess().claim(target, "due", 120)).not.toBeNull();
    return readLease(stage);
  };
  const first = await claim();
  expect(first.replayIn).toBeCloseTo(first.leaseIn, 3);

  await stage.change("sent_at = clock_timestamp() - interval '60 s'");
  const soon = await claim();
  expect(soon.sentAgo).toBeGreaterThanOrEqual(60);
  expect(soon.replayIn).toBeCloseTo(soon.leaseIn, 3);

  // It could be over before the next process takes over.
  await stage.change("sent_at = clock_timestamp() - interval '100 s'");
  const late = await claim();
  expect(late.sentAgo).toBeGreaterThanOrEqual(100);
  expect(late.expiresIn - late.replayIn).toBeCloseTo(60, 1);
});

test("of a token that nobody can use any more nothing is left to lose: its replay waits for the lease alone", async () => {
  const stage = await setClaimStage();
  const target = await stage.signIn("alice");
  await stage.newProcess().claim(target, "rejected", 0);
  const rejected = await readLease(stage);
  expect(rejected.replayIn).toBeCloseTo(rejected.leaseIn, 3);
});

const demands = ["due", "rejected", "asked"] as const;

test.each(demands)("%s: a sign-in that has ended, or has no refresh token, is not claimed", async (demand) => {
  const stage = await setClaimStage();
  const target = await stage.signIn("alice");
  const claims = stage.newProcess();
  for (const columns of [
    "status = 'needs_reauth'",
    "status = 'unreadable'",
    "status = 'active', refreshable = false",
  ]) {
    await stage.change(columns);
    expect(await claims.claim(target, demand, 0)).toBeNull();
  }
  await stage.change("refreshable = true");
  expect(await claims.claim(target, demand, 0)).not.toBeNull();
});

test.each(demands)(
  "%s: a version that is no longer there, and another user's credential, are not claimed",
  async (demand) => {
    const stage = await setClaimStage();
    const target = await stage.signIn("alice");
    const claims = stage.newProcess();
    expect(await claims.claim({ ...target, tokenVersion: 2 }, demand, 0)).toBeNull();
    expect(await claims.claim({ ...target, userId: "bob" }, demand, 0)).toBeNull();
  },
);

/** Which demands lead to a claim, by what stands in the row. */
test.each([
  ["fail_count = 0, next_try_at = clock_timestamp() + interval '1 h'", ["rejected", "asked"]],
  ["fail_count = 1, next_try_at = clock_timestamp() + interval '1 h'", ["asked"]],
  ["fail_count = 1", ["due", "rejected", "asked"]],
  ["earliest_refresh_at = clock_timestamp() + interval '1 h', next_try_at = earliest_refresh_at", []],
  ["earliest_refresh_at = clock_timestamp() + interval '1 h', next_try_at = clock_timestamp() + interval '1 h'", []],
  ["lease_until = clock_timestamp() + interval '1 h'", []],
])("with %s it is claimed for whom it is: %j", async (columns, expected) => {
  const stage = await setClaimStage();
  for (const demand of demands) {
    const target = await stage.signIn("alice");
    await stage.change(columns);
    const claim = await stage.newProcess().claim(target, demand, 0);
    expect([demand, claim !== null]).toEqual([demand, expected.includes(demand)]);
  }
});

test("a claim tells since when it was due; less than nothing where somebody wanted it sooner", async () => {
  const stage = await setClaimStage();
  const target = await stage.signIn("alice");
  await stage.change("next_try_at = clock_timestamp() + interval '100 s'");
  const claim = await stage.newProcess().claim(target, "asked", 0);
  expect(claim!.lag).toBeLessThan(0);
});
