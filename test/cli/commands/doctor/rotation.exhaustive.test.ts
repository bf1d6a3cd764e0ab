import { expect, test } from "vitest";
import { startMockProvider } from "../../../support/mock-provider.ts";
import { commandStage, connectKey } from "../../command-stage.ts";
import { examine, randomKey } from "./doctor-stage.ts";

test("a rotation that waits, one that was stopped, and rows of older keys are told with what to run", async () => {
  await using provider = await startMockProvider("anthropic");
  await using stage = await commandStage({
    CREDENTIAL_ENCRYPTION_KEY: `old:${randomKey()}`,
    ANTHROPIC_API_BASE_URL: provider.baseUrl,
  });
  const execute = (...statements: string[]) =>
    stage.within(async ({ storage }) => {
      for (const statement of statements) await storage.database.em().execute(statement);
    });
  const rotation = async () => (await examine(stage)).found.get("rotation");
  await stage.within((parts) => connectKey(parts, "alice", { apiKey: provider.key }));
  expect(await rotation()).toEqual({ status: "ok", detail: "none in progress" });

  expect((await stage.run(["keys", "rotate"])).code).toBe(0);
  const spare = "none in progress; older keys that no credential needs: 1";
  expect(await rotation()).toEqual({ status: "ok", detail: spare });

  await execute("update provider_credentials set key_id = 1");
  expect(await rotation()).toEqual({
    status: "warn",
    cause: "Credentials are still sealed by older keys: 1 by key 1.",
    cure: "Run `maestro-auth keys reseal`.",
  });

  const cure = "Run `maestro-auth keys rotate`, which continues it.";
  await execute("update provider_credentials set key_id = 3", "update encryption_keys set resealed_at = null");
  const cause = "The rotation to key 3 stopped before every credential was resealed.";
  expect(await rotation()).toEqual({ status: "warn", cause, cure });

  await execute(
    "update encryption_keys set state = 'active', activated_at = null where id = 1",
    "update encryption_keys set state = 'pending', activated_at = null where id = 3",
    "update provider_credentials set key_id = 1",
    `insert into server_processes (id, name, key_ids, kek_ids, sealing_key_id, started_at, seen_at)
      values (gen_random_uuid(), 'a server', '[1, 2]', '["other"]', 1, now(), now() + interval '1 day')`,
  );
  expect(await rotation()).toEqual({
    status: "warn",
    cause: expect.stringContaining('a server lacks key-encryption key "old" in its CREDENTIAL_ENCRYPTION_KEY.'),
    cure,
  });
});
