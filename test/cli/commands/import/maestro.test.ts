import { createCipheriv, randomBytes, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { expect, test } from "vitest";
import { ImportLineError } from "../../../../src/cli/commands/import/import-line.ts";
import { openMaestroRow } from "../../../../src/cli/commands/import/maestro-row.ts";
import { createServerDatabase } from "../../../support/test-database.ts";
import { commandStage } from "../../command-stage.ts";

/** As The Maestro's `encrypt_credentials`. */
function encrypt(credentials: object, key: Uint8Array): string {
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-256-cbc", key, iv);
  return Buffer.concat([iv, cipher.update(JSON.stringify(credentials)), cipher.final()]).toString("base64");
}

const row = (authMethod: string, credentials: string) => ({
  id: randomUUID(),
  userId: "alice",
  provider: "anthropic",
  authMethod,
  credentials,
  expiresAt: 1_800_000_000,
});

test("a row opens with its key and gives what The Maestro stored", () => {
  const key = randomBytes(32);
  const apiKey = openMaestroRow(row("api_key", encrypt({ api_key: "sk-ant-1", token_type: "api_key" }, key)), key);
  expect(apiKey.credentials.method === "api_key" && apiKey.credentials.apiKey.reveal()).toBe("sk-ant-1");
  const tokens = { access_token: "access", refresh_token: "refresh", scope: "one two", expires_at: "2020-01-01" };
  const { credentials } = openMaestroRow(row("oauth", encrypt(tokens, key)), key);
  expect(credentials).toMatchObject({
    method: "oauth",
    expiresAt: new Date(1_800_000_000_000),
    scopes: ["one", "two"],
  });
  expect(credentials.method === "oauth" && credentials.refreshToken?.reveal()).toBe("refresh");
});

test("of a thousand wrong keys none is believed, though some pass the padding", () => {
  const sealed = encrypt({ api_key: "sk-ant-api03-secret" }, randomBytes(32));
  for (let tried = 0; tried < 1_000; tried += 1) {
    expect(() => openMaestroRow(row("api_key", sealed), randomBytes(32))).toThrow(ImportLineError);
  }
});

test.each([
  ["an unknown method", "password", { api_key: "sk-ant-1" }, /neither oauth nor api_key/],
  ["no key in it", "api_key", { token: "sk-ant-1" }, /opens, and is no credential: api_key/],
  ["a key that no header carries", "api_key", { api_key: "sk-ant 1\n" }, /api_key/],
])("a row with %s is refused, and its secret not repeated", (_what, method, credentials, message) => {
  const key = randomBytes(32);
  const refused = () => openMaestroRow(row(method, encrypt(credentials, key)), key);
  expect(refused).toThrow(message);
  expect(refused).not.toThrow(/sk-ant/);
});

/** The seed's table, in a database of its own. */
async function maestroDatabase(rows: readonly (readonly unknown[])[]): Promise<string | null> {
  const url = await createServerDatabase();
  if (url === null) return null;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`create table provider_credentials (id uuid primary key, user_id varchar not null,
    provider varchar not null, auth_method varchar not null, credentials text not null, expires_at timestamp,
    created_at timestamp default now(), updated_at timestamp default now(), unique (user_id, provider, auth_method))`);
  for (const values of rows) {
    await client.query(
      "insert into provider_credentials (id, user_id, provider, auth_method, credentials, expires_at) values ($1, $2, $3, $4, $5, $6)",
      [...values],
    );
  }
  await client.end();
  return url;
}

test("The Maestro's rows come in with --apply and not before; what does not open is told by its id, and nothing is lost", async ({
  skip,
}) => {
  const key = randomBytes(32);
  const damaged = randomUUID();
  const url = await maestroDatabase([
    [randomUUID(), "alice", "anthropic", "api_key", encrypt({ api_key: "sk-ant-of-alice" }, key), null],
    [
      randomUUID(),
      "bob",
      "google",
      "oauth",
      encrypt({ access_token: "access-of-bob", refresh_token: "refresh-of-bob" }, key),
      "2026-01-02 03:04:05",
    ],
    [damaged, "carol", "openai", "api_key", encrypt({ api_key: "sk-of-carol" }, randomBytes(32)), null],
  ]);
  if (url === null) skip("The Maestro's database is a PostgreSQL, and this run has none");
  await using stage = await commandStage();
  const keyFile = join(stage.folder, "old-key");
  await writeFile(keyFile, `${key.toString("base64")}\n`);
  const environment = { ...stage.environment, MAESTRO_DATABASE_URL: url! };
  const maestro = (...options: string[]) =>
    stage.run(["import", "maestro", "--key-file", keyFile, "--json", ...options], { environment });
  const users = () =>
    stage.within(async ({ services }) => {
      const rows = await services.coordinator.listAllCredentials({}, { limit: 10 });
      return rows.map(({ userId, provider, expiresAt }) => [userId, provider, expiresAt?.toISOString() ?? null]);
    });

  const dry = await maestro();
  expect(dry.code).toBe(3);
  const notImported = [
    { row: damaged, result: "failed", code: "NOT_READABLE", reason: "does not open with the old key" },
  ];
  const counts = { imported: 2, unchanged: 0, kept: 0, failed: 1 };
  expect(JSON.parse(dry.stdout)).toEqual({ dryRun: true, ...counts, notImported, warnings: [], stopped: null });
  expect(await users()).toEqual([]);

  const applied = await maestro("--apply");
  expect(JSON.parse(applied.stdout)).toMatchObject({ dryRun: false, imported: 2, failed: 1, notImported });
  expect(await users()).toEqual([
    ["alice", "anthropic", null],
    ["bob", "google", "2026-01-02T03:04:05.000Z"],
  ]);
  const again = await maestro("--apply");
  expect(JSON.parse(again.stdout)).toMatchObject({ imported: 0, unchanged: 2, failed: 1 });
  for (const { output } of [dry, applied, again]) expect(output).not.toMatch(/sk-|access-of|refresh-of/);

  const keyless = await stage.run(["import", "maestro"], { environment });
  expect(keyless).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/The old key is missing\.\nGive The Maestro's/),
  });
});
