import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Config, ConfigError, loadConfig } from "../../src/config/config.ts";
import { readDevelopmentKeys } from "../../src/config/development-keys.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { errorOf, requiredVariables } from "../support/test-config.ts";

const fileName = "development-keys.json";

/** The two keys of a configuration, whatever they come from. */
function keysOf({ encryptionKeys, callerTokens }: Config): string[] {
  if (callerTokens.kind !== "secret") throw new Error("no secret");
  return [encryptionKeys[0]!.bytes.reveal(), callerTokens.secret.reveal()];
}

const load = (dataDir: string, variables = {}) => loadConfig([], { DATA_DIR: dataDir, ...variables });

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

test("keys are made once, and stay the same from then on", async () => {
  await using folder = await temporaryFolder();
  const [encryptionKey, jwtSecret] = keysOf(load(folder.path));
  expect(encryptionKey).toMatch(/^[0-9a-f]{64}$/);
  expect(Buffer.from(jwtSecret!, "base64url")).toHaveLength(32);
  expect(keysOf(load(folder.path))).toEqual([encryptionKey, jwtSecret]);
});

test("each folder has its own", async () => {
  await using one = await temporaryFolder();
  await using other = await temporaryFolder();
  const keys = [...keysOf(load(one.path)), ...keysOf(load(other.path))];
  expect(new Set(keys).size).toBe(4);
});

test("only their owner can read them, and no draft is left beside them", async () => {
  await using folder = await temporaryFolder();
  const dataDir = join(folder.path, "new", "data");
  load(dataDir);
  expect(await modeOf(dataDir)).toBe("700");
  expect(await modeOf(join(dataDir, fileName))).toBe("600");
  expect(await readdir(dataDir)).toEqual([fileName]);
});

test("nothing is made where variables give the keys", async () => {
  await using folder = await temporaryFolder();
  const dataDir = join(folder.path, "data");
  load(dataDir, requiredVariables);
  expect(await readdir(folder.path)).toEqual([]);
});

test("a variable goes before the file, which gives what is missing", async () => {
  await using folder = await temporaryFolder();
  const { AUTH_JWT_SECRET } = requiredVariables;
  const [encryptionKey, jwtSecret] = keysOf(load(folder.path, { AUTH_JWT_SECRET }));
  expect(jwtSecret).toBe(AUTH_JWT_SECRET);
  expect(keysOf(load(folder.path))[0]).toBe(encryptionKey);
});

test("production makes none", async () => {
  await using folder = await temporaryFolder();
  const dataDir = join(folder.path, "data");
  expect(() => load(dataDir, { NODE_ENV: "production" })).toThrow(ConfigError);
  expect(await readdir(folder.path)).toEqual([]);
});

test("processes that start at once have the same keys", async () => {
  const rounds = 5;
  await using folder = await temporaryFolder();
  const path = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const script = `
    import { createInterface } from "node:readline";
    import { readDevelopmentKeys } from ${path("../../src/config/development-keys.ts")};
    console.log("ready");
    for await (const dataDir of createInterface(process.stdin)) console.log(JSON.stringify(readDevelopmentKeys(dataDir)));
  `;
  const closedNetwork = fileURLToPath(new URL("../support/closed-network.ts", import.meta.url));
  const args = ["--import", closedNetwork, "--input-type=module", "--eval", script];
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] }),
  );
  using stack = new DisposableStack();
  for (const child of children) stack.defer(() => child.kill());
  const outputs = children.map((child) => createInterface(child.stdout)[Symbol.asyncIterator]());
  const nextLines = async () => Promise.all(outputs.map(async (output) => (await output.next()).value));

  expect(new Set(await nextLines())).toEqual(new Set(["ready"]));
  for (let round = 0; round < rounds; round++) {
    const dataDir = join(folder.path, String(round));
    for (const { stdin } of children) stdin.write(`${dataDir}\n`);
    const [first, ...others] = await nextLines();
    expect(others).toEqual(others.map(() => first));
    expect(JSON.parse(first!)).toEqual(readDevelopmentKeys(dataDir));
    expect(await readdir(dataDir)).toEqual([fileName]);
  }
});

test.each([
  ["empty", ""],
  ["cut off", '{"encryptionKey": "hunter2'],
  ["no JSON", "hunter2"],
  ["null", "null"],
  ["without a key", JSON.stringify({ encryptionKey: `${"A".repeat(43)}=` })],
  ["with a key of another length", JSON.stringify({ encryptionKey: "hunter2=", jwtSecret: "A".repeat(43) })],
  ["with a key of another kind", JSON.stringify({ encryptionKey: 5, jwtSecret: "A".repeat(43) })],
])("a damaged file is named with its cure, and left as it is: %s", async (_name, content) => {
  await using folder = await temporaryFolder();
  const dataDir = join(folder.path, "data");
  const file = join(dataDir, fileName);
  await mkdir(dataDir);
  await writeFile(file, content);

  const { faults, message } = errorOf({ DATA_DIR: dataDir, PORT: "http" });
  expect(faults.map(({ name }) => name)).toEqual(["PORT", "DATA_DIR"]);
  for (const part of [file, "Restore it", "another folder"]) expect(message).toContain(part);
  expect(message).not.toContain("hunter2");
  expect(await readFile(file, "utf8")).toBe(content);
});
