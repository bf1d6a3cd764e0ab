import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { dump } from "../connect/oauth/oauth-stage.ts";
import {
  endWaits,
  readRefreshAudit,
  readRow,
  refresh,
  sentRefreshTokens,
  setRefreshStage,
  startNeighbour,
} from "./refresh-stage.ts";

const tables = ["provider_credentials", "credential_uses", "user_streams", "events", "audit_log", "encryption_keys"];

function expectNone(places: readonly string[], secrets: readonly string[]): void {
  const text = places.join("\n");
  const found = secrets.filter((secret) =>
    [secret, Buffer.from(secret).toString("hex"), Buffer.from(secret).toString("base64").replaceAll("=", "")].some(
      (form) => text.includes(form),
    ),
  );
  expect(found).toEqual([]);
}

test.each(["anthropic", "google"] as const)(
  "%s: however a refresh ends, its tokens stand in no row, no answer, no log line and no spooled file",
  async (kind) => {
    await using stage = await setRefreshStage(kind, { holdAt: "spooled", http: { deadlineMs: 2_000 } });
    const { alice, id, vendor, hold, config, database, logs } = stage;
    const accessToken = "access-token-that-nobody-may-see";
    const refreshToken = "refresh-token-that-nobody-may-see";
    const answers: unknown[] = [];
    vendor.next("/token", { kind: "status", status: 503 });
    answers.push(await refresh(alice, id));
    vendor.tokenOverrides = { access_token: accessToken, refresh_token: refreshToken };
    vendor.next("/token", { kind: "in-a-page" });
    answers.push(await refresh(alice, id));
    await endWaits(stage);
    await database.em().execute("update provider_credentials set sent_at = null, replay_after = null");
    if (kind === "anthropic") vendor.next("/token", { kind: "status", status: 200, body: vendor.tokenOverrides });
    const stored = refresh(alice, id);
    await hold.reached;
    const folder = join(config.dataDir, "spool");
    const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")));
    expect(files).toHaveLength(1);
    hold.release();
    answers.push(await stored);
    vendor.next("/token", { kind: "status", status: 400, body: { error: "invalid_grant" } });
    answers.push(await refresh(alice, id));
    expect(answers).toMatchObject([
      { __typename: "ProviderUnavailableError" },
      { __typename: "ProviderUnavailableError" },
      { __typename: "RefreshCredentialPayload" },
      { __typename: "ReauthenticationRequiredError" },
    ]);

    const sent = sentRefreshTokens(vendor);
    expect(sent).toContain(refreshToken);
    const rows = await dump(database, ...tables);
    expectNone(
      [...files, ...rows, ...logs, ...answers.map((answer) => JSON.stringify(answer))],
      [accessToken, ...new Set(sent)],
    );
  },
);

test("the audit log tells who has refreshed, and how each refresh ended", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, id, vendor, database } = stage;
  await refresh(alice, id);
  vendor.next("/token", { kind: "status", status: 503 });
  await refresh(alice, id);
  {
    await using _worker = await startNeighbour(stage, { refresh: { intervalMs: 50 } });
    await vi.waitFor(async () => expect(await readRow(stage)).toMatchObject({ version: 3 }), 30_000);
  }
  vendor.next("/token", { kind: "status", status: 400, body: { error: "invalid_grant" } });
  await refresh(alice, id);
  expect(await readRefreshAudit(stage)).toEqual([
    { actor: "alice", outcome: "succeeded" },
    { actor: "alice", outcome: "PROVIDER_UNAVAILABLE" },
    { actor: "maestro-auth", outcome: "succeeded" },
    { actor: "alice", outcome: "REAUTHENTICATION_REQUIRED" },
  ]);
  const [row] = await database
    .em()
    .execute<object[]>(
      "select a.user_id, a.provider, a.credential_id = c.id as is_its from audit_log a, provider_credentials c where a.action = 'credential.refresh'",
    );
  expect(row).toEqual({ user_id: "alice", provider: "anthropic", is_its: true });
});

test("a credential that does not open with the server's keys is marked, and nothing is sent", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, id, vendor, database } = stage;
  await database
    .em()
    .execute("update provider_credentials set credentials = overlay(credentials placing '\\x00' from 40)");
  expect((await refresh(alice, id)).__typename).toBe("KeyUnavailableError");
  expect(await readRow(stage)).toMatchObject({ status: "unreadable", nextTryIn: null, leaseIn: null });
  expect(await readRefreshAudit(stage)).toEqual([{ actor: "alice", outcome: "KEY_UNAVAILABLE" }]);
  expect((await refresh(alice, id)).__typename).toBe("KeyUnavailableError");
  expect(sentRefreshTokens(vendor)).toEqual([]);
});
