import { expect, test } from "vitest";
import { openDatabase } from "../../../src/app/database.ts";
import { createServerDatabase } from "../../support/test-database.ts";

/** More than a pool has connections. */
const breaks = 12;

test("a connection that breaks within a transaction leaves its place in the pool to another", async ({ skip }) => {
  const url = await createServerDatabase();
  if (url === null) skip("the embedded database has one connection");
  await using database = await openDatabase({ kind: "postgres", url: url! });
  await using other = await openDatabase({ kind: "postgres", url: url! });
  for (let count = 0; count < breaks; count++) {
    const broken = database.transaction(async (em) => {
      const [row] = await em.execute<[{ pid: number }]>("select pg_backend_pid() as pid");
      await other.em().execute("select pg_terminate_backend(?)", [row.pid]);
      await em.execute("select 1");
    });
    await expect(broken).rejects.toThrow(/connection|ECONNRESET/i);
  }
  expect(await database.query({ name: "one", text: "select 1 as one" }, [])).toEqual([{ one: 1 }]);
});
