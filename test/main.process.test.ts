import { once } from "node:events";
import { cp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  authenticateMutation,
  credentialEventsSubscription,
  credentialsQuery,
  issueAccessMutation,
  viewerQuery,
} from "./client/operations.ts";
import { startMockProvider } from "./support/mock-provider.ts";
import { runProgram, ServerProcess } from "./support/server-process.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import type { TestClient } from "./support/test-client.ts";
import { emptyDatabaseIn, fillDataFolder, migratedDatabaseIn } from "./support/test-database.ts";

async function connect(client: TestClient, apiKey: string, label: string): Promise<void> {
  const input = { provider: "anthropic", label, credential: { apiKey } };
  const { authenticate } = await client.execute(authenticateMutation, { input });
  if (authenticate.__typename !== "AuthenticatePayload") throw new Error(authenticate.message);
}

async function grantedHeaders(client: TestClient): Promise<Record<string, string>> {
  const { issueAccess } = await client.execute(issueAccessMutation, { input: { provider: "anthropic" } });
  if (issueAccess.__typename !== "IssueAccessPayload") throw new Error(issueAccess.message);
  return Object.fromEntries(issueAccess.grant.headers.map(({ name, value }) => [name, value]));
}

const migratedEnvironment = async (folder: string, baseUrl: string): Promise<Record<string, string>> => ({
  ...(await migratedDatabaseIn(folder)),
  ANTHROPIC_API_BASE_URL: baseUrl,
});

test.each(["SIGTERM", "SIGKILL"] as const)(
  "after %s and a new start access is granted as before, and a subscription goes on after its last cursor",
  async (signal) => {
    await using folder = await temporaryFolder();
    await using provider = await startMockProvider("anthropic");
    const environment = { ...(await emptyDatabaseIn(folder.path)), ANTHROPIC_API_BASE_URL: provider.baseUrl };
    let cursor: string;
    {
      await using server = await ServerProcess.start(environment);
      expect(server.output).toMatch(
        /schema migrated: 0001-initial[\s\S]*encryption keys opened[\s\S]*Maestro Auth is ready/,
      );
      const client = server.client();
      const { viewer } = await client.execute(viewerQuery);
      await using events = await client.subscribeWebSocket(credentialEventsSubscription, { after: viewer.eventCursor });
      await connect(client, provider.key, "first");
      cursor = (await events.next()).data!.credentialEvents.cursor;
      await connect(client, provider.key, "second");
      expect(await server.stop(signal)).toBe(signal === "SIGTERM" ? 0 : null);
    }
    await using server = await ServerProcess.start(environment);
    expect(server.output).toContain("schema is up to date");
    const client = server.client();
    expect(await grantedHeaders(client)).toMatchObject({ "x-api-key": provider.key });
    await using events = await client.subscribeSse(credentialEventsSubscription, { after: cursor });
    expect((await events.next()).data?.credentialEvents).toMatchObject({
      __typename: "CredentialStored",
      label: "second",
    });
  },
);

test("an event of one process reaches the subscribers of another on the same PostgreSQL", async ({ skip }) => {
  await using folder = await temporaryFolder();
  await using provider = await startMockProvider("anthropic");
  const environment = await migratedEnvironment(folder.path, provider.baseUrl);
  if (environment["DATABASE_URL"] === undefined) skip("the embedded database has one process");
  await using here = await ServerProcess.start(environment);
  await using there = await ServerProcess.start(environment);
  await using events = await there.client().subscribeSse(credentialEventsSubscription);
  await connect(here.client(), provider.key, "from here");
  expect((await events.next()).data?.credentialEvents).toMatchObject({ label: "from here" });
  expect(await grantedHeaders(there.client())).toMatchObject({ "x-api-key": provider.key });
});

test("with another encryption key the server refuses to start, names the key that it lacks, and keeps what is stored", async () => {
  await using folder = await temporaryFolder();
  await using provider = await startMockProvider("anthropic");
  const environment = await migratedEnvironment(folder.path, provider.baseUrl);
  {
    await using server = await ServerProcess.start(environment);
    await connect(server.client(), provider.key, "default");
    await server.stop("SIGTERM");
  }
  const keys = join(folder.path, "development-keys.json");
  const backup = join(folder.path, "backup.json");
  await cp(keys, backup);
  await rm(keys);
  const { code, output } = await runProgram("src/main.ts", [], { PORT: "0", ...environment });
  expect(code).toBe(1);
  expect(output).toMatch(
    /wrapped by key-encryption key "[0-9a-f]{8}", which is not configured \(configured: [0-9a-f]{8}\)/,
  );
  expect(output).toMatch(/Set CREDENTIAL_ENCRYPTION_KEY/);

  await cp(backup, keys);
  await using server = await ServerProcess.start(environment);
  expect(await grantedHeaders(server.client())).toMatchObject({ "x-api-key": provider.key });
});

test("a second process on one data folder, a port in use, and a database that is away each give a cause and a cure", async () => {
  await using folder = await temporaryFolder();
  await fillDataFolder(folder.path);
  await using server = await ServerProcess.start({ DATA_DIR: folder.path });
  const second = await runProgram("src/main.ts", [], { PORT: "0", DATA_DIR: folder.path });
  expect(second).toMatchObject({
    code: 1,
    output: expect.stringMatching(/in use by another process \(process \d+\)[\s\S]*DATA_DIR/),
  });
  expect((await server.client().execute(credentialsQuery, {})).viewer.credentials.nodes).toEqual([]);

  await using other = await temporaryFolder();
  await fillDataFolder(other.path);
  const blocker = createServer().listen(0, "127.0.0.1");
  await once(blocker, "listening");
  const { port } = blocker.address() as { port: number };
  const blocked = await runProgram("src/main.ts", [], { PORT: String(port), DATA_DIR: other.path });
  expect(blocked).toMatchObject({ code: 1, output: expect.stringMatching(/port \d+ is in use[\s\S]*PORT/) });
  blocker.close();

  const away = await runProgram("src/main.ts", [], {
    PORT: "0",
    DATA_DIR: other.path,
    DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
    DATABASE_WAIT_SECONDS: "0",
  });
  expect(away).toMatchObject({
    code: 1,
    output: expect.stringMatching(/does not answer at 127\.0\.0\.1:1[\s\S]*ECONNREFUSED[\s\S]*DATABASE_URL/),
  });
});

test("production refuses generated keys and names all that is missing", async () => {
  await using folder = await temporaryFolder();
  const { code, output } = await runProgram("src/main.ts", [], {
    NODE_ENV: "production",
    PORT: "x",
    DATA_DIR: folder.path,
  });
  expect(code).toBe(1);
  for (const name of ["CREDENTIAL_ENCRYPTION_KEY", "AUTH_JWT_SECRET", "PORT"]) expect(output).toContain(`${name}:`);
});
