import { expect, test } from "vitest";
import { openDatabase } from "../../src/app/database.ts";
import { migrate } from "../../src/db/migrate.ts";
import { createServerDatabase } from "../support/test-database.ts";

async function openEmpty() {
  const url = await createServerDatabase();
  return openDatabase(url === null ? { kind: "memory" } : { kind: "postgres", url });
}

/** All, the oldest first. */
const migrations = [
  "0001-initial",
  "0002-oauth-flows",
  "0003-refresh",
  "0004-sessions",
  "0005-rate-limits",
  "0006-audit-log",
  "0007-key-rotation",
  "0008-credential-uses-index",
  "0009-refused-renewals",
  "0010-token-lifetime",
  "0011-credential-warning",
  "0012-device-poll-failures",
  "0015-quotas",
  "0016-timeline",
  "0018-label-keys",
  "0019-bounds",
];

test("the migrations lead from nothing to exactly what the entities say, and back", async () => {
  await using database = await openEmpty();
  expect(await migrate(database)).toEqual(migrations);
  expect(await database.orm.schema.getUpdateSchemaSQL({ wrap: false })).toBe("");
  expect(await migrate(database)).toEqual([]);
  await database.orm.migrator.down({ to: 0 });
  const tables = await database.em().execute("select tablename from pg_tables where schemaname = 'public'");
  expect(tables).toEqual([{ tablename: "mikro_orm_migrations" }]);
});

test("the lifetimes of tokens that are there already follow from when they came and when they end", async () => {
  await using database = await openEmpty();
  await migrate(database);
  await database.orm.migrator.down({ to: "0008-credential-uses-index" });
  const rows: [label: string, method: string, refreshed: string | null, since: string, expires: string | null][] = [
    ["signed in", "oauth", null, "12:00", "20:00"],
    ["refreshed since", "oauth", "14:00", "12:00", "15:00"],
    ["connected again", "oauth", "10:00", "12:00", "13:30"],
    ["expired as it came", "oauth", null, "12:00", "11:00"],
    ["without an end", "oauth", null, "12:00", null],
    ["a key", "api_key", null, "12:00", "13:00"],
  ];
  for (const [label, method, refreshed, since, expires] of rows) {
    await database.em().execute(
      `insert into provider_credentials (id, user_id, provider, auth_method, label, credentials, key_id, token_version,
          status, status_since, last4, fingerprint, scopes, refreshable, expires_at, last_refreshed_at, created_at, updated_at)
        values (gen_random_uuid(), 'alice', 'anthropic', ?, ?, '', 1, 1, 'active', ?::timestamptz, '', '', '{}', true,
          ?::timestamptz, ?::timestamptz, '2026-11-01T08:00:00Z', '2026-11-01T12:00:00Z')`,
      [method, label, ...[since, expires, refreshed].map((time) => (time === null ? null : `2026-11-01T${time}:00Z`))],
    );
  }
  expect(await migrate(database)).toContain("0010-token-lifetime");
  const found = await database
    .em()
    .execute<{ label: string; lifetime: number | null }[]>("select label, lifetime from provider_credentials");
  expect(Object.fromEntries(found.map(({ label, lifetime }) => [label, lifetime]))).toEqual({
    "signed in": 8 * 3600,
    "refreshed since": 3600,
    "connected again": 5400,
    "expired as it came": null,
    "without an end": null,
    "a key": null,
  });
});

test("of several processes that start at once one migrates and the others wait", async ({ skip }) => {
  const url = await createServerDatabase();
  if (url === null) skip("the embedded database has one process");
  await using first = await openDatabase({ kind: "postgres", url: url! });
  await using second = await openDatabase({ kind: "postgres", url: url! });
  await using third = await openDatabase({ kind: "postgres", url: url! });
  const applied = await Promise.all([first, second, third].map((database) => migrate(database)));
  expect(applied.flat()).toEqual(migrations);
});
