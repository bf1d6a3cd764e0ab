import { expect, test } from "vitest";
import { importCredentialMutation } from "../client/operations.ts";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import type { TestClient } from "../support/test-client.ts";
import { refusalsOf } from "../support/vendor-refusals.ts";
import {
  ageRefusals,
  endWaits,
  expire,
  grant,
  issue,
  makeDue,
  readEvents,
  readRows,
  readState,
  refresh,
  refuse,
  type RefreshStage,
  sentRefreshTokens,
  setRefreshStage,
} from "./refresh-stage.ts";

const answer = (status: number, error: string) =>
  ({ kind: "status", status, body: { error, error_description: "These are the vendor's own words" } }) as const;

/** Signs this user in by a flow. @returns the client and the credential's id. */
async function connect(stage: RefreshStage, user: string) {
  const client = await stage.client(user);
  return { client, id: (await signIn(client, "anthropic")).id };
}

/** Stores tokens of whatever origin, whose access token works. @returns the credential's id. */
async function importTokens(
  { api, vendor }: RefreshStage,
  client: TestClient,
  refreshToken: string,
  label = "default",
) {
  api.next({ kind: "status", status: 200, body: { data: [] } });
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const tokens = { accessToken: "a-good-access-token", refreshToken, scopes: [], expiresAt };
  const { importCredential } = await client.execute(importCredentialMutation, {
    input: { ...tokens, provider: "anthropic", label },
  });
  if (importCredential.__typename !== "ImportCredentialPayload") throw new Error(importCredential.message);
  vendor.troubles.set(refreshToken, answer(400, "unauthorized_client"));
  return importCredential.credential.id;
}

const messages = ({ logs }: RefreshStage) => logs.map((line) => JSON.parse(line) as Record<string, unknown>);

test.each(refusalsOf("client"))(
  "$name: met by grants of three users that were made for it, the provider is paused, and the operator told the code",
  async ({ status, body, code }) => {
    await using stage = await setRefreshStage("anthropic");
    const { alice, id, vendor } = stage;
    const others = [await connect(stage, "bob"), await connect(stage, "carol")];
    refuse(stage, { kind: "status", status, body });
    await makeDue(stage);
    for (const { client, id: one } of [{ client: alice, id }, ...others]) {
      expect((await readState(stage)).provider.health).toMatchObject({ status: "HEALTHY", complaint: null });
      expect(await refresh(client, one)).toMatchObject({
        __typename: "ProviderUnavailableError",
        message: expect.stringContaining("ANTHROPIC_OAUTH_CLIENT_ID") as string,
      });
    }
    expect((await readState(stage)).provider.health).toMatchObject({
      status: "DEGRADED",
      complaint: expect.stringContaining(`refused this server's own OAuth client (${code}).`) as string,
    });
    const errors = messages(stage).filter(({ level }) => level === "error");
    expect(errors.map(({ msg, vendorCode }) => [msg, vendorCode])).toEqual([
      ...Array.from({ length: 3 }, () => ["a provider refuses this server's own client", code]),
      ["refreshes at this provider are paused", code],
    ]);

    const rows = await readRows(stage.database);
    for (const row of rows) {
      expect(row).toMatchObject({
        version: 1,
        status: "active",
        failures: 1,
        refusals: 0,
        isSent: false,
        leaseIn: null,
      });
      expect(row.nextTryIn).toBeGreaterThan(0);
    }
    expect((await grant(alice, { provider: "anthropic" })).method).toBe("OAUTH");
    await endWaits(stage);
    await expire(stage);
    const spent = await issue(alice, { provider: "anthropic" });
    expect(spent.__typename).toBe("ProviderUnavailableError");
    expect("retryAfter" in spent && spent.retryAfter).toBeGreaterThan(200);
    expect(sentRefreshTokens(vendor)).toHaveLength(3);
  },
);

test("a client that is refused ends no sign-in that was made for it, however long it goes on", async () => {
  await using stage = await setRefreshStage("anthropic");
  refuse(stage, answer(401, "invalid_client"));
  await expire(stage);
  for (let tried = 0; tried < 5; tried++) {
    await endWaits(stage);
    expect((await refresh(stage.alice, stage.id)).__typename).toBe("ProviderUnavailableError");
  }
  expect(await readRows(stage.database)).toMatchObject([{ status: "active", failures: 5, refusals: 0 }]);
  expect(await readEvents(stage)).toHaveLength(5);
});

