import { expect, test } from "vitest";
import { openDatabase } from "../../src/app/database.ts";
import { migrate } from "../../src/db/migrate.ts";
import { createServerDatabase } from "../support/test-database.ts";

const composed = "Zo\u00eb";
const decomposed = "Zoe\u0308";

test("of credentials whose labels are equivalent the oldest keeps its label, none is lost, and sessions use what they did", async () => {
  const url = await createServerDatabase();
  await using database = await openDatabase(url === null ? { kind: "memory" } : { kind: "postgres", url });
  await migrate(database);
  await database.orm.migrator.down({ to: "0015-quotas" });
  const em = database.em();
  const id = (digit: number) => `${String(digit).repeat(8)}-0000-4000-8000-000000000000`;
  const rows = [
    [id(1), "alice", decomposed, 1],
    [id(2), "alice", composed, 2],
    [id(3), "alice", "plain", 3],
    [id(4), "bob", composed, 4],
  ] as const;
  for (const [rowId, user, label, day] of rows) {
    await em.execute(
      `insert into provider_credentials (id, user_id, provider, auth_method, label, credentials, key_id, token_version,
          status, status_since, last4, fingerprint, scopes, refreshable, created_at, updated_at)
        values (?, ?, 'anthropic', 'api_key', ?, '', 1, 1, 'active', now(), '', '', '{}', false, ?::timestamptz, now())`,
      [rowId, user, label, `2026-11-0${day}T00:00:00Z`],
    );
  }
  for (const [session, label] of [
    [id(7), decomposed],
    [id(8), composed],
    [id(9), "plain"],
  ] as const) {
    await em.execute(
      `insert into session_providers (session_id, provider, user_id, auth_method, label, source, selected_at)
        values (?, 'anthropic', 'alice', 'api_key', ?, 'stored', now())`,
      [session, label],
    );
  }
  expect(await migrate(database)).toContain("0018-label-keys");
  const read = (table: string, key: string) =>
    em.execute<{ label: string }[]>(`select label from ${table} order by ${key}`);
  const renamed = `${composed} (22222222)`;
  expect(await read("provider_credentials", "id")).toEqual([
    { label: decomposed },
    { label: renamed },
    { label: "plain" },
    { label: composed },
  ]);
  expect(await read("session_providers", "session_id")).toEqual([
    { label: decomposed },
    { label: renamed },
    { label: "plain" },
  ]);
});
