import { expect, test } from "vitest";
import { startMockProvider } from "../../../support/mock-provider.ts";
import { ServerProcess } from "../../../support/server-process.ts";
import { commandStage, connectKey } from "../../command-stage.ts";
import { linesOf, listKeys, newKek, printed, startCommand } from "./keys-stage.ts";

test.for([
  ["SIGKILL", null, "active"],
  ["SIGINT", 3, "report"],
] as const)(
  "a rotation that %s ends while rows are resealed goes on with the same key",
  async ([signal, exitCode, lastEvent], { skip }) => {
    await using provider = await startMockProvider("anthropic");
    await using stage = await commandStage({ ANTHROPIC_API_BASE_URL: provider.baseUrl });
    if (stage.environment["DATABASE_URL"] === undefined) skip("the embedded database has one process");
    const users = ["alice", "bob", "carol", "dave"];
    await stage.within(async (parts) => {
      for (const user of users) await connectKey(parts, user, { apiKey: provider.key });
      const held = Promise.withResolvers<void>();
      const ended = Promise.withResolvers<void>();
      // As long as somebody writes this row, the rotation cannot end.
      const writing = parts.storage.database.transaction(async (em) => {
        await em.execute("update provider_credentials set last_used_at = now() where user_id = 'alice'");
        held.resolve();
        await ended.promise;
      });
      await held.promise;
      await using command = startCommand(stage.environment, "rotate", "--json");
      const rows = async () => (await listKeys(stage)).map((key) => [key.id, key.state, key.rows]);
      await expect.poll(rows).toEqual([
        [1, "decrypt_only", 1],
        [2, "active", 0],
        [3, "active", 3],
      ]);
      const code = await command.end(signal);
      expect(code).toBe(exitCode);
      expect(linesOf(command.output).at(-1)).toMatchObject({ event: lastEvent });
      ended.resolve();
      await writing;
    });
    const { code, stdout } = await stage.run(["keys", "rotate", "--json"]);
    expect(code).toBe(0);
    expect(linesOf(stdout)).toMatchObject([
      { event: "begun", key: 3, resumed: true },
      { event: "active", key: 3 },
      { event: "report", resealed: 1, unreadable: [], stopped: false },
    ]);
    expect((await listKeys(stage)).map(({ id, rows }) => [id, rows])).toEqual([
      [1, 0],
      [2, 0],
      [3, 4],
    ]);
  },
);

test("a rotation that is stopped while it waits for a server leaves the key pending, and goes on with it later", async () => {
  await using stage = await commandStage({ CREDENTIAL_ENCRYPTION_KEY: newKek("old") });
  await stage.within(({ storage }) =>
    storage.database.em().execute(
      `insert into server_processes (id, name, key_ids, kek_ids, sealing_key_id, started_at, seen_at)
        values (gen_random_uuid(), 'a server', '[1, 2]', '["old"]', 1, now(), now() + interval '1 day')`,
    ),
  );
  {
    await using command = startCommand(stage.environment, "rotate");
    await printed(command, /Waiting until these have loaded key 3:\n {2}a server has not looked yet/);
    expect(await command.end("SIGTERM")).toBe(3);
    expect(command.output).toContain("Stopped. Run the same command again to go on.");
  }
  expect((await listKeys(stage))[2]).toMatchObject({
    state: "pending",
    notLoadedBy: [{ server: "a server", reason: "has not looked yet" }],
  });
  await stage.within(({ storage }) => storage.database.em().execute("delete from server_processes"));
  const { code, stdout } = await stage.run(["keys", "rotate"]);
  expect(code).toBe(0);
  expect(stdout).toContain("Going on with key 3, which is pending.");
});

test("beside a running server on the embedded database, the command says who holds it and what to do", async ({
  skip,
}) => {
  await using stage = await commandStage();
  if (stage.environment["DATABASE_URL"] !== undefined) skip("this run has a PostgreSQL");
  {
    await using _server = await ServerProcess.start({ ...stage.environment, NODE_ENV: "development" });
    const { code, stderr } = await stage.run(["keys", "rotate"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/in use by another process \(process \d+\)\.\nStop that server while the command runs/);
  }
  expect((await stage.run(["keys", "rotate"])).code).toBe(0);
  await using server = await ServerProcess.start({ ...stage.environment, NODE_ENV: "development" });
  expect(server.output).toContain("sealing with key 3");
});
