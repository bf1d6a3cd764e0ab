import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { openDatabase } from "../../src/db/database.ts";
import { migrate } from "../../src/db/migrate.ts";
import { startSessionMutation } from "../client/operations.ts";
import { runProgram, ServerProcess } from "../support/server-process.ts";
import { createServerDatabase } from "../support/test-database.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { commandStage } from "./command-stage.ts";

const databaseUrl = await createServerDatabase();

/** Where the program finds a database: on the test server, else in the folder. */
const environmentOf = (folder: string) => ({
  DATA_DIR: folder,
  ...(databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }),
});

async function fill(folder: string, entries: number): Promise<void> {
  await using database = await openDatabase(
    databaseUrl === null ? { kind: "embedded", dataDir: folder } : { kind: "postgres", url: databaseUrl },
  );
  await migrate(database);
  await database.em().execute("truncate audit_log restart identity");
  await database.em().execute(
    `insert into audit_log (at, user_id, actor, action, outcome)
      select '2026-01-01T00:00:00Z'::timestamptz + (i / 3) * interval '1 minute', case when i % 2 = 0 then 'alice' end, 'a "name"', 'x', 'succeeded'
      from generate_series(0, ? - 1) i`,
    [entries],
  );
}

const exported = (folder: string, ...args: string[]) =>
  runProgram("src/cli.ts", ["audit", "export", ...args], environmentOf(folder));

const parse = (output: string) =>
  output
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { id: string; at: string; userId: string | null });

test("`maestro-auth audit export` writes each entry once, as a line of JSON, the oldest first, and nothing else", async () => {
  await using folder = await temporaryFolder();
  await fill(folder.path, 2_500);
  const { code, output } = await exported(folder.path);
  expect(code).toBe(0);
  const entries = parse(output);
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
  const part = parse(
    (await exported(folder.path, ...since, "--until", "2026-01-01T01:00:00Z", "--user", "alice")).output,
  );
  expect(part).toHaveLength(88);
  expect(
    part.every(({ userId, at }) => userId === "alice" && at >= "2026-01-01T00:01" && at < "2026-01-01T01:00"),
  ).toBe(true);
  expect(parse((await exported(folder.path, "--since", "2026-01-02")).output)).toEqual([]);
});

test("a reader that leaves before the end is no failure", async () => {
  await using folder = await temporaryFolder();
  await fill(folder.path, 20_000);
  const program = `${process.execPath} src/cli.ts audit export | head -n 2; exit \${PIPESTATUS[0]}`;
  const child = spawn("bash", ["-c", program], {
    env: { PATH: process.env["PATH"], ...environmentOf(folder.path) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const seen = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (seen.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (seen.stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  expect({ code, stderr: seen.stderr }).toEqual({ code: 0, stderr: "" });
  expect(parse(seen.stdout)).toHaveLength(2);
});

test("it exports from PostgreSQL beside a running server", async ({ skip }) => {
  if (databaseUrl === null) skip("the embedded database has one process");
  await using folder = await temporaryFolder();
  await fill(folder.path, 0);
  await using server = await ServerProcess.start(environmentOf(folder.path));
  await server.client().execute(startSessionMutation, { input: {} });
  const { code, output } = await exported(folder.path);
  expect(code).toBe(0);
  expect(parse(output)).toMatchObject([{ userId: "developer", action: "session.start" }]);
});

test("of the embedded database of a running server it says why it cannot export, and what to do", async () => {
  await using folder = await temporaryFolder();
  await using _server = await ServerProcess.start({ DATA_DIR: folder.path });
  const { code, output } = await runProgram("src/cli.ts", ["audit", "export"], { DATA_DIR: folder.path });
  expect(code).toBe(1);
  expect(output).toMatch(/in use by another process \(process \d+\)[\s\S]*Stop that process/);
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
  const { code, output } = await exported(folder.path, ...args);
  expect(code).toBe(2);
  expect(output).toMatch(message);
});

test("of a database that no server has used yet it says what to do", async () => {
  await using folder = await temporaryFolder();
  const { code, output } = await runProgram("src/cli.ts", ["audit", "export"], { DATA_DIR: folder.path });
  expect(code).toBe(1);
  expect(output).toMatch(/Run `maestro-auth migrate`, or start the server/);
});
