import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startMockProvider } from "../../../support/mock-provider.ts";
import { commandStage, connectKey } from "../../command-stage.ts";
import { examine, randomKey } from "./doctor-stage.ts";

test("where all is well the doctor says so; changed rows, a full spool, a taken port and a provider that is away it names", async () => {
  const environment = { CREDENTIAL_ENCRYPTION_KEY: randomKey() };
  let baseUrl: string;
  await using stage = await commandStage(environment);
  {
    await using provider = await startMockProvider("anthropic");
    baseUrl = provider.baseUrl;
    const well = { ANTHROPIC_API_BASE_URL: baseUrl };
    await stage.within(async (parts) => {
      for (const userId of ["alice", "bob", "carol"]) await connectKey(parts, userId, { apiKey: provider.key });
    }, well);
    const { code, found, output } = await examine(stage, well);
    expect(code).toBe(0);
    for (const [check, detail] of [
      ["node", /^Node \d/],
      ["data-folder", new RegExp(stage.folder)],
      ["key-strength", /1 key of 32 random bytes/],
      ["migrations", /applied, none pending$/],
      ["keys", /sealing with key 1$/],
      ["credentials", /^3 opened$/],
      ["spool", /^empty$/],
      ["provider:anthropic", /answers \(HTTP \d+\)$/],
    ] as const) {
      expect({ check, ...found.get(check) }).toMatchObject({
        check,
        status: "ok",
        detail: expect.stringMatching(detail),
      });
    }
    expect(output).not.toContain(provider.key);
  }

  await stage.within(({ storage }) =>
    storage.database
      .em()
      .execute(
        "update provider_credentials a set credentials = b.credentials from provider_credentials b where (a.user_id, b.user_id) in (('alice', 'bob'), ('bob', 'alice'))",
      ),
  );
  await mkdir(join(stage.folder, "spool"), { recursive: true });
  await writeFile(join(stage.folder, "spool", "a.1.b.json"), "{}");
  const other = createTcpServer((socket) => socket.end("not HTTP\r\n")).listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  const { code, found } = await examine(stage, { ANTHROPIC_API_BASE_URL: baseUrl, PORT: String(port) });
  other.close();
  expect(code).toBe(1);
  expect(found.get("credentials")).toMatchObject({
    status: "fail",
    cause: expect.stringMatching(
      /^Of 3 credentials, some cannot be decrypted: 2 sealed with key 1; the first is [0-9a-f-]{36}\.$/,
    ),
    cure: expect.stringContaining("Restore"),
  });
  expect(found.get("spool")).toMatchObject({ status: "warn", cause: expect.stringContaining("1 renewed token waits") });
  expect(found.get("port")).toMatchObject({ status: "fail", cause: `The port ${port} is in use by another program.` });
  expect(found.get("provider:anthropic")).toMatchObject({
    status: "fail",
    cause: expect.stringContaining("ECONNREFUSED"),
    cure: expect.stringContaining("ANTHROPIC_API_BASE_URL"),
  });
});

test("a wrong key and a weak one are named, missing migrations keep the content from being looked at", async () => {
  await using stage = await commandStage({ CREDENTIAL_ENCRYPTION_KEY: randomKey() });
  await stage.within(({ storage }) => Promise.resolve(storage.keyring.active.id));
  const wrong = await examine(stage, { CREDENTIAL_ENCRYPTION_KEY: "07".repeat(32) });
  expect(wrong.code).toBe(1);
  expect(wrong.found.get("keys")).toMatchObject({
    status: "fail",
    cause: expect.stringContaining("which is not configured"),
    cure: expect.stringContaining("Set CREDENTIAL_ENCRYPTION_KEY"),
  });
  expect(wrong.found.get("key-strength")).toMatchObject({
    status: "fail",
    cause: expect.stringContaining("repeats itself"),
  });

  await stage.within(({ storage }) =>
    storage.database.em().execute("delete from mikro_orm_migrations where name = '0004-sessions'"),
  );
  const behind = await examine(stage);
  expect(behind.found.get("migrations")).toMatchObject({
    status: "fail",
    cause: expect.stringContaining("0004-sessions"),
  });
  expect(behind.found.has("credentials")).toBe(false);
});

test("faults of the environment are all named, and nothing else is looked at", async () => {
  await using stage = await commandStage();
  const { code, found } = await examine(stage, { PORT: "many", REFRESH_THRESHOLD: "soon" });
  expect(code).toBe(1);
  expect([...found.keys()]).toEqual(["node", "configuration"]);
  expect(found.get("configuration")).toMatchObject({
    status: "fail",
    cause: expect.stringMatching(/PORT: .*REFRESH_THRESHOLD: /),
    cure: expect.stringContaining("PORT=4000"),
  });
});

test("a Redis that is away is a failure", async ({ skip }) => {
  await using stage = await commandStage({ CREDENTIAL_ENCRYPTION_KEY: randomKey() });
  if (stage.environment["DATABASE_URL"] === undefined) skip("EVENTS_URL needs a PostgreSQL");
  const { code, found } = await examine(stage, { EVENTS_URL: "redis://127.0.0.1:1" });
  expect(code).toBe(1);
  expect(found.get("events")).toMatchObject({
    status: "fail",
    cause: expect.stringContaining("does not answer at 127.0.0.1:1"),
  });
});
