import { expect, test } from "vitest";
import { openDatabase } from "../../../src/app/database.ts";
import { runProgram } from "../../support/server-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { migratedDatabaseIn } from "../../support/test-database.ts";

test("a database that a newer version has migrated is left as it is, by `migrate` and by the server", async () => {
  await using folder = await temporaryFolder();
  const environment = await migratedDatabaseIn(folder.path);
  {
    const url = environment["DATABASE_URL"];
    await using database = await openDatabase(
      url === undefined ? { kind: "embedded", dataDir: folder.path } : { kind: "postgres", url },
    );
    await database.em().execute("insert into mikro_orm_migrations (name) values ('9999-of-tomorrow')");
  }
  for (const [script, args] of [
    ["src/cli.ts", ["migrate"]],
    ["src/main.ts", []],
  ] as const) {
    const { code, stderr } = await runProgram(script, args, { PORT: "0", ...environment });
    expect(code).toBe(1);
    expect(stderr.trim().split("\n")).toEqual([
      "The database has a newer schema than this version knows (9999-of-tomorrow). Nothing was changed.",
      "Start the newer version, or restore the backup that was made before it.",
    ]);
  }
});
