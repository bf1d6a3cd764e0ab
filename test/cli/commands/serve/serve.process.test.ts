import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ExampleProcess, runProgram, ServerProcess } from "../../../support/server-process.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { createServerDatabase, fillDataFolder, migratedDatabaseIn } from "../../../support/test-database.ts";

const run = promisify(execFile);

test("the start shows its steps and one box; Ctrl-C closes and says that data is kept, a second one ends at once", async () => {
  await using folder = await temporaryFolder();
  {
    await using server = await ServerProcess.start({ DATA_DIR: folder.path });
    const [steps, box] = server.output.split("┌─ Maestro Auth is ready");
    expect(steps!.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^ {2}✓ configuration read/),
      expect.stringContaining(`  ✓ embedded database opened in ${folder.path}`),
      expect.stringMatching(/^ {2}✓ schema migrated: 0001-initial/),
      expect.stringMatching(/^ {2}✓ encryption keys opened/),
      expect.stringMatching(/^ {2}✓ sandbox provider started/),
      expect.stringMatching(/^ {2}✓ listening on 127\.0\.0\.1:\d+  \d.* in all$/),
    ]);
    const port = new URL(server.baseUrl).port;
    for (const line of [
      `│ GraphiQL    http://localhost:${port}/graphql`,
      `│ Health      http://localhost:${port}/health`,
      `│ Data        ${folder.path}`,
      "│ Reset       stop with Ctrl-C, then delete that folder",
      `│ ${server.token}`,
    ]) {
      expect(box).toContain(`${line}\n`);
    }
    expect(server.output).not.toContain("\u001b[");
    expect(await server.stop("SIGINT")).toBe(0);
    expect(server.output).toMatch(/SIGINT: closing[\s\S]*Closed\. Stored data is kept/);
  }
  await using server = await ServerProcess.start({ DATA_DIR: folder.path });
  // A request that does not come to its end keeps the server from closing.
  const { port } = new URL(server.baseUrl);
  const slow = connect(Number(port), "127.0.0.1");
  slow.on("error", () => {});
  slow.write("POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n");
  await expect.poll(() => slow.bytesWritten).toBeGreaterThan(0);
  expect((await fetch(`${server.baseUrl}/health`)).status).toBe(200);
  server.signal("SIGINT");
  await expect.poll(() => server.output).toContain("SIGINT: closing");
  expect(await server.stop("SIGINT")).toBe(130);
  expect(server.output).toContain("Shutdown was cut short. Stored data is kept");
  expect(server.output).not.toContain("Closed.");
});

test("in production nothing suggests to delete what is stored", async () => {
  await using folder = await temporaryFolder();
  const place = await migratedDatabaseIn(folder.path);
  const url = place["DATABASE_URL"];
  await using server = new ExampleProcess("src/main.ts", {
    PORT: "0",
    HOST: "127.0.0.1",
    NODE_ENV: "production",
    LOG_FORMAT: "text",
    ...place,
    CREDENTIAL_ENCRYPTION_KEY: "07".repeat(32),
    AUTH_JWT_SECRET: "x".repeat(32),
  });
  await expect.poll(() => server.output, { timeout: 60_000 }).toMatch(/Health {6}http[\s\S]*└/);
  const [, box] = server.output.split("┌─ Maestro Auth is ready");
  expect(box).toContain(`│ Data        ${url === undefined ? folder.path : "PostgreSQL at "}`);
  expect(server.output).not.toMatch(/Reset|delete|drop/);
  expect(await server.end("SIGTERM")).toBe(0);
});

test("`--open` opens the start page, and a machine without a browser serves all the same", async () => {
  await using folder = await temporaryFolder();
  const browser = join(folder.path, "browser");
  const opened = join(folder.path, "opened");
  await writeFile(browser, `#!/bin/sh\necho "$1" > ${opened}.new && mv ${opened}.new ${opened}\n`);
  await chmod(browser, 0o755);
  const environment = { DATA_DIR: join(folder.path, "data"), PORT: "1" };
  await fillDataFolder(environment.DATA_DIR);
  {
    await using server = await ServerProcess.start({ ...environment, BROWSER: browser }, ["--open", "--port", "0"]);
    await expect
      .poll(() => readFile(opened, "utf8").catch(() => ""))
      .toBe(`http://localhost:${new URL(server.baseUrl).port}/\n`);
    await server.stop("SIGTERM");
  }
  await using server = await ServerProcess.start({ ...environment, BROWSER: "/nonexistent" }, [
    "--open",
    "--port",
    "0",
  ]);
  await expect.poll(() => server.output).toMatch(/Could not open a browser\. Open http:\/\/localhost:\d+\/ yourself/);
  expect((await fetch(`${server.baseUrl}/health`)).status).toBe(200);
});

