import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { errorOf, keyBytes, load, requiredVariables } from "../support/test-config.ts";

const { CREDENTIAL_ENCRYPTION_KEY: _key, ...withoutKey } = requiredVariables;

test.each([
  ["CREDENTIAL_ENCRYPTION_KEY", `${keyBytes.toString("hex")}\n`, () => keyBytes.toString("hex")],
  ["CREDENTIAL_ENCRYPTION_KEY", `  ${keyBytes.toString("hex")}\r\n`, () => keyBytes.toString("hex")],
] as const)(
  "%s_FILE names a file that holds the value; white space around it does not count",
  async (name, text, value) => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "value");
    await writeFile(file, text);
    const config = load({ ...withoutKey, CREDENTIAL_ENCRYPTION_KEY: "", [`${name}_FILE`]: file });
    expect(config.encryptionKeys[0]!.bytes.reveal()).toBe(value());
  },
);

test("any variable can come from a file: the database, a provider's key, a number", async () => {
  await using folder = await temporaryFolder();
  const file = async (name: string, text: string) => {
    await writeFile(join(folder.path, name), text);
    return join(folder.path, name);
  };
  const config = load({
    DATABASE_URL_FILE: await file("database", "postgres://user:secret@db:5432/maestro\n"),
    ANTHROPIC_API_KEY_FILE: await file("key", "sk-ant-from-a-file\n"),
    SESSION_TIMEOUT_FILE: await file("timeout", "120\n"),
  });
  expect(config.databaseUrl?.reveal()).toBe("postgres://user:secret@db:5432/maestro");
  expect(config.providers.get("anthropic")?.apiKey?.reveal()).toBe("sk-ant-from-a-file");
  expect(config.sessionTimeout).toBe(120);
});

test("a file that is missing, empty, too large or a folder is a fault, and its content is never shown", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "value");
  const problemOf = (path: string) => errorOf({ ...requiredVariables, SESSION_TIMEOUT_FILE: path }).faults[0];
  expect(problemOf(file)).toMatchObject({ name: "SESSION_TIMEOUT_FILE", problem: expect.stringContaining("ENOENT") });
  await writeFile(file, " \n");
  expect(problemOf(file)?.problem).toBe("names an empty file.");
  await writeFile(file, "1".repeat(65_537));
  expect(problemOf(file)?.problem).toBe("must name a file of at most 65536 bytes.");
  expect(problemOf(folder.path)?.problem).toBe("must name a file of at most 65536 bytes.");
  await writeFile(file, "canary-in-a-file");
  expect(errorOf({ ...requiredVariables, SESSION_TIMEOUT_FILE: file }).message).not.toContain("canary");
});

test("a variable and its file together are a fault: nobody can know which one is meant", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "value");
  await writeFile(file, "120");
  const { faults } = errorOf({ ...requiredVariables, SESSION_TIMEOUT: "60", SESSION_TIMEOUT_FILE: file });
  expect(faults).toMatchObject([
    { name: "SESSION_TIMEOUT_FILE", problem: "cannot be set together with SESSION_TIMEOUT." },
  ]);
});
