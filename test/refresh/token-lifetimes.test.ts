import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { importCredentialMutation } from "../client/operations.ts";
import { begin, complete, consent, setOAuthStage } from "../connect/oauth/oauth-stage.ts";
import { patience } from "../support/patience.ts";
import {
  grant,
  makeDue,
  never,
  readEvents,
  readRow,
  readState,
  refresh,
  type RefreshStage,
  sentRefreshTokens,
  setRefreshStage,
  startNeighbour,
} from "./refresh-stage.ts";

const input = { provider: "anthropic" };
const hour = 3_600;

async function refreshed({ alice, id }: RefreshStage) {
  const result = await refresh(alice, id);
  expect(result.__typename).toBe("RefreshCredentialPayload");
}

async function lifetimeOf({ database }: Pick<RefreshStage, "database">): Promise<number | null> {
  const [row] = await database.em().execute<{ lifetime: number | null }[]>("select lifetime from provider_credentials");
  return row!.lifetime;
}

test.each([undefined, null, "soon", {}])(
  "an answer whose expires_in is %j means the lifetime that was known",
  async (value) => {
    await using stage = await setRefreshStage("anthropic");
    stage.vendor.tokenOverrides = { expires_in: value };
    for (let count = 0; count < 2; count++) {
      // What is left of the present token says nothing of the next one.
      await makeDue(stage);
      await refreshed(stage);
      const row = await readRow(stage);
      expect(row.expiresIn).toBeGreaterThan(hour - 60);
      expect(row.expiresIn).toBeLessThanOrEqual(hour);
      expect(row.nextTryIn).toBeGreaterThan(hour - 460);
      expect(row.noticeIn).not.toBeNull();
    }
    expect((await readState(stage)).nextRefreshAt).not.toBeNull();
  },
);

test("the lifetime that was named last is the one that is known", async () => {
  await using stage = await setRefreshStage("anthropic");
  stage.vendor.tokenOverrides = { expires_in: 2 * hour };
  await refreshed(stage);
  stage.vendor.tokenOverrides = { expires_in: undefined };
  await refreshed(stage);
  expect(await lifetimeOf(stage)).toBe(2 * hour);
  expect((await readRow(stage)).expiresIn).toBeGreaterThan(2 * hour - 60);
});

test("a provider that says that its tokens do not end is believed until it says otherwise", async () => {
  await using stage = await setRefreshStage("anthropic");
  for (const value of [2 ** 40, undefined]) {
    stage.vendor.tokenOverrides = { expires_in: value };
    await refreshed(stage);
    expect(await readState(stage)).toMatchObject({ status: "ACTIVE", expiresAt: null, nextRefreshAt: null });
    expect(await readRow(stage)).toMatchObject({ expiresIn: null, nextTryIn: null, noticeIn: null });
    expect(await lifetimeOf(stage)).toBeNull();
  }
  expect(await readEvents(stage)).toMatchObject([
    { type: "TokenRefreshed", body: { expiresAt: null } },
    { type: "TokenRefreshed", body: { expiresAt: null } },
  ]);
  stage.vendor.tokenOverrides = {};
  await refreshed(stage);
  expect((await readRow(stage)).nextTryIn).toBeGreaterThan(0);
});

test("of an import it is known that another token will live as long as this one has left", async () => {
  await using stage = await setOAuthStage("anthropic", { refresh: { intervalMs: never } });
  const alice = await stage.client("alice");
  const { accessToken, refreshToken } = await stage.vendor.oracle.mint("alice");
  stage.api.next({ kind: "status", status: 200, body: { data: [] } });
  const expiresAt = new Date(Date.now() + 2 * hour * 1000).toISOString();
  const tokens = { provider: "anthropic", accessToken, refreshToken, expiresAt };
  const { importCredential: result } = await alice.execute(importCredentialMutation, { input: tokens });
  if (result.__typename !== "ImportCredentialPayload") throw new Error(result.message);
  stage.vendor.tokenOverrides = { expires_in: undefined };
  expect((await refresh(alice, result.credential.id)).__typename).toBe("RefreshCredentialPayload");
  const { expiresIn } = await readRow(stage);
  expect(expiresIn).toBeGreaterThan(2 * hour - 60);
  expect(expiresIn).toBeLessThanOrEqual(2 * hour);
});

