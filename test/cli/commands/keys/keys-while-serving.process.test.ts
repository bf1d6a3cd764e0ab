import { expect, test } from "vitest";
import { authenticateMutation, issueAccessMutation } from "../../../client/operations.ts";
import { startMockProvider } from "../../../support/mock-provider.ts";
import { ServerProcess } from "../../../support/server-process.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import type { TestClient } from "../../../support/test-client.ts";
import { commandStage } from "../../command-stage.ts";
import { linesOf, listKeys, newKek, passMinute, printed, startCommand } from "./keys-stage.ts";

/** Connects a key and asks for access, at every server in turn, until it is told to end. Nothing of it may fail. */
function startTraffic(clients: readonly TestClient[], apiKey: string) {
  const failures: string[] = [];
  const counts = { stored: 0, issued: 0 };
  const ending = new AbortController();
  const labels = ["default", "work", "home"];

  async function store(client: TestClient, label: string): Promise<void> {
    const input = { provider: "anthropic", credential: { apiKey }, label };
    const { authenticate } = await client.execute(authenticateMutation, { input });
    if (authenticate.__typename === "AuthenticatePayload") counts.stored += 1;
    else failures.push(JSON.stringify(authenticate));
  }

  async function issue(client: TestClient, label: string): Promise<void> {
    const { issueAccess } = await client.execute(issueAccessMutation, { input: { provider: "anthropic", label } });
    const key = issueAccess.__typename === "IssueAccessPayload" ? issueAccess.grant.headers[0]?.value : undefined;
    if (key === apiKey) counts.issued += 1;
    else failures.push(JSON.stringify(issueAccess));
  }

  async function run(): Promise<void> {
    for (let turn = 0; !ending.signal.aborted; turn++) {
      const label = labels[turn % labels.length]!;
      // What one server stores, the other hands out at once.
      const writer = clients[turn % clients.length]!;
      await store(writer, label).catch((error: unknown) => failures.push(String(error)));
      for (const client of clients) await issue(client, label).catch((error: unknown) => failures.push(String(error)));
    }
  }

  const running = run();
  return {
    counts,
    failures,
    end: async () => {
      ending.abort();
      await running;
    },
  };
}

test("two servers go on answering while keys rotate; one without the new key-encryption key holds it up until it is replaced", async ({
  skip,
}) => {
  await using provider = await startMockProvider("anthropic");
  const [old, young] = [newKek("old"), newKek("new")];
  await using stage = await commandStage({
    ANTHROPIC_API_BASE_URL: provider.baseUrl,
    CREDENTIAL_ENCRYPTION_KEY: old,
    NODE_ENV: "development",
    RATE_LIMITS: "off",
  });
  if (stage.environment["DATABASE_URL"] === undefined) skip("the embedded database has one process");
  const both = { ...stage.environment, CREDENTIAL_ENCRYPTION_KEY: `${young},${old}` };
  await using folder = await temporaryFolder();
  // Both take tokens of the same secret, and each has a folder of its own. Who starts first makes the keys.
  const second = await ServerProcess.start({ ...stage.environment, DATA_DIR: folder.path });
  await using first = await ServerProcess.start(both);
  const traffic = startTraffic([first.client(), second.client()], provider.key);
  await expect.poll(() => traffic.counts.issued).toBeGreaterThan(10);

  // The key is wrapped by what the second server does not have.
  await using command = startCommand(both, "rotate", "--json");
  await printed(command, /lacks key-encryption key \\"new\\"/);
  await expect.poll(() => second.output).toContain("this server cannot open a new encryption key");
  const waiting = traffic.counts.issued;
  await expect.poll(() => traffic.counts.issued).toBeGreaterThan(waiting + 10);
  expect((await listKeys(stage, both)).map(({ state }) => state)).toEqual(["active", "active", "pending"]);
  const refused = await stage.run(["keys", "rewrap"], { environment: both });
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('lack key-encryption key "new"') });

  await traffic.end();
  expect(traffic.failures).toEqual([]);
  await second.stop("SIGTERM");
  await using third = await ServerProcess.start({ ...both, DATA_DIR: folder.path });
  const after = startTraffic([first.client(), third.client()], provider.key);
  await printed(command, /"event":"report"/);
  const changed = after.counts.stored;
  await expect.poll(() => after.counts.stored).toBeGreaterThan(changed + 5);
  const rewrapped = await stage.run(["keys", "rewrap", "--json"], { environment: both });
  expect(JSON.parse(rewrapped.stdout)).toMatchObject({ kekId: "new", removable: ["old"] });
  await passMinute(stage, both);
  const destroyed = await stage.run(["keys", "destroy", "1", "--yes"], { environment: both });
  expect(destroyed).toMatchObject({ code: 0 });
  const last = after.counts.stored;
  await expect.poll(() => after.counts.stored).toBeGreaterThan(last + 5);
  await after.end();
  expect(after.failures).toEqual([]);
  expect(linesOf(command.output).at(-1)).toMatchObject({ event: "report", unreadable: [], stopped: false });
  expect((await listKeys(stage, both)).map(({ id, state, rows }) => [id, state, rows])).toEqual([
    [1, "destroyed", 0],
    [2, "active", 0],
    [3, "active", 3],
  ]);

  // All start again with the new key-encryption key alone.
  await first.stop("SIGTERM");
  await third.stop("SIGTERM");
  await using restarted = await ServerProcess.start({ ...both, CREDENTIAL_ENCRYPTION_KEY: young });
  const input = { provider: "anthropic", label: "work" };
  const { issueAccess } = await restarted.client().execute(issueAccessMutation, { input });
  expect(issueAccess).toMatchObject({ __typename: "IssueAccessPayload" });
});

test("a server that was killed holds a rotation up for a minute at most, as the database counts", async ({ skip }) => {
  await using stage = await commandStage({ NODE_ENV: "development" });
  if (stage.environment["DATABASE_URL"] === undefined) skip("the embedded database has one process");
  const server = await ServerProcess.start(stage.environment);
  await server.stop("SIGKILL");
  await using command = startCommand(stage.environment, "rotate");
  await printed(command, /Waiting until these have loaded key 3:/);
  await stage.within(({ storage }) =>
    storage.database.em().execute("update server_processes set seen_at = seen_at - interval '1 minute'"),
  );
  await printed(command, /3 +active +0/);
  expect((await listKeys(stage)).map(({ state }) => state)).toEqual(["decrypt_only", "active", "active"]);
});