test("`serve --json` prints JSON Lines and nothing else on stdout", async () => {
  await using folder = await temporaryFolder();
  await fillDataFolder(folder.path);
  await using server = await ServerProcess.start({ DATA_DIR: folder.path }, ["--json"]);
  await server.stop("SIGINT");
  const events = server.output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.map(({ event }) => event)).toEqual([...Array<string>(6).fill("step"), "ready", "closing", "closed"]);
  expect(events[6]).toMatchObject({ api: expect.stringMatching(/\/graphql$/), token: server.token, data: folder.path });
});

/** What a start that fails prints on stderr. */
async function failingStart(environment: Record<string, string>, uid?: number): Promise<string[]> {
  const options = uid === undefined ? {} : { uid };
  const { code, stderr } = await runProgram("src/main.ts", [], { PORT: "0", ...environment }, options);
  expect(code).toBe(1);
  return stderr.trim().split("\n");
}

test("a data folder that is a file, or damaged, or not to be written, each gives one line of cause and one of cure", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "file");
  await writeFile(file, "");
  const choose = "Choose a folder that this user may write with DATA_DIR.";
  expect(await failingStart({ DATA_DIR: file })).toEqual([
    `${file} is a file, or a link that leads nowhere, where a folder is needed. (EEXIST)`,
    choose,
  ]);
  expect(await failingStart({ DATA_DIR: join(file, "below") })).toEqual([
    `${join(file, "below")} cannot be a folder: part of the path is a file. (ENOTDIR)`,
    choose,
  ]);
  const damaged = join(folder.path, "damaged");
  await mkdir(damaged);
  await writeFile(join(damaged, "development-keys.json"), '{"encryptionKey": "half');
  const [cause, example, ...more] = await failingStart({ DATA_DIR: damaged });
  expect(more).toEqual([]);
  expect(cause).toMatch(/DATA_DIR: the file .*development-keys\.json is damaged\. Restore it from a backup/);
  expect(example).toMatch(/^For example: DATA_DIR=/);
  expect(await readFile(join(damaged, "development-keys.json"), "utf8")).toBe('{"encryptionKey": "half');
});

test("each fault of the environment is one line of cause and one of cure, as a single one is", async () => {
  await using folder = await temporaryFolder();
  const manifest = join(folder.path, "manifest.json");
  await writeFile(manifest, JSON.stringify({ a: "{ nothing }", b: "{" }));
  const port = ["PORT: expected a whole number from 0 to 65535.", "For example: PORT=4000"];
  const environment = { DATA_DIR: folder.path, AUTH_JWT_SECRET: "x".repeat(32) };
  expect(await failingStart({ ...environment, PORT: "http" })).toEqual(port);
  const wrong = { ...environment, PORT: "http", AUTH_JWKS_URL: "https://login.example.com/jwks", AUTH_ISSUER: "i" };
  expect(await failingStart(wrong)).toEqual([
    ...port,
    "AUTH_JWT_SECRET: cannot stand beside AUTH_JWKS_URL.",
    "Unset one of them.",
    "AUTH_AUDIENCE: is required with AUTH_JWKS_URL.",
    "For example: AUTH_AUDIENCE=maestro-auth",
  ]);
  expect(await failingStart({ ...environment, TRUSTED_DOCUMENTS: manifest })).toEqual([
    expect.stringMatching(
      /^TRUSTED_DOCUMENTS: the manifest .* does not fit this server: a: Cannot .*; b: Syntax Error/,
    ),
    "Build it against this server's schema.graphql.",
  ]);
  const { stdout } = await runProgram("src/cli.ts", ["providers", "--json"], { ...wrong, DATA_DIR: folder.path });
  expect(JSON.parse(stdout)).toEqual({
    error: {
      cause: expect.stringMatching(/^PORT: .*\nAUTH_JWT_SECRET: .*\nAUTH_AUDIENCE: .*$/),
      cure: expect.stringMatching(
        /^For example: PORT=4000\nUnset one of them\.\nFor example: AUTH_AUDIENCE=maestro-auth$/,
      ),
      code: null,
    },
  });
});

test("a data folder that this user may not write gives a cause and a cure", async ({ skip }) => {
  if (process.getuid?.() !== 0) skip("only root can become another user");
  await using folder = await temporaryFolder();
  await chmod(folder.path, 0o755);
  for (const dataDir of [folder.path, join(folder.path, "data")]) {
    expect(await failingStart({ DATA_DIR: dataDir }, 65_534)).toEqual([
      `The system does not let this user write ${dataDir}. (EACCES)`,
      "Choose a folder that this user may write with DATA_DIR.",
    ]);
  }
});

