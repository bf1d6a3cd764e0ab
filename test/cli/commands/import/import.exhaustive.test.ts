import { readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startMockProvider } from "../../../support/mock-provider.ts";
import { commandStage } from "../../command-stage.ts";

interface Report {
  readonly imported: number;
  readonly unchanged: number;
  readonly kept: number;
  readonly failed: number;
  readonly notImported: readonly { readonly line: number; readonly result: string; readonly code: string }[];
}

const jsonLines = (...lines: (object | string)[]) =>
  lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");

test("lines that can be imported are, the others are told by number and reason, and no secret is printed", async () => {
  await using provider = await startMockProvider("anthropic");
  await using stage = await commandStage({ ANTHROPIC_API_BASE_URL: provider.baseUrl });
  const good = { user: "alice", provider: "anthropic", apiKey: provider.key };
  const secret = "sk-ant-api03-this-must-never-be-shown";
  const input = jsonLines(
    good,
    { user: "bob", provider: "anthropic", apiKey: secret },
    "",
    `{"user":"bob","apiKey":"${secret}"`,
    { user: "bob", provider: secret, apiKey: secret },
    { user: "bob", provider: "anthropic", apiKey: secret, [secret]: true },
    { ...good, label: "default" },
    { user: "", provider: "anthropic", apiKey: provider.key },
    { user: "bob", provider: "anthropic", apiKey: secret, accessToken: secret },
  );
  const rejects = join(stage.folder, "rejects.jsonl");
  const first = await stage.run(["import", "-", "--json", "--rejects", rejects], { input });
  expect(first.code).toBe(3);
  const report = JSON.parse(first.stdout) as Report;
  expect(report).toMatchObject({ imported: 1, unchanged: 0, kept: 0, failed: 7 });
  expect(report.notImported.map(({ line, code }) => [line, code])).toEqual([
    [2, "INVALID_CREDENTIAL"],
    [4, "NOT_READABLE"],
    [5, "PROVIDER_NOT_FOUND"],
    [6, "NOT_READABLE"],
    [7, "NOT_READABLE"],
    [8, "NOT_READABLE"],
    [9, "NOT_READABLE"],
  ]);
  const written = await readFile(rejects, "utf8");
  expect(
    written
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object),
  ).toEqual(report.notImported);
  for (const text of [first.output, written]) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain(provider.key);
  }

  const file = join(stage.folder, "credentials.jsonl");
  await writeFile(file, jsonLines(good, { ...good, user: "carol" }));
  const second = await stage.run(["import", file]);
  expect(second).toMatchObject({
    code: 0,
    stdout: "1 imported, 1 were there already, 0 kept as they are, 0 failed.\n",
    stderr: expect.stringContaining("Importing: 2 of 2"),
  });
  await stage.within(async ({ storage }) => {
    const em = storage.database.em();
    expect(await em.execute("select user_id, token_version from provider_credentials order by user_id")).toEqual([
      { user_id: "alice", token_version: 1 },
      { user_id: "carol", token_version: 1 },
    ]);
    const actors = await em.execute("select distinct actor from audit_log");
    expect(actors).toEqual([{ actor: `cli:${userInfo().username}` }]);
  });
});

test("a dry run stores nothing; tokens come in unasked with --no-check; what is stored is kept unless --replace is given", async () => {
  await using stage = await commandStage();
  const file = join(stage.folder, "credentials.jsonl");
  const tokens = {
    user: "alice",
    provider: "google",
    accessToken: "first-access",
    refreshToken: "first-refresh",
    expiresAt: "2020-01-01T00:00:00Z",
    scopes: ["email"],
  };
  const run = async (lines: object[], ...options: string[]) => {
    await writeFile(file, jsonLines(...lines));
    const { code, stdout } = await stage.run(["import", file, "--no-check", "--json", ...options]);
    const { imported, unchanged, kept, failed } = JSON.parse(stdout) as Report;
    return { code, imported, unchanged, kept, failed };
  };
  const stored = () =>
    stage.within(async ({ storage, services }) => {
      const [row] = await services.coordinator.listAllCredentials({}, { limit: 10 });
      if (row === undefined) return null;
      const opened = await storage.sealer.open(row, { expiresAt: null, scopes: [] });
      if (opened.method !== "oauth") throw new Error("the stored credential is no sign-in");
      const { refreshable, lastValidatedAt, scopes } = row;
      return { refreshToken: opened.refreshToken?.reveal(), refreshable, lastValidatedAt, scopes };
    });

  expect(await run([tokens], "--dry-run")).toEqual({ code: 0, imported: 1, unchanged: 0, kept: 0, failed: 0 });
  expect(await stored()).toBeNull();
  expect(await run([tokens])).toMatchObject({ code: 0, imported: 1 });
  const first = { refreshToken: "first-refresh", refreshable: true, lastValidatedAt: null, scopes: ["email"] };
  expect(await stored()).toEqual(first);
  const other = { ...tokens, refreshToken: "second-refresh" };
  expect(await run([other])).toEqual({ code: 0, imported: 0, unchanged: 0, kept: 1, failed: 0 });
  expect(await stored()).toEqual(first);
  expect(await run([other], "--replace")).toMatchObject({ code: 0, imported: 1 });
  expect(await stored()).toMatchObject({ refreshToken: "second-refresh" });
});

test.each(["-", "credentials.jsonl"])(
  "from %s, a line that is longer than any credential is told by its number, and read no further",
  async (source) => {
    await using stage = await commandStage();
    const secret = "sk-ant-api03-this-must-never-be-shown";
    const good = { user: "alice", provider: "anthropic", apiKey: secret };
    // Not even the last line of the input, which no line break ends, is collected.
    const long = JSON.stringify({ ...good, label: "x".repeat(300_000) });
    const input = jsonLines(long, { ...good, user: "bob" }, long);
    const file = source === "-" ? "-" : join(stage.folder, source);
    if (source !== "-") await writeFile(file, input);
    const { code, stdout, output } = await stage.run(["import", file, "--no-check", "--json"], { input });
    expect(code).toBe(3);
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ imported: 1, failed: 2 });
    for (const [index, line] of [1, 3].entries()) {
      expect(report.notImported[index]).toMatchObject({
        line,
        code: "NOT_READABLE",
        reason: expect.stringContaining("longer than 262144 bytes"),
      });
    }
    expect(output).not.toContain(secret);
  },
);

test("a file that is not there is told with its cure", async () => {
  await using stage = await commandStage();
  const { code, stderr } = await stage.run(["import", join(stage.folder, "nothing.jsonl")]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/cannot be read \(ENOENT\)\.\nName a file with one credential a line/);
});
