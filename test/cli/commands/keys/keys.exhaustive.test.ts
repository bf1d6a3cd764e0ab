import { randomBytes } from "node:crypto";
import { userInfo } from "node:os";
import { expect, test } from "vitest";
import { CanaryPlaces } from "../../../security/canary-places.ts";
import { byteCanary, CanaryWatch, newCanary } from "../../../security/canary.ts";
import { startMockProvider } from "../../../support/mock-provider.ts";
import { commandStage, connectKey } from "../../command-stage.ts";
import { linesOf, listKeys, passMinute } from "./keys-stage.ts";

// A dozen processes, each of which opens the database.
const longTest = { timeout: 300_000 };

test(
  "keys are listed, rotated, destroyed and wrapped anew, each with a report, and no key or secret is seen anywhere",
  longTest,
  async () => {
    await using provider = await startMockProvider("anthropic");
    const watch = new CanaryWatch();
    const places = new CanaryPlaces();
    const apiKey = watch.add(newCanary("her API key")).secret;
    provider.validKeys.add(apiKey);
    const old = watch.add(byteCanary("the old key-encryption key", randomBytes(32))).secret;
    const young = watch.add(byteCanary("the new key-encryption key", randomBytes(32))).secret;
    await using stage = await commandStage({
      ANTHROPIC_API_BASE_URL: provider.baseUrl,
      CREDENTIAL_ENCRYPTION_KEY: `old:${old}`,
    });
    const watchKeys = () =>
      stage.within(({ storage: { keyring } }) => {
        for (const id of keyring.ids) watch.add(byteCanary(`key ${id}`, keyring.find(id)!.export()));
        return Promise.resolve();
      });
    const run = async (...args: string[]) => {
      const result = await stage.run(["keys", ...args]);
      places.add(args.join(" "), result.output);
      return result;
    };
    await stage.within((parts) => connectKey(parts, "alice", { apiKey }));
    await watchKeys();

    const first = await run("list");
    expect(first.code).toBe(0);
    const [heading, data, fingerprint] = first.stdout.trim().split("\n");
    expect(heading).toMatch(/^ID +PURPOSE +STATE +WRAPPED BY +CREATED +ROWS +FLOWS +NOT LOADED BY$/);
    expect(data).toMatch(/^1 +data +active +old +\d{4}-\S+Z +1 +0 +-$/);
    expect(fingerprint).toMatch(/^2 +fingerprint +active +old +\d{4}-\S+Z +- +- +-$/);

    const used = await run("destroy", "1", "--yes");
    expect(used).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining("New values are sealed with key 1."),
    });

    const rotation = await run("rotate");
    expect(rotation.code).toBe(0);
    expect(rotation.stdout).toMatch(
      /^Key 3 is made\..*\nKey 3 is active: .*\n1 row was resealed\.\nKEY +STATE +ROWS\n1 +decrypt_only +0\n3 +active +1\n$/,
    );
    await watchKeys();

    const unasked = await run("destroy", "1");
    expect(unasked).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("add --yes") });
    const misspelt = await run("destroy", "one", "--yes");
    expect(misspelt).toMatchObject({ code: 2, stderr: expect.stringContaining("It is a number") });
    const early = await run("destroy", "1", "--yes");
    expect(early).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/\nTry again in \d+ s\.\n/) });
    await passMinute(stage);
    expect(await run("destroy", "1", "--yes", "--json")).toMatchObject({ code: 0, stdout: '{"destroyed":1}\n' });

    const environment = { ...stage.environment, CREDENTIAL_ENCRYPTION_KEY: `new:${young},old:${old}` };
    const rewrap = await stage.run(["keys", "rewrap"], { environment });
    places.add("rewrap", rewrap.output);
    expect(rewrap.code).toBe(0);
    expect(rewrap.stdout).toMatch(
      /^2 keys are now wrapped by "new"\.\n"old" may now be removed from CREDENTIAL_ENCRYPTION_KEY/,
    );
    const alone = { ...stage.environment, CREDENTIAL_ENCRYPTION_KEY: `new:${young}` };
    expect((await listKeys(stage, alone)).map(({ id, state, kekId }) => [id, state, kekId])).toEqual([
      [1, "destroyed", "old"],
      [2, "active", "new"],
      [3, "active", "new"],
    ]);
    const refused = await run("list");
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('key-encryption key "new", which is not configured'),
    });

    const exported = await stage.run(["audit", "export"], { environment: alone });
    const entries = linesOf(exported.stdout).filter(({ action }) => String(action).startsWith("key."));
    expect(entries.map(({ action, keyId, userId, actor, outcome }) => [action, keyId, userId, actor, outcome])).toEqual(
      (
        [
          ["key.rotate", 3],
          ["key.rotate", 3],
          ["key.rotate", 3],
          ["key.destroy", 1],
          ["key.rewrap", null],
        ] as const
      ).map((entry) => [...entry, null, `cli:${userInfo().username}`, "succeeded"]),
    );
    await stage.within(
      async ({ storage: { store, sealer, database } }) => {
        const [row] = await store.listPreferred(database.em(), "alice", {});
        const credentials = await sealer.open(row!, { expiresAt: null, scopes: [] });
        expect(credentials.method === "api_key" && credentials.apiKey.reveal()).toBe(apiKey);
        await places.addDatabase(database);
      },
      { CREDENTIAL_ENCRYPTION_KEY: `new:${young}` },
    );
    expect(places.take(watch)).toEqual([]);
  },
);

test("rows that do not open are listed by id, left as they are, and keep their key from being destroyed", async () => {
  await using provider = await startMockProvider("anthropic");
  await using stage = await commandStage({ ANTHROPIC_API_BASE_URL: provider.baseUrl });
  const ids = await stage.within(async (parts) => {
    const rows = [];
    for (const user of ["alice", "bob", "carol"]) rows.push(await connectKey(parts, user, { apiKey: provider.key }));
    await parts.storage.database.em().execute(
      `update provider_credentials a set credentials = b.credentials from provider_credentials b
        where (a.user_id, b.user_id) in (('alice', 'bob'), ('bob', 'alice'))`,
    );
    return rows.slice(0, 2).map(({ id }) => id);
  });
  const { code, stdout } = await stage.run(["keys", "rotate", "--json"]);
  expect(code).toBe(3);
  const report = linesOf(stdout).find(({ event }) => event === "report");
  expect(report).toMatchObject({
    resealed: 1,
    keys: [
      { id: 1, state: "decrypt_only", rows: 2 },
      { id: 3, state: "active", rows: 1 },
    ],
    stopped: false,
  });
  expect((report!["unreadable"] as string[]).toSorted()).toEqual(ids.toSorted());
  const again = await stage.run(["keys", "reseal"]);
  expect(again.code).toBe(3);
  for (const id of ids) expect(again.stdout).toContain(id);
  await passMinute(stage);
  const kept = await stage.run(["keys", "destroy", "1", "--yes"]);
  expect(kept).toMatchObject({ code: 1, stderr: expect.stringContaining("2 credentials are sealed with key 1.") });
});
