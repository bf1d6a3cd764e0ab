import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { expect, test } from "vitest";
import { startMockProvider } from "../../../support/mock-provider.ts";
import { runCommand } from "../../../support/run-command.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { startTestApp } from "../../../support/test-app.ts";
import { createServerDatabase } from "../../../support/test-database.ts";
import { commandStage, connectKey } from "../../command-stage.ts";
import { randomKey } from "./doctor-stage.ts";

/** Everything of a folder that a program can change, but the times at which it was read. */
async function snapshot(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = [folder, ...entries.map((entry) => join(entry.parentPath, entry.name))];
  const described = paths.toSorted().map(async (path) => {
    const { mode, mtimeMs, size } = await stat(path);
    const isFile = (await stat(path)).isFile();
    const content = isFile
      ? createHash("sha256")
          .update(await readFile(path))
          .digest("hex")
      : "";
    return [path.slice(folder.length), `${mode} ${mtimeMs} ${isFile ? size : ""} ${content}`] as const;
  });
  return Object.fromEntries(await Promise.all(described));
}

const development = { NODE_ENV: "development", PORT: "0", SANDBOX: "false" };
const production = {
  NODE_ENV: "production",
  PORT: "0",
  CREDENTIAL_ENCRYPTION_KEY: randomKey(),
  AUTH_JWT_SECRET: "a secret for tests of at least 32 bytes",
  PUBLIC_URL: "https://auth.example.com",
};

test.each([
  ["that does not exist", "new/data", development],
  ["that does not exist, in production", "new/data", production],
  ["that is empty", ".", development],
  ["that is empty, in production", ".", production],
])("a folder %s stays so", async (_case, path, environment) => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "beside"));
  const before = await snapshot(folder.path);
  const { stdout } = await runCommand(["doctor", "--json"], { ...environment, DATA_DIR: join(folder.path, path) });
  expect(await snapshot(folder.path)).toEqual(before);
  const { checks } = JSON.parse(stdout) as { checks: { check: string; status: string; detail?: string }[] };
  const found = Object.fromEntries(checks.map((finding) => [finding.check, finding]));
  expect(found["data-folder"]).toMatchObject({ status: "ok" });
  expect(found["key-strength"]?.status).toBe(environment === development ? "skip" : "ok");
});

/** The tables of the stage's database with all that stands in them. */
function tables(stage: Awaited<ReturnType<typeof commandStage>>): Promise<Record<string, unknown>> {
  return stage.within(async ({ storage }) => {
    const em = storage.database.em();
    const names = await em.execute<{ name: string }[]>(
      `select table_name as name from information_schema.tables where table_schema = current_schema() order by 1`,
    );
    const rows = names.map(async ({ name }) => [name, await em.execute(`select t::text from "${name}" t order by 1`)]);
    return Object.fromEntries(await Promise.all(rows)) as Record<string, unknown>;
  });
}

test("a database with credentials, beside a folder with keys and a spool, is left as it is", async () => {
  await using provider = await startMockProvider("anthropic");
  await using stage = await commandStage({
    CREDENTIAL_ENCRYPTION_KEY: randomKey(),
    ANTHROPIC_API_BASE_URL: provider.baseUrl,
  });
  await stage.within((parts) => connectKey(parts, "alice", { apiKey: provider.key }));
  await mkdir(join(stage.folder, "spool"), { recursive: true });
  const rows = await tables(stage);
  const files = await snapshot(stage.folder);
  const { stdout } = await stage.run(["doctor", "--json"]);
  expect(await snapshot(stage.folder)).toEqual(files);
  expect(await tables(stage)).toEqual(rows);
  const { checks } = JSON.parse(stdout) as { checks: { check: string; detail?: string }[] };
  expect(checks.find(({ check }) => check === "credentials")?.detail).toBe("1 opened");
});

test("a database that lost its keys gets no new ones", async () => {
  await using provider = await startMockProvider("anthropic");
  await using stage = await commandStage({
    CREDENTIAL_ENCRYPTION_KEY: randomKey(),
    ANTHROPIC_API_BASE_URL: provider.baseUrl,
  });
  await stage.within(async (parts) => {
    await connectKey(parts, "alice", { apiKey: provider.key });
    const em = parts.storage.database.em();
    await em.execute("set session_replication_role = replica");
    await em.execute("delete from encryption_keys");
    await em.execute("set session_replication_role = origin");
  });
  const files = await snapshot(stage.folder);
  const { code, stdout } = await stage.run(["doctor", "--json"]);
  expect(code).toBe(1);
  const { first } = JSON.parse(stdout) as { first: { check: string } };
  expect(first.check).toBe("keys");
  expect(await snapshot(stage.folder)).toEqual(files);
});

test("a database without migrations gets no table", async ({ skip }) => {
  const url = await createServerDatabase();
  if (url === null) throw skip("the embedded database is looked at as a copy");
  const names = async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query("select relname from pg_class where relnamespace = 'public'::regnamespace");
    await client.end();
    return rows as unknown[];
  };
  const { code, stdout } = await runCommand(["doctor", "--json"], { ...production, DATABASE_URL: url });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    checks: expect.arrayContaining([expect.objectContaining({ check: "migrations", status: "fail" })]),
  });
  expect(await names()).toEqual([]);
});

test("a running server on the folder is left alone", async () => {
  await using folder = await temporaryFolder();
  await using server = await startTestApp({ environment: { DATA_DIR: folder.path } });
  const files = await readdir(folder.path, { recursive: true });
  const { PORT, ...environment } = { ...development, PORT: new URL(server.baseUrl).port, DATA_DIR: folder.path };
  const secrets = {
    AUTH_JWT_SECRET: "a secret for tests of at least 32 bytes",
    CREDENTIAL_ENCRYPTION_KEY: randomKey(),
  };
  const { stdout } = await runCommand(["doctor", "--json"], { ...environment, ...secrets, PORT });
  expect(await readdir(folder.path, { recursive: true })).toEqual(files);
  expect(JSON.parse(stdout)).toMatchObject({
    checks: expect.arrayContaining([
      { check: "connection", status: "skip", detail: expect.stringMatching(/in use by another process/) },
      { check: "streaming", status: "ok", detail: expect.stringMatching(/event streams arrive at once/) },
    ]),
  });
});
