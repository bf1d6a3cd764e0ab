import { expect, test } from "vitest";
import { listMigrations } from "../../../src/db/migrate.ts";
import { runCommand } from "../../support/run-command.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { emptyDatabaseIn } from "../../support/test-database.ts";

test("`maestro-auth migrate --dry-run` lists what is pending and applies nothing; without it, it applies them once", async () => {
  await using folder = await temporaryFolder();
  const environment = await emptyDatabaseIn(folder.path);
  const migrate = (...args: string[]) => runCommand(["migrate", ...args], environment);
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