test("where the system takes no folder, each program that opens the data folder gives a cause and a cure", async ({
  skip,
}) => {
  if (process.platform !== "linux") skip("there is no /proc");
  const choose = "Choose a folder that this user may write with DATA_DIR.";
  const refusal = (folder: string) =>
    `No folder can be made at ${folder}: what is mounted there takes none.\n${choose}`;
  await using folder = await temporaryFolder();
  const link = join(folder.path, "link");
  await symlink(join(folder.path, "nowhere"), link);
  const keys = { CREDENTIAL_ENCRYPTION_KEY: "07".repeat(32), AUTH_JWT_SECRET: "x".repeat(32) };
  const options = { timeout: 100_000 };
  for (const [script, args, environment] of [
    ["src/main.ts", [], { DATA_DIR: "/proc/nope" }],
    ["src/main.ts", [], { DATA_DIR: "/proc/nope/below", ...keys }],
    ["src/main.ts", [], { DATA_DIR: "/proc" }],
    ["src/cli.ts", ["token", "--user", "alice"], { DATA_DIR: "/proc/nope" }],
    ["src/cli.ts", ["migrate"], { DATA_DIR: "/proc/nope", ...keys }],
  ] as const) {
    const { code, stderr } = await runProgram(script, args, { PORT: "0", ...environment }, options);
    expect({ script, args, code, stderr: stderr.trim() }).toEqual({
      script,
      args,
      code: 1,
      stderr: refusal(environment.DATA_DIR),
    });
  }
  const { code, stdout } = await runProgram("src/cli.ts", ["doctor"], { DATA_DIR: "/proc/nope", ...keys }, options);
  expect(code).toBe(1);
  expect(stdout).toMatch(/✗ data-folder +No folder can be made at \/proc\/nope/);
  const dangling = await runProgram("src/main.ts", [], { PORT: "0", DATA_DIR: link }, options);
  expect(dangling.stderr.trim()).toBe(
    `${link} is a file, or a link that leads nowhere, where a folder is needed. (EEXIST)\n${choose}`,
  );
}, 300_000);

test("a data folder on a read-only file system gives a cause and a cure", async ({ skip }) => {
  await using folder = await temporaryFolder();
  const mounted = await run("mount", ["-t", "tmpfs", "-o", "ro,mode=700", "tmpfs", folder.path]).catch(() => null);
  if (mounted === null) skip("this user may not mount a file system");
  try {
    for (const dataDir of [folder.path, join(folder.path, "data")]) {
      expect(await failingStart({ DATA_DIR: dataDir })).toEqual([
        `The file system of ${dataDir} is read-only. (EROFS)`,
        "Choose a folder that this user may write with DATA_DIR.",
      ]);
    }
  } finally {
    await run("umount", [folder.path]);
  }
});

test("a full disk gives a cause and a cure, at once and in the middle of making the database", async ({ skip }) => {
  await using folder = await temporaryFolder();
  const full = [
    "The disk of the data folder is full. (ENOSPC)",
    "Free some space, or choose another folder with DATA_DIR.",
  ];
  for (const size of ["8k", "8m"]) {
    const mounted = await run("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder.path]).catch(() => null);
    if (mounted === null) skip("this user may not mount a file system");
    try {
      if (size === "8k") await writeFile(join(folder.path, "ballast"), Buffer.alloc(8192)).catch(() => {});
      expect(await failingStart({ DATA_DIR: join(folder.path, "data") })).toEqual(full);
    } finally {
      await run("umount", [folder.path]);
    }
  }
});

test("a PostgreSQL that refuses the user gives a cause and a cure", async ({ skip }) => {
  const url = await createServerDatabase();
  if (url === null) skip("there is no PostgreSQL in this run");
  await using folder = await temporaryFolder();
  const refused = new URL(url!);
  refused.username = "nobody_of_this_name";
  expect(await failingStart({ DATA_DIR: folder.path, DATABASE_URL: refused.href })).toEqual([
    "PostgreSQL does not let in the user of DATABASE_URL from here (unknown user, or pg_hba.conf). (28000)",
    "Create the user, or add an entry for it, the database and this machine to pg_hba.conf.",
  ]);
});

test("a terminal sees colours, unless NO_COLOR is set", async ({ skip }) => {
  const command = `${process.execPath} src/cli.ts providers`;
  const env = {
    PATH: process.env["PATH"],
    TERM: "xterm",
    CREDENTIAL_ENCRYPTION_KEY: "07".repeat(32),
    AUTH_JWT_SECRET: "x".repeat(32),
  };
  const onTerminal = (more: Record<string, string>) =>
    run("script", ["-qec", command, "/dev/null"], { env: { ...env, ...more } }).catch(() => null);
  const coloured = await onTerminal({});
  if (coloured === null) skip("there is no program `script` here");
  expect(coloured!.stdout).toContain("\u001b[1mPROVIDER");
  expect((await onTerminal({ NO_COLOR: "1" }))!.stdout).not.toContain("\u001b[");
});
