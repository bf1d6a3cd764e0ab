import { userInfo } from "node:os";
import { expect, test } from "vitest";
import { startMockProvider } from "../../support/mock-provider.ts";
import { commandStage, connectKey } from "../command-stage.ts";

interface Listed {
  readonly credentials: readonly Record<string, unknown>[];
  readonly next: string | null;
}

const parse = ({ stdout }: { stdout: string }) => JSON.parse(stdout) as Listed;

test("credentials are listed for one user or page by page for all, without their secrets", async () => {
  await using provider = await startMockProvider("anthropic");
  await using stage = await commandStage({ ANTHROPIC_API_BASE_URL: provider.baseUrl });
  const apiKey = provider.key;
  await stage.within(async (parts) => {
    await connectKey(parts, "bob", { apiKey });
    await connectKey(parts, "alice", { apiKey, label: "work\u202e" });
    await connectKey(parts, "alice", { apiKey });
  });

  const one = await stage.run(["credentials", "list", "--user", "alice"]);
  expect(one.code).toBe(0);
  const [heading, ...lines] = one.stdout.trim().split("\n");
  expect(heading).toMatch(/^USER +PROVIDER +METHOD +LABEL +STATUS +LAST4 +FINGERPRINT +EXPIRES +ID$/);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(
    new RegExp(`^alice +anthropic +api_key +work\ufffd +active +${apiKey.slice(-4)} +[0-9a-f]{8} +- +[0-9a-f-]{36}$`),
  );

  const first = parse(await stage.run(["credentials", "list", "--all", "--limit", "2", "--json"]));
  expect(first.credentials.map(({ user, label }) => [user, label])).toEqual([
    ["alice", "work\u202e"],
    ["alice", "default"],
  ]);
  const second = await stage.run(["credentials", "list", "--all", "--limit", "2", "--json", "--after", first.next!]);
  expect(parse(second)).toMatchObject({ credentials: [{ user: "bob", status: "active" }], next: null });
  const none = parse(await stage.run(["credentials", "list", "--all", "--status", "needs_reauth", "--json"]));
  expect(none).toEqual({ credentials: [], next: null });
  for (const { output } of [one, second]) expect(output).not.toContain(apiKey);

  const nobody = await stage.run(["credentials", "list"]);
  expect(nobody).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/--user.*--all/) });
});

test("a revoked credential is gone and the audit log names the operator; without --yes nothing is removed unasked", async () => {
  await using provider = await startMockProvider("anthropic");
  await using stage = await commandStage({ ANTHROPIC_API_BASE_URL: provider.baseUrl });
  const { id } = await stage.within((parts) => connectKey(parts, "alice", { apiKey: provider.key }));
  const missing = "00000000-0000-4000-8000-000000000000";

  const unasked = await stage.run(["credentials", "revoke", "--user", "alice", id]);
  expect(unasked).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("add --yes") });
  const foreign = await stage.run(["credentials", "revoke", "--user", "bob", "--yes", id]);
  expect(foreign).toMatchObject({ code: 1, stderr: expect.stringContaining("This user has none with this id") });

  const { code, stdout } = await stage.run([
    "credentials",
    "revoke",
    "--user",
    "alice",
    "--yes",
    "--json",
    id,
    missing,
  ]);
  expect(code).toBe(3);
  expect(JSON.parse(stdout)).toEqual({
    revoked: [{ id, provider: "anthropic", label: "default", revokedAtProvider: null }],
    failed: [{ id: missing, code: "CREDENTIAL_NOT_FOUND", reason: "This user has none with this id." }],
  });
  await stage.within(async ({ storage, services }) => {
    expect(await services.coordinator.findCredential("alice", id)).toBeNull();
    const entries = await storage.database
      .em()
      .execute("select actor, user_id from audit_log where action = 'credential.revoke' and outcome = 'succeeded'");
    expect(entries).toEqual([{ actor: `cli:${userInfo().username}`, user_id: "alice" }]);
  });
});

test("a database that lacks migrations is left alone by commands", async () => {
  await using stage = await commandStage();
  await stage.within(({ storage }) =>
    storage.database.em().execute("delete from mikro_orm_migrations where name = '0004-sessions'"),
  );
  const { code, stderr } = await stage.run(["sessions", "list", "--all"]);
  expect(code).toBe(1);
  expect(stderr.trim().split("\n")).toEqual([
    "The database lacks migrations of this version (0004-sessions).",
    "Run `maestro-auth migrate`, or start the server, which applies them.",
  ]);
});
