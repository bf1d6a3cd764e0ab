import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { Database } from "../../src/db/database.ts";
import { type ClaimSlots, RefreshClaims } from "../../src/refresh/lease.ts";
import { createTestDatabase } from "../support/test-database.ts";

interface DueRow {
  readonly user: string;
  /** Seconds since it was due; less than 0 for what is not yet due. */
  readonly dueFor: number;
  readonly provider?: string;
}

const slot = (free: number, others: Partial<ClaimSlots> = {}): ClaimSlots => ({
  provider: "anthropic",
  free,
  perUser: free,
  busyUsers: [],
  replayWindow: 0,
  ...others,
});

/** Rows of these users; the label tells them apart. */
async function fill(database: Database, rows: readonly DueRow[]): Promise<void> {
  await database.em().execute(
    `insert into provider_credentials (id, user_id, provider, auth_method, label, credentials, key_id, token_version,
        status, status_since, last4, fingerprint, scopes, refreshable, created_at, updated_at, refresh_after, next_try_at,
        expires_at)
      select gen_random_uuid(), row.user, coalesce(row.provider, 'anthropic'), 'oauth', row.user || ' ' || row."dueFor" || ' ' || n,
        '', 1, 1, 'active', now(), '', '', '{}', true, now(), now(), due, due, due + interval '1 hour'
      from json_to_recordset(?::json) as row ("user" text, "dueFor" float8, provider text, n bigint),
        lateral (select clock_timestamp() - row."dueFor" * interval '1 second' as due) time`,
    [JSON.stringify(rows.map((row, n) => ({ ...row, n })))],
  );
}

const dueForOf = (claims: readonly { readonly label: string }[]) =>
  claims.map(({ label }) => Number(label.split(" ")[1]));
const countOf = (claims: readonly { readonly userId: string }[], user: string) =>
  claims.filter(({ userId }) => userId === user).length;

async function open(rows: readonly DueRow[]) {
  const database = await createTestDatabase();
  await fill(database, rows);
  return { database, claims: new RefreshClaims(database, randomUUID()) };
}

test("the longest due is claimed first, as much as there is room for, and nothing twice", async () => {
  const users = [30, 10, 50, 20, 40].map((dueFor) => ({ user: `user-${dueFor}`, dueFor }));
  const { claims } = await open([
    ...users,
    { user: "early", dueFor: -60 },
    { user: "x", dueFor: 90, provider: "other" },
  ]);
  expect(new Set(dueForOf(await claims.claimDue([slot(2)])))).toEqual(new Set([40, 50]));
  expect(new Set(dueForOf(await claims.claimDue([slot(2)])))).toEqual(new Set([20, 30]));
  expect(dueForOf(await claims.claimDue([slot(2)]))).toEqual([10]);
  expect(await claims.claimDue([slot(2)])).toEqual([]);
});

test("each provider has room of its own", async () => {
  const providers = ["anthropic", "google", "openai"];
  const { claims } = await open(
    providers.flatMap((provider) => [1, 2, 3].map((dueFor) => ({ user: `${provider}-${dueFor}`, dueFor, provider }))),
  );
  const found = await claims.claimDue([slot(2), slot(1, { provider: "google" })]);
  expect(found.map(({ provider }) => provider).toSorted()).toEqual(["anthropic", "anthropic", "google"]);
});

test("the time of the first sending stays, whoever sends again", async () => {
  const { database, claims } = await open([{ user: "alice", dueFor: 10 }]);
  const sentAt = async () => {
    const [row] = await database.em().execute<{ at: string }[]>("select sent_at::text as at from provider_credentials");
    return row!.at;
  };
  const [first] = await claims.claimDue([slot(1)]);
  expect(first).toMatchObject({ isReplay: false, leaseEpoch: 1 });
  const before = await sentAt();
  await database
    .em()
    .execute("update provider_credentials set lease_until = now() - interval '1 s', replay_after = now()");
  const [second] = await claims.claimDue([slot(1)]);
  expect(second).toMatchObject({ isReplay: true, leaseEpoch: 2 });
  expect(await sentAt()).toBe(before);
  await database
    .em()
    .execute("update provider_credentials set lease_until = now() - interval '1 s', replay_after = now()");
  expect(await claims.claim({ ...second!, tokenVersion: 1 }, "asked", 0)).toMatchObject({ isReplay: true });
  expect(await sentAt()).toBe(before);
});

