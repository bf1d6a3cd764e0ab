import { expect, test } from "vitest";
import { runCommand } from "../../support/run-command.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { commandStage } from "../command-stage.ts";
import { fillAuditLog, parseExport } from "./audit-stage.ts";

test("`maestro-auth audit export` writes each entry once, as a line of JSON, the oldest first, and nothing else", async () => {
  await using stage = await commandStage();
  await fillAuditLog(stage, 2_500);
  const exported = (...args: string[]) => stage.run(["audit", "export", ...args]);
  const { code, output } = await exported();
  expect(code).toBe(0);
  const entries = parseExport(output);
  expect(entries.map(({ id }) => Number(id))).toEqual(Array.from({ length: 2_500 }, (_, index) => index + 1));
  expect(entries[0]).toEqual({
    id: "1",
    at: "2026-01-01T00:00:00.000Z",
    userId: "alice",
    actor: 'a "name"',
    action: "x",
    outcome: "succeeded",
    provider: null,
    credentialId: null,
    keyId: null,
    ip: null,
    userAgent: null,
  });
  expect(entries[1]).toMatchObject({ userId: null });

  const since = ["--since", "2026-01-01T00:01:00Z"];
  const part = parseExport((await exported(...since, "--until", "2026-01-01T01:00:00Z", "--user", "alice")).output);
  expect(part).toHaveLength(88);
  expect(
    part.every(({ userId, at }) => userId === "alice" && at >= "2026-01-01T00:01" && at < "2026-01-01T01:00"),
  ).toBe(true);
  expect(parseExport((await exported("--since", "2026-01-02")).output)).toEqual([]);
});

test("of a database that lacks migrations it exports nothing, and says how to bring them", async () => {
  await using stage = await commandStage();
  await stage.within(({ storage }) =>
    storage.database.em().execute("delete from mikro_orm_migrations where name = '0006-audit-log'"),
  );
  const { code, stdout, stderr } = await stage.run(["audit", "export"]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr.trim().split("\n")).toEqual([
    "The database lacks migrations of this version (0006-audit-log).",
    "Run `maestro-auth migrate`, or start the server, which applies them.",
  ]);
});

test.each([
  [["--since", "yesterday"], /2026-01-31T15:00:00Z/],
  [["--until", "2026-13-01"], /2026-01-31T15:00:00Z/],
  [["--user", ""], /1 to 255/],
  [["--csv"], /unknown option/],
])("`maestro-auth audit export %j` says what is wrong", async (args, message) => {
  await using folder = await temporaryFolder();
  const { code, output } = await runCommand(["audit", "export", ...args], { DATA_DIR: folder.path });
  expect(code).toBe(2);
  expect(output).toMatch(message);
});

test("of a database that no server has used yet it says what to do", async () => {
  await using folder = await temporaryFolder();
  const { code, output } = await runCommand(["audit", "export"], { DATA_DIR: folder.path });
  expect(code).toBe(1);
  expect(output).toMatch(/Run `maestro-auth migrate`, or start the server/);
});
