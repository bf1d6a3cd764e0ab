import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ConfigError, loadConfig } from "../../src/config/config.ts";
import { loadCatalog } from "../../src/providers/registry.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { testEnvironment } from "../support/test-app.ts";

const catalog = await loadCatalog();

function faultsOf(variables: Readonly<Record<string, string>>) {
  try {
    loadConfig(catalog, { ...testEnvironment, ...variables });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(({ name, problem }) => `${name} ${problem}`);
  }
}

const settings = {
  CREDENTIAL_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
  AUTH_JWT_SECRET: "a secret for tests of at least 32 bytes",
  DATABASE_URL: "postgres://maestro@localhost:5432/maestro",
  PUBLIC_URL: "https://auth.example.com",
  ANTHROPIC_API_KEY: "sk-ant-api03-of-the-server",
  OPENAI_API_BASE_URL: "https://gateway.example.com",
  GOOGLE_OAUTH_CLIENT_ID: "client.apps.googleusercontent.com",
  GOOGLE_OAUTH_CLIENT_SECRET: "a client secret",
  GOOGLE_OAUTH_TOKEN_URL: "https://login.example.com/token",
  METRICS_TOKEN: "a-token-of-thirty-two-characters-and-more",
  ALLOWED_ORIGINS: "https://app.example.com",
  PORT: "4000",
  SANDBOX: "false",
};

test.each(Object.entries(settings))("%s in quotes is named with them, and with nothing else", async (name, value) => {
  expect(faultsOf({ [name]: value })).toEqual([]);
  for (const quoted of [`"${value}"`, `'${value}'`, `\u201c${value}\u201d`, ` "${value}" `]) {
    expect(faultsOf({ [name]: quoted })).toEqual([`${name} is in quotes, which are taken as part of the value.`]);
  }
  await using folder = await temporaryFolder();
  const file = join(folder.path, "value");
  await writeFile(file, `"${value}"\n`);
  const fromFile = faultsOf({ [name]: "", [`${name}_FILE`]: file });
  expect(fromFile).toEqual([`${name}_FILE is in quotes, which are taken as part of the value.`]);
});

test("one key of a list in quotes is named", () => {
  const key = settings.CREDENTIAL_ENCRYPTION_KEY;
  expect(faultsOf({ CREDENTIAL_ENCRYPTION_KEY: `new:${key},old:"${key}"` })).toEqual([
    "CREDENTIAL_ENCRYPTION_KEY key 2 is in quotes, which are taken as part of it.",
  ]);
});

test("a file of a setting may begin with a byte order mark, and is refused in UTF-16 or Latin-1", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "value");
  const ask = async (content: Buffer) => {
    await writeFile(file, content);
    return faultsOf({ AUTH_JWT_SECRET: "", AUTH_JWT_SECRET_FILE: file });
  };
  const secret = settings.AUTH_JWT_SECRET;
  expect(await ask(Buffer.from(`\ufeff${secret}\r\n`))).toEqual([]);
  const [utf16] = await ask(Buffer.from(`\ufeff${secret}`, "utf16le"));
  expect(utf16).toMatch(/^AUTH_JWT_SECRET_FILE names a file that is in UTF-16/);
  const [latin1] = await ask(Buffer.from(`${secret} Jürgen`, "latin1"));
  expect(latin1).toMatch(/^AUTH_JWT_SECRET_FILE names a file that holds bytes that are not UTF-8/);
});
