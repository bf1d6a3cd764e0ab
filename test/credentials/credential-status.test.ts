import { expect, test } from "vitest";
import { type CredentialStatus, StatusRule } from "../../src/credentials/credential-status.ts";
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
