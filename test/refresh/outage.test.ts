import { expect, test, vi } from "vitest";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import {
  expire,
  grant,
  issue,
  makeDue,
  readRows,
  type RefreshStage,
  refresh,
  sentRefreshTokens,
  setRefreshStage,
} from "./refresh-stage.ts";

const outage = { kind: "status", status: 503, headers: { "retry-after": "600" } } as const;

/** Signs other users in, and lets a refresh of each meet the outage. */
async function failForOthers(stage: RefreshStage, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const other = await stage.client(name);
    const { id } = await signIn(other, "anthropic");
    stage.vendor.next("/token", outage);
    await refresh(other, id);
  }
}

test("a provider that fails three users in a row is left alone, for callers and for the worker", async () => {
  await using stage = await setRefreshStage("anthropic", { refresh: { intervalMs: 50 } });
  const { alice, id, vendor } = stage;
  await failForOthers(stage, ["bob", "carol", "dave"]);
  const refused = await refresh(alice, id);
  expect(refused).toMatchObject({
    __typename: "ProviderUnavailableError",
    message: expect.stringContaining("has not answered the last requests") as string,
  });
  expect("retryAfter" in refused && refused.retryAfter).toBeLessThanOrEqual(5);
  await makeDue(stage);
  expect((await grant(alice, { provider: "anthropic" })).method).toBe("OAUTH");
  expect(sentRefreshTokens(vendor)).toHaveLength(3);
  // Later the worker tries one, and when that succeeds all the others.
  await vi.waitFor(
    async () => expect((await readRows(stage.database)).map(({ version }) => version)).toEqual([2, 2, 2, 2]),
    { timeout: 60_000, interval: 100 },
  );
  expect(sentRefreshTokens(vendor)).toHaveLength(7);
});

test("a caller for whom nothing is sent does not count as an answer of the provider", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, id, vendor } = stage;
  await failForOthers(stage, ["bob", "carol"]);
  await expire(stage);
  await stage.database.em().execute("update provider_credentials set next_try_at = clock_timestamp() + interval '1 h'");
  expect((await issue(alice, { provider: "anthropic" })).__typename).toBe("ProviderUnavailableError");
  await failForOthers(stage, ["dave"]);
  await refresh(alice, id);
  expect(sentRefreshTokens(vendor)).toHaveLength(3);
});
