import { expect, test } from "vitest";
import { openDatabase } from "../../src/db/database.ts";
import { listMigrations } from "../../src/db/migrate.ts";
import { runProgram } from "../support/server-process.ts";
import { createServerDatabase } from "../support/test-database.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

async function emptyDatabase(folder: string): Promise<Record<string, string>> {
  const url = await createServerDatabase();
  return { DATA_DIR: folder, ...(url === null ? {} : { DATABASE_URL: url }) };
}

test("`maestro-auth migrate --dry-run` lists what is pending and applies nothing; without it, it applies them once", async () => {
  await using folder = await temporaryFolder();
  const environment = await emptyDatabase(folder.path);
  const migrate = (...args: string[]) => runProgram("src/cli.ts", ["migrate", ...args], environment);
  const all = await listMigrations();
  for (const _ of ["first", "second"]) {
    const { code, stdout } = await migrate("--dry-run", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ applied: [], pending: all });
  }
  const first = await migrate();
  expect(first.code).toBe(0);
  expect(first.stdout.split("\n")).toEqual(["These migrations were applied:", ...all.map((name) => `  ${name}`), ""]);
  expect(first.stderr).toContain(`Applying migrations: ${all.length} of ${all.length}`);
  expect((await migrate()).stdout).toBe("The schema is up to date.\n");
  expect(JSON.parse((await migrate("--dry-run", "--json")).stdout)).toEqual({ applied: all, pending: [] });
});

test("a database that a newer version has migrated is left as it is, by `migrate` and by the server", async () => {
  await using folder = await temporaryFolder();
  const environment = await emptyDatabase(folder.path);
  await runProgram("src/cli.ts", ["migrate"], environment);
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