test("a user has no more than his share, however long his rows are due, and the room is others'", async () => {
  const mallory = Array.from({ length: 20 }, (_, index) => ({ user: "mallory", dueFor: 1_000 + index }));
  const others = Array.from({ length: 6 }, (_, index) => ({ user: `user-${index}`, dueFor: 10 + index }));
  const { claims } = await open([...others, ...mallory]);
  const found = await claims.claimDue([slot(8, { perUser: 3 })]);
  expect(found).toHaveLength(8);
  expect(countOf(found, "mallory")).toBe(3);
  // His oldest, and of the others the oldest too.
  expect(new Set(dueForOf(found))).toEqual(new Set([1_017, 1_018, 1_019, 11, 12, 13, 14, 15]));
});

test("what a user has in flight is part of his share", async () => {
  const rows = ["mallory", "mallory", "mallory", "alice", "alice"].map((user, index) => ({
    user,
    dueFor: 100 - index,
  }));
  const { claims } = await open(rows);
  const busyUsers = ["mallory", "mallory", "alice"];
  const found = await claims.claimDue([slot(8, { perUser: 2, busyUsers })]);
  expect([countOf(found, "mallory"), countOf(found, "alice")]).toEqual([0, 1]);
});

test("a thousand rows of one user, all longer due, hide nobody who is behind them", async () => {
  const mallory = Array.from({ length: 1_000 }, (_, index) => ({ user: "mallory", dueFor: 5_000 + index }));
  const { claims } = await open([...mallory, { user: "alice", dueFor: 2 }, { user: "bob", dueFor: 1 }]);
  const found = await claims.claimDue([slot(4, { perUser: 1 })]);
  expect(found.map(({ userId }) => userId).toSorted()).toEqual(["alice", "bob", "mallory"]);
});

test("many users with as much due each take turns until nothing is left, and every row is claimed once", async () => {
  const rows = Array.from({ length: 60 }, (_, index) => ({ user: `user-${index % 3}`, dueFor: 100 + index }));
  const { claims } = await open(rows);
  const labels = new Set<string>();
  for (let round = 0; round < 30; round++) {
    for (const { label } of await claims.claimDue([slot(4, { perUser: 2 })])) labels.add(label);
  }
  expect(labels.size).toBe(60);
});

test("rows that another process is just claiming are passed over", async ({ skip }) => {
  const { database, claims } = await open([1, 2, 3].map((dueFor) => ({ user: `user-${dueFor}`, dueFor })));
  if (database.url === null) skip("the embedded database has one connection");
  await database.transaction(async (em) => {
    await em.execute("select 1 from provider_credentials where user_id = 'user-3' for update");
    expect(dueForOf(await claims.claimDue([slot(1)]))).toEqual([2]);
  });
  expect(new Set(dueForOf(await claims.claimDue([slot(2)])))).toEqual(new Set([1, 3]));
});

test("of many processes that look at once, each row is claimed by one", async () => {
  const rows = Array.from({ length: 40 }, (_, index) => ({ user: `user-${index}`, dueFor: 1 + index }));
  const { database } = await open(rows);
  const processes = Array.from({ length: 4 }, () => new RefreshClaims(database, randomUUID()));
  const found: string[] = [];
  for (let round = 0; round < 20 && found.length < 40; round++) {
    const claims = await Promise.all(processes.map((one) => one.claimDue([slot(4, { perUser: 1 })])));
    found.push(...claims.flat().map(({ userId }) => userId));
  }
  expect(found.toSorted()).toEqual(rows.map(({ user }) => user).toSorted());
});
