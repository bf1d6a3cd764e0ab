import { expect, test } from "vitest";
import { openDatabase } from "../../src/db/database.ts";
import { migrate } from "../../src/db/migrate.ts";
import { createServerDatabase } from "../support/test-database.ts";

async function openEmpty() {
  const url = await createServerDatabase();
  return openDatabase(url === null ? { kind: "memory" } : { kind: "postgres", url });
}

test("the migrations lead from nothing to exactly what the entities say, and back", async () => {
  await using database = await openEmpty();
  expect(await migrate(database)).toEqual([
    "0001-initial",
    "0002-oauth-flows",
    "0003-refresh",
    "0004-sessions",
    "0005-rate-limits",
    "0006-audit-log",
    "0007-key-rotation",
    "0008-credential-uses-index",
    "0010-token-lifetime",
  ]);
  expect(await database.orm.schema.getUpdateSchemaSQL({ wrap: false })).toBe("");
  expect(await migrate(database)).toEqual([]);
  await database.orm.migrator.down({ to: 0 });
  const tables = await database.em().execute("select tablename from pg_tables where schemaname = 'public'");
  expect(tables).toEqual([{ tablename: "mikro_orm_migrations" }]);
});

test("of several processes that start at once one migrates and the others wait", async ({ skip }) => {
  const url = await createServerDatabase();
  if (url === null) skip("the embedded database has one process");
  await using first = await openDatabase({ kind: "postgres", url: url! });
  await using second = await openDatabase({ kind: "postgres", url: url! });
  await using third = await openDatabase({ kind: "postgres", url: url! });
  const applied = await Promise.all([first, second, third].map((database) => migrate(database)));
  expect(applied.flat()).toEqual([
    "0001-initial",
    "0002-oauth-flows",
    "0003-refresh",
    "0004-sessions",
    "0005-rate-limits",
    "0006-audit-log",
    "0007-key-rotation",
    "0008-credential-uses-index",
    "0010-token-lifetime",
  ]);
});
