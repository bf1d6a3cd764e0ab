import { expect, test } from "vitest";
import { runCommand } from "../../support/run-command.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { testEnvironment } from "../../support/test-app.ts";
import { commandLines, lineOf, namesOf, withoutDatabase } from "./command-lines.ts";

const names = namesOf();

test("the table has every command", () => {
  expect(Object.keys(commandLines).toSorted()).toEqual(names.toSorted());
});

test.each(names)("`%s` with an option that it does not have ends with 2, and says so", async (name) => {
  for (const more of [[], ["--json"]]) {
    const { code, stdout, stderr } = await runCommand([...lineOf(name), ...more, "--nonsense"], {});
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("unknown option '--nonsense'");
  }
});

test.each(names)("`%s --help` ends with 0, and lists the exit codes", async (name) => {
  const { code, stdout, stderr } = await runCommand([...name.split(" "), "--help"], {});
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("Exit codes:");
});

// The doctor looks at the rest all the same, and a server waits for its database.
const needing = names.filter((name) => !withoutDatabase.includes(name) && !["doctor", "serve"].includes(name));

test.each(needing)("`%s` without its database ends with 1, with a cause and a cure and no stack", async (name) => {
  await using folder = await temporaryFolder();
  const environment = {
    ...testEnvironment,
    DATA_DIR: folder.path,
    DATABASE_URL: "postgres://nobody@127.0.0.1:1/nothing",
    DATABASE_WAIT_SECONDS: "0",
  };
  const { code, stdout, stderr } = await runCommand(lineOf(name), environment, { input: "" });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^\nPostgreSQL .*127\.0\.0\.1:1.*\(ECONNREFUSED\)\n.+\n$/);
  expect(stderr).not.toMatch(/^\s+at /m);
  const json = await runCommand([...lineOf(name), "--json"], environment, { input: "" });
  expect({ code: json.code, ...(JSON.parse(json.stdout) as object) }).toMatchObject({
    code: 1,
    error: { code: "ECONNREFUSED" },
  });
});
