import { expect, test } from "vitest";
import { type CredentialStatus, nextRefreshAt, StatusRule } from "../../src/credentials/credential-status.ts";
import { ProviderCredentialEntity, type StoredStatus } from "../../src/credentials/provider-credential.ts";
import { createTestDatabase } from "../support/test-database.ts";

const now = new Date("2026-11-22T12:00:00.000Z");
const rule = new StatusRule(300);
const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000);

const cases: [stored: StoredStatus, expiresIn: number | null, expected: CredentialStatus][] = [
  ["active", null, "active"],
  ["active", 301, "active"],
  ["active", 300, "expiring"],
  ["active", 1, "expiring"],
  ["active", 0, "expired"],
  ["active", -5, "expired"],
  ["needs_reauth", 1000, "needs_reauth"],
  ["needs_reauth", -5, "needs_reauth"],
  ["unreadable", null, "unreadable"],
];

test.each(cases)(
  "a row that is %s and expires in %j s is %s, with a reason unless it is active",
  (stored, seconds, expected) => {
    const expiresAt = seconds === null ? null : inSeconds(seconds);
    const statusReason = stored === "active" ? null : "because";
    const notRefreshed = {
      refreshable: false,
      nextTryAt: null,
      failCount: 0,
      sentAt: null,
      replayAfter: null,
      leaseUntil: null,
    };
    const row = { ...notRefreshed, status: stored, statusReason, statusSince: inSeconds(-1000), expiresAt };
    const report = rule.report(row, now);
    expect(report.status).toBe(expected);
    expect(report.reason === null).toBe(expected === "active");
    expect(report.since <= now).toBe(true);
  },
);

test("the filter by status finds exactly the rows that show it", async () => {
  await using database = await createTestDatabase();
  const em = database.em();
  for (const [index, [status, seconds]] of cases.entries()) {
    await em.insert(ProviderCredentialEntity, {
      id: crypto.randomUUID(),
      userId: "alice",
      provider: "anthropic",
      authMethod: "api_key",
      label: String(index),
      credentials: Buffer.of(0),
      keyId: 1,
      tokenVersion: 1,
      status,
      statusSince: now,
      last4: "abcd",
      fingerprint: "f",
      scopes: [],
      refreshable: false,
      expiresAt: seconds === null ? null : inSeconds(seconds),
      createdAt: now,
      updatedAt: now,
    });
  }
  for (const wanted of ["active", "expiring", "expired", "needs_reauth", "unreadable"] as const) {
    const found = await database.em().find(ProviderCredentialEntity, rule.where(wanted, now));
    const expected = cases.flatMap(([, , status], index) => (status === wanted ? [String(index)] : []));
    expect(found.map((row) => row.label).toSorted()).toEqual(expected);
  }
});

/** A sign-in with a refresh token that ends in a minute, and whose refresh is due in half a minute. */
function signIn(changes: Partial<Parameters<typeof nextRefreshAt>[0]> = {}) {
  return {
    status: "active" as const,
    statusReason: null,
    statusSince: inSeconds(-1000),
    expiresAt: inSeconds(60),
    refreshable: true,
    nextTryAt: inSeconds(30),
    failCount: 0,
    sentAt: null,
    replayAfter: null,
    leaseUntil: null,
    ...changes,
  };
}

const failed = { failCount: 2, statusReason: "Anthropic (Claude) gave no usable answer (status 503)." };
const unrefreshable = { refreshable: false, nextTryAt: null };

const words: [string, Parameters<typeof signIn>[0], string][] = [
  ["without a refresh token", unrefreshable, "It expires at 2026-11-22T12:01:00.000Z. Connect the provider again."],
  [
    "that is renewed later",
    {},
    "It expires at 2026-11-22T12:01:00.000Z. The server renews it at 2026-11-22T12:00:30.000Z; there is nothing to do.",
  ],
  [
    "that is due",
    { nextTryAt: inSeconds(-1) },
    "It expires at 2026-11-22T12:01:00.000Z. The server renews it as soon as the provider can be asked; there is nothing to do.",
  ],
  [
    "that is being renewed",
    { nextTryAt: inSeconds(-1), sentAt: now, replayAfter: inSeconds(40), leaseUntil: inSeconds(30) },
    "It expires at 2026-11-22T12:01:00.000Z. The server is renewing it now.",
  ],
  [
    "whose last renewal failed",
    failed,
    "It expires at 2026-11-22T12:01:00.000Z. The last refresh failed: Anthropic (Claude) gave no usable answer (status 503). The server tries again at 2026-11-22T12:00:30.000Z.",
  ],
  [
    "whose last renewal failed, and whose next is due",
    { ...failed, nextTryAt: now },
    "It expires at 2026-11-22T12:01:00.000Z. The last refresh failed: Anthropic (Claude) gave no usable answer (status 503). The server tries again as soon as the provider can be asked.",
  ],
  [
    "whose last renewal has an unknown outcome",
    { ...failed, nextTryAt: inSeconds(-1), sentAt: inSeconds(-20), replayAfter: inSeconds(45) },
    "It expires at 2026-11-22T12:01:00.000Z. The last refresh failed: Anthropic (Claude) gave no usable answer (status 503). The server tries again at 2026-11-22T12:00:45.000Z.",
  ],
];

test.each(words)("an EXPIRING sign-in %s says so, and what its user has to do", (_name, changes, reason) => {
  expect(rule.report(signIn(changes), now)).toMatchObject({ status: "expiring", reason });
});

test.each(words)("an EXPIRED sign-in %s says the same", (_name, changes, reason) => {
  const expiresAt = inSeconds(-1);
  expect(rule.report(signIn({ ...changes, expiresAt }), now)).toEqual({
    status: "expired",
    reason: `It has expired. ${reason.slice("It expires at 2026-11-22T12:01:00.000Z. ".length)}`,
    since: expiresAt,
  });
});

test("a failed renewal long before the expiry leaves an ACTIVE sign-in without a reason", () => {
  const row = signIn({ ...failed, expiresAt: inSeconds(3600) });
  expect(rule.report(row, now)).toEqual({ status: "active", reason: null, since: row.statusSince });
});

test("a failed renewal without a known reason says that", () => {
  const { reason } = rule.report(signIn({ failCount: 1 }), now);
  expect(reason).toContain("The last refresh failed: no reason is known. The server tries again at");
});

test("a token is EXPIRING since the threshold, or since it was stored where its lifetime is shorter", () => {
  expect(rule.report(signIn(), now).since).toEqual(inSeconds(60 - 300));
  expect(rule.report(signIn({ statusSince: inSeconds(-10) }), now).since).toEqual(inSeconds(-10));
});

test.each([
  ["the next try", {}, 30],
  ["the time of a replay where that is later", { sentAt: now, replayAfter: inSeconds(50) }, 50],
  ["the next try where a replay may come earlier", { sentAt: now, replayAfter: inSeconds(10) }, 30],
  ["a time that has passed where it is due", { nextTryAt: inSeconds(-5) }, -5],
] as const)("the next refresh is %s", (_name, changes, seconds) => {
  expect(nextRefreshAt(signIn(changes))).toEqual(inSeconds(seconds));
});

test.each([
  ["has no refresh token", { refreshable: false }],
  ["has no time for one", { nextTryAt: null }],
  ["needs its user", { status: "needs_reauth" }],
  ["cannot be opened", { status: "unreadable" }],
] as const)("there is no next refresh of what %s", (_name, changes) => {
  expect(nextRefreshAt(signIn(changes))).toBeNull();
});
