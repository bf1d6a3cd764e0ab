import { afterEach, expect, test, vi } from "vitest";
import { authenticateMutation, validateCredentialMutation } from "../client/operations.ts";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import { patience } from "../support/patience.ts";
import {
  grant,
  issue,
  readRow,
  readRows,
  readState,
  refresh,
  type RefreshStage,
  setRefreshStage,
  startNeighbour,
} from "./refresh-stage.ts";

afterEach(() => {
  vi.useRealTimers();
});

async function endAll({ database }: RefreshStage, hoursAgo: number): Promise<void> {
  await database.em().execute(
    `update provider_credentials set status = 'needs_reauth', status_reason = 'It was revoked.',
      next_try_at = null, expiry_notice_at = null, status_since = clock_timestamp() - ? * interval '1 hour'`,
    [hoursAgo],
  );
}

/** A server over the same database that has kept house once. */
async function startHousekeeping(stage: RefreshStage) {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const neighbour = await startNeighbour(stage);
  vi.advanceTimersByTime(10_000);
  return neighbour;
}

test("the secrets of a sign-in that ended a day ago are forgotten, and all that is left says so", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, id } = stage;
  await endAll(stage, 25);
  await using _neighbour = await startHousekeeping(stage);
  await vi.waitFor(async () => expect(await readRow(stage)).toMatchObject({ sealed: "" }), patience);
  vi.useRealTimers();
  await using restarted = await startNeighbour(stage);
  for (const client of [alice, await restarted.client("alice")]) {
    const { validateCredential } = await client.execute(validateCredentialMutation, { input: { credentialId: id } });
    expect(validateCredential).toMatchObject({
      __typename: "ReauthenticationRequiredError",
      message: "It was revoked.",
    });
    expect((await refresh(client, id)).__typename).toBe("ReauthenticationRequiredError");
    expect((await issue(client, { provider: "anthropic" })).__typename).toBe("ReauthenticationRequiredError");
  }
  expect(await readState(stage)).toMatchObject({ status: "NEEDS_REAUTH", statusReason: "It was revoked." });

  await signIn(alice, "anthropic");
  expect((await grant(alice, { provider: "anthropic" })).method).toBe("OAUTH");
});

test("those of one that ended less than a day ago, of one that works, and of an API key are kept", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, api } = stage;
  const { authenticate } = await alice.execute(authenticateMutation, {
    input: { provider: "anthropic", credential: { apiKey: api.key } },
  });
  if (authenticate.__typename !== "AuthenticatePayload") throw new Error(authenticate.message);
  for (const label of ["fresh", "working"]) await signIn(alice, "anthropic", { label });
  const sealed = async () => (await readRows(stage.database)).map((row) => row.sealed);
  const before = await sealed();
  await endAll(stage, 25);
  await stage.database
    .em()
    .execute(
      "update provider_credentials set status_since = clock_timestamp() - interval '23 h' where label = 'fresh'",
    );
  await stage.database.em().execute("update provider_credentials set status = 'active' where label = 'working'");
  await using _neighbour = await startHousekeeping(stage);
  await vi.waitFor(async () => expect(await sealed()).toEqual(["", ...before.slice(1)]), patience);
});