test.each([
  ["one user's grants, twenty times", ["alice"], 20],
  ["two users' grants", ["alice", "bob"], 3],
] as const)("a refusal that %s meet pauses nobody and complains of nothing", async (_name, users, times) => {
  await using stage = await setRefreshStage("anthropic");
  const all = [{ client: stage.alice, id: stage.id }, ...(users.length > 1 ? [await connect(stage, "bob")] : [])];
  refuse(stage, answer(400, "unauthorized_client"));
  const healthy = await connect(stage, "carol");
  for (let tried = 0; tried < times; tried++) {
    for (const { client, id } of all) await refresh(client, id);
  }
  expect((await readState(stage)).provider.health).toMatchObject({ status: "HEALTHY", complaint: null });
  expect((await refresh(healthy.client, healthy.id)).__typename).toBe("RefreshCredentialPayload");
});

test("imported tokens of another client prove nothing about this server's, whoever has them", async () => {
  await using stage = await setRefreshStage("anthropic");
  const { alice, id } = stage;
  for (const user of ["mallory", "mallet", "trudy", "eve"]) {
    const client = await stage.client(user);
    const foreign = await importTokens(stage, client, `of-another-client-${user}`);
    const refused = await refresh(client, foreign);
    expect(refused).toMatchObject({
      __typename: "ProviderUnavailableError",
      message: expect.stringContaining("(unauthorized_client). It may have been made for another client.") as string,
    });
  }
  expect((await readState(stage)).provider.health).toMatchObject({ status: "HEALTHY", complaint: null });
  expect((await refresh(alice, id)).__typename).toBe("RefreshCredentialPayload");
});

test("tokens that were imported over a sign-in that had worked prove nothing either", async () => {
  await using stage = await setRefreshStage("anthropic");
  const others = [await connect(stage, "bob"), await connect(stage, "carol")];
  const all = [{ client: stage.alice, id: stage.id }, ...others];
  for (const { client, id } of all) expect((await refresh(client, id)).__typename).toBe("RefreshCredentialPayload");
  // No success comes in between from here on: it would clear what the users have met.
  for (const { client, id } of all) {
    expect(await importTokens(stage, client, `foreign-${id}`)).toBe(id);
    expect((await refresh(client, id)).__typename).toBe("ProviderUnavailableError");
  }
  expect((await readState(stage)).provider.health.status).toBe("HEALTHY");
});

test("an imported sign-in that was renewed once speaks for the client like any other", async () => {
  await using stage = await setRefreshStage("anthropic");
  const ids = [];
  for (const user of ["bob", "carol", "dave"]) {
    await connect(stage, user);
    const client = await stage.client(user);
    const token = stage.vendor.answers.at(-1)!["refresh_token"] as string;
    const id = await importTokens(stage, client, token);
    stage.vendor.troubles.delete(token);
    expect((await refresh(client, id)).__typename).toBe("RefreshCredentialPayload");
    ids.push({ client, id });
  }
  refuse(stage, answer(401, "invalid_client"));
  for (const { client, id } of ids) await refresh(client, id);
  expect((await readState(stage)).provider.health.status).toBe("DEGRADED");
});

test("what was proved for another client id is proved no longer", async () => {
  await using stage = await setRefreshStage("anthropic");
  const others = [await connect(stage, "bob"), await connect(stage, "carol")];
  await stage.database.em().execute("update provider_credentials set proven_client = 'the-operators-former-client'");
  refuse(stage, answer(401, "invalid_client"));
  for (const { client, id } of [{ client: stage.alice, id: stage.id }, ...others]) await refresh(client, id);
  expect((await readState(stage)).provider.health.status).toBe("HEALTHY");
});

test("tokens of another client are over when others are renewed with this server's meanwhile, and not before", async () => {
  await using stage = await setRefreshStage("anthropic");
  const mallory = await stage.client("mallory");
  const foreign = await importTokens(stage, mallory, "of-another-client");
  for (let refused = 0; refused < 4; refused++) {
    expect((await refresh(mallory, foreign)).__typename).toBe("ProviderUnavailableError");
    await ageRefusals(stage, 3_600);
    await endWaits(stage);
  }
  await refresh(stage.alice, stage.id);
  expect(await refresh(mallory, foreign)).toMatchObject({
    __typename: "ReauthenticationRequiredError",
    message: expect.stringContaining("(unauthorized_client). Connect the provider again.") as string,
  });
});