test.each([true, false])(
  "a renewal that waits on the disk brings its lifetime (and if not: %s, it follows)",
  async (isKept) => {
    const faults = (point: string) => {
      if (point === "spooled") throw new Error("the process has died");
    };
    await using stage = await setRefreshStage("anthropic", { refresh: { intervalMs: never, faults } });
    stage.vendor.tokenOverrides = { expires_in: 2 * hour };
    await expect(refresh(stage.alice, stage.id)).rejects.toThrow("no data");
    expect(await lifetimeOf(stage)).toBe(hour);
    const folder = join(stage.config.dataDir, "spool");
    const file = join(folder, (await readdir(folder))[0]!);
    const renewal = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    expect(renewal["lifetime"]).toBe(2 * hour);
    // As a version without lifetimes would have left it.
    if (!isKept) await writeFile(file, JSON.stringify({ ...renewal, lifetime: undefined }));
    await using _next = await startNeighbour(stage, {
      environment: { DATA_DIR: stage.config.dataDir },
      refresh: { intervalMs: never },
    });
    expect((await readRow(stage)).version).toBe(2);
    expect(await lifetimeOf(stage)).toBe(2 * hour);
  },
);

test.each([0, -1, "0"])(
  "a sign-in whose tokens have expired as they come (%j) is due at once, and gives access",
  async (value) => {
    await using stage = await setOAuthStage("anthropic", { refresh: { intervalMs: never } });
    const alice = await stage.client("alice");
    const { answer } = await consent(alice, "anthropic");
    stage.vendor.tokenOverrides = { expires_in: value };
    expect((await complete(alice, { code: answer })).__typename).toBe("CompleteOAuthPayload");
    const stored = await readRow(stage);
    expect(stored).toMatchObject({ version: 1, status: "active" });
    expect(stored.nextTryIn).toBeLessThanOrEqual(0);

    const first = await grant(alice, input);
    expect(first.token).toContain("Bearer ");
    const row = await readRow(stage);
    expect(row).toMatchObject({ version: 2, status: "active", failures: 0 });
    expect(row.nextTryIn).toBeGreaterThan(20);
    expect(row.expiresIn).toBeGreaterThan(row.nextTryIn!);
    for (let count = 0; count < 5; count++) expect((await grant(alice, input)).token).toBe(first.token);
    expect(sentRefreshTokens(stage.vendor)).toHaveLength(1);
    expect(await readEvents(stage)).toMatchObject([{ type: "TokenRefreshed" }]);
  },
);

test("a provider whose tokens have always expired as they come is not asked again and again", async () => {
  await using stage = await setRefreshStage("anthropic", { refresh: { intervalMs: 20 } });
  stage.vendor.tokenOverrides = { expires_in: 0 };
  await makeDue(stage);
  await vi.waitFor(async () => expect(await readRow(stage)).toMatchObject({ version: 2 }), patience);
  // Fifty looks of the worker; a refresh that follows at once would have come with the next.
  await delay(1_000);
  expect(sentRefreshTokens(stage.vendor)).toHaveLength(1);
  expect((await readRow(stage)).version).toBe(2);
});

test("without a refresh token they do not end as far as is known, and give access", async () => {
  await using stage = await setOAuthStage("anthropic", { refresh: { intervalMs: never } });
  const alice = await stage.client("alice");
  const { answer } = await consent(alice, "anthropic");
  stage.vendor.tokenOverrides = { expires_in: 0, refresh_token: "" };
  expect(await complete(alice, { code: answer })).toMatchObject({
    __typename: "CompleteOAuthPayload",
    credential: { status: "ACTIVE", refreshable: false },
  });
  expect(await readRow(stage)).toMatchObject({ expiresIn: null, nextTryIn: null });
  expect((await grant(alice, input)).token).toContain("Bearer ");
});

test("an empty refresh token leaves the one that was, which is sent again", async () => {
  await using stage = await setRefreshStage("google");
  stage.vendor.tokenOverrides = { refresh_token: "" };
  for (let count = 0; count < 2; count++) await refreshed(stage);
  const [first, second] = sentRefreshTokens(stage.vendor);
  expect(first).not.toBe("");
  expect(second).toBe(first);
  expect(await readRow(stage)).toMatchObject({ version: 3, status: "active" });
});

test.each([1_900_000_000_000, 1e300, -1, "soon", {}])(
  "an earliest refresh at %j cannot be meant, and is not stored",
  async (value) => {
    await using stage = await setOAuthStage("anthropic", { refresh: { intervalMs: never } });
    const alice = await stage.client("alice");
    await begin(alice, "anthropic");
    const { answer } = await consent(alice, "anthropic");
    stage.vendor.tokenOverrides = { earliest_refresh_at: value };
    expect((await complete(alice, { code: answer })).__typename).toBe("CompleteOAuthPayload");
    const [row] = await stage.database.em().execute("select earliest_refresh_at from provider_credentials");
    expect(row).toEqual({ earliest_refresh_at: null });
    expect((await readRow(stage)).nextTryIn).toBeLessThan(hour);
  },
);
