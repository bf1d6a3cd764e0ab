import { expect, test } from "vitest";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import { refusalsOf, type VendorRefusal } from "../support/vendor-refusals.ts";
import {
  ageRefusals,
  endWaits,
  expire,
  issue,
  makeDue,
  readEvents,
  readRow,
  readRows,
  readState,
  refresh,
  refuse,
  type RefreshStage,
  sentRefreshTokens,
  setRefreshStage,
  startNeighbour,
} from "./refresh-stage.ts";

const expired: VendorRefusal = refusalsOf("grant").find(({ code }) => code === "app_session_expired")!;
const answer = ({ status, body }: Pick<VendorRefusal, "status" | "body">) =>
  ({ kind: "status", status, body }) as const;

/** One more try, at its time. */
async function tryAgain(stage: RefreshStage, client = stage.alice) {
  await endWaits(stage);
  return refresh(client, stage.id);
}

test.each(refusalsOf("grant"))(
  "$name: refused three times in ten minutes, the sign-in is over",
  async ({ code, ...refusal }) => {
    await using stage = await setRefreshStage("anthropic");
    const { vendor, alice } = stage;
    const { sealed } = await readRow(stage);
    refuse(stage, answer(refusal));
    for (const refusals of [1, 2]) {
      expect(await tryAgain(stage)).toMatchObject({
        __typename: "ProviderUnavailableError",
        message: expect.stringContaining(
          `refused to renew this sign-in (${code ?? `status ${refusal.status}`}).`,
        ) as string,
      });
      expect(await readRow(stage)).toMatchObject({ status: "active", refusals, refusalCode: code, isSent: false });
    }
    await ageRefusals(stage, 600);
    expect((await tryAgain(stage)).__typename).toBe("ReauthenticationRequiredError");

    const { status, statusReason, nextRefreshAt } = await readState(stage);
    expect({ status, nextRefreshAt }).toEqual({ status: "NEEDS_REAUTH", nextRefreshAt: null });
    expect(statusReason).toBe(
      `Anthropic (Claude) has refused again and again to renew this sign-in${code === null ? "" : ` (${code})`}. Connect the provider again.`,
    );
    expect((await readRow(stage)).sealed).toBe(sealed);
    expect((await readEvents(stage)).at(-1)).toMatchObject({
      type: "ReauthenticationRequired",
      body: { reason: statusReason },
    });
    expect((await issue(alice, { provider: "anthropic" })).__typename).toBe("ReauthenticationRequiredError");
    expect(sentRefreshTokens(vendor)).toHaveLength(3);
  },
);

test("two refusals are too few, and so are many in less than ten minutes", async () => {
  await using stage = await setRefreshStage("anthropic");
  refuse(stage, answer(expired));
  await tryAgain(stage);
  await ageRefusals(stage, 86_400);
  expect((await tryAgain(stage)).__typename).toBe("ProviderUnavailableError");
  await stage.database.em().execute("update provider_credentials set refused_since = clock_timestamp()");
  for (let more = 0; more < 3; more++) expect((await tryAgain(stage)).__typename).toBe("ProviderUnavailableError");
  expect(await readRow(stage)).toMatchObject({ status: "active", refusals: 5 });
});

test("tries that somebody asks for before their time do not add up, nor put the next one off", async () => {
  await using stage = await setRefreshStage("anthropic");
  refuse(stage, answer(expired));
  await refresh(stage.alice, stage.id);
  const { nextTryIn } = await readRow(stage);
  for (let asked = 0; asked < 4; asked++) await refresh(stage.alice, stage.id);
  const row = await readRow(stage);
  expect(row).toMatchObject({ status: "active", refusals: 1 });
  expect(row.nextTryIn).toBeLessThanOrEqual(nextTryIn!);
});

test("once the access token has ended too, three refusals are enough, and callers hear in between what goes on", async () => {
  await using stage = await setRefreshStage("openai");
  await stage.database.em().execute("update provider_credentials set earliest_refresh_at = null");
  refuse(stage, answer(expired));
  await expire(stage);
  const input = { provider: "openai" };
  for (const refusals of [1, 2]) {
    const refused = await issue(stage.alice, input);
    expect(refused).toMatchObject({
      __typename: "ProviderUnavailableError",
      message: expect.stringContaining(
        "OpenAI (ChatGPT) refused to renew this sign-in (app_session_expired).",
      ) as string,
    });
    // Before its time nothing is sent, and the words are the same.
    expect(await issue(stage.alice, input)).toMatchObject({
      message: expect.stringMatching(/\(app_session_expired\)\. The server tries again in \d+ s\.$/) as string,
    });
    expect(await readState(stage)).toMatchObject({
      status: "EXPIRED",
      statusReason: expect.stringMatching(
        /The last refresh failed: .*\(app_session_expired\)\. The server tries again/,
      ) as string,
    });
    const row = await readRow(stage);
    expect(row).toMatchObject({ refusals });
    expect(row.nextTryIn).toBeLessThanOrEqual(11);
    await endWaits(stage);
  }
  expect(await issue(stage.alice, input)).toMatchObject({
    __typename: "ReauthenticationRequiredError",
    message: expect.stringContaining("(app_session_expired)") as string,
  });
  expect(sentRefreshTokens(stage.vendor)).toHaveLength(3);
});

test.each(refusalsOf("block", "account", "address", "pace", "moment"))(
  "$name: however long it goes on, it never ends a sign-in, and stops nobody else",
  async (refusal) => {
    await using stage = await setRefreshStage("anthropic");
    refuse(stage, answer(refusal));
    await signIn(await stage.client("bob"), "anthropic");
    await expire(stage);
    for (let tried = 0; tried < 5; tried++) {
      const refused = await tryAgain(stage);
      expect(refused.__typename).toBe("ProviderUnavailableError");
      expect("message" in refused && refused.message).toContain(refusal.code ?? `status ${refusal.status}`);
      await ageRefusals(stage, 86_400);
    }
    expect((await readRows(stage.database))[0]).toMatchObject({ status: "active", refusals: 0, failures: 5 });
    const bob = await stage.client("bob");
    expect((await issue(bob, { provider: "anthropic" })).__typename).toBe("IssueAccessPayload");
    stage.vendor.troubles.clear();
    expect((await tryAgain(stage)).__typename).toBe("RefreshCredentialPayload");
  },
);

const silences = [
  { kind: "status", status: 500 },
  { kind: "status", status: 503 },
  { kind: "status", status: 429 },
  { kind: "status", status: 429, body: { error: { code: "billing_not_active" } } },
  { kind: "status", status: 403, body: "<html>Access denied</html>" },
  { kind: "status", status: 400, body: "Bad Request" },
  { kind: "status", status: 400, body: {} },
  { kind: "reset" },
  { kind: "html" },
  { kind: "rubbish" },
] as const;

test.each(silences)("silence such as %o never ends a sign-in, and refusals count anew after it", async (silence) => {
  await using stage = await setRefreshStage("google");
  refuse(stage, answer(expired));
  await expire(stage);
  for (const refusals of [1, 2]) {
    await tryAgain(stage);
    expect(await readRow(stage)).toMatchObject({ refusals });
  }
  refuse(stage, silence);
  for (let silent = 0; silent < 2; silent++) {
    expect((await tryAgain(stage)).__typename).toBe("ProviderUnavailableError");
    expect(await readRow(stage)).toMatchObject({ status: "active", refusals: 0, refusedFor: null, refusalCode: null });
  }
  refuse(stage, answer(expired));
  await tryAgain(stage);
  expect(await readRow(stage)).toMatchObject({ status: "active", refusals: 1 });
});

test.each(["a success", "a new sign-in", "a check that finds it good"])(
  "after %s refusals count anew",
  async (event) => {
    await using stage = await setRefreshStage("anthropic");
    refuse(stage, answer(expired));
    for (let refused = 0; refused < 2; refused++) await tryAgain(stage);
    await ageRefusals(stage, 86_400);
    stage.vendor.troubles.clear();
    if (event === "a success") await tryAgain(stage);
    else if (event === "a new sign-in") await signIn(stage.alice, "anthropic");
    else {
      await stage.database.em().execute("update provider_credentials set status = 'needs_reauth'");
      stage.api.next({ kind: "status", status: 200, body: { data: [] } });
      await stage.alice.post({
        query: `mutation { validateCredential(input: { credentialId: "${stage.id}" }) { __typename } }`,
      });
    }
    expect(await readRow(stage)).toMatchObject({ status: "active", refusals: 0, refusedFor: null, refusalCode: null });
  },
);

test("refusals add up across processes and restarts", async () => {
  await using stage = await setRefreshStage("anthropic");
  refuse(stage, answer(expired));
  await expire(stage);
  await tryAgain(stage);
  for (const type of ["ProviderUnavailableError", "ReauthenticationRequiredError"]) {
    await using neighbour = await startNeighbour(stage);
    expect((await tryAgain(stage, await neighbour.client("alice"))).__typename).toBe(type);
  }
});

test("a refusal of a token that was sent before says that the earlier answer was lost", async () => {
  await using stage = await setRefreshStage("anthropic");
  stage.vendor.next("/token", { kind: "lost" });
  await expire(stage);
  await refresh(stage.alice, stage.id);
  refuse(stage, answer({ status: 400, body: { error: "token_was_used_already" } }));
  for (let refused = 0; refused < 2; refused++) await tryAgain(stage);
  expect(await readRow(stage)).toMatchObject({ status: "active", isSent: true, refusals: 2 });
  await tryAgain(stage);
  expect((await readState(stage)).statusReason).toContain("rotation_lost");
});

test("a code that echoes the refresh token reaches nobody", async () => {
  await using stage = await setRefreshStage("anthropic");
  const token = stage.vendor.answers[0]!["refresh_token"] as string;
  refuse(stage, answer({ status: 400, body: { error: token.slice(0, 43) } }));
  await expire(stage);
  for (let refused = 0; refused < 3; refused++) {
    expect(JSON.stringify(await tryAgain(stage))).not.toContain(token.slice(0, 20));
  }
  const told = [await readState(stage), await readEvents(stage), await readRow(stage)];
  expect(JSON.stringify(told)).not.toContain(token.slice(0, 20));
});

async function refusedUsers(stage: RefreshStage, users: readonly string[], refusal = answer(expired)) {
  for (const user of users) {
    const client = await stage.client(user);
    const { id } = user === "alice" ? stage : await signIn(client, "anthropic");
    refuse(stage, refusal);
    await makeDue(stage);
    await refresh(client, id);
  }
  await stage.database.em().execute("update provider_credentials set refusals = 2 where refusals > 0");
}

test("where several users are refused alike and nobody is renewed, it is not the grants: none ends for a day", async () => {
  await using stage = await setRefreshStage("anthropic");
  await refusedUsers(stage, ["alice", "bob", "carol"]);
  await ageRefusals(stage, 3_600);
  expect((await tryAgain(stage)).__typename).toBe("ProviderUnavailableError");
  const [row] = await readRows(stage.database);
  expect(row).toMatchObject({ status: "active", refusals: 3 });
  expect(row!.nextTryIn).toBeGreaterThan(600);
  expect((await readState(stage)).provider.health).toMatchObject({
    status: "DEGRADED",
    complaint: "Anthropic (Claude) refuses to renew the sign-ins of several users alike (app_session_expired).",
  });
  await ageRefusals(stage, 86_400);
  expect((await tryAgain(stage)).__typename).toBe("ReauthenticationRequiredError");
});

async function renewAnother(stage: RefreshStage) {
  const dave = await stage.client("dave");
  const { id } = await signIn(dave, "anthropic");
  return (await refresh(dave, id)).__typename;
}

test.each([
  ["two users", ["alice", "bob"], false],
  ["three users, but another one is renewed meanwhile", ["alice", "bob", "carol"], true],
] as const)("%s: the sign-in ends as if it were alone", async (_name, users, isOtherRenewed) => {
  await using stage = await setRefreshStage("anthropic");
  await refusedUsers(stage, users);
  await ageRefusals(stage, 3_600);
  const renewed = isOtherRenewed ? await renewAnother(stage) : null;
  expect(renewed).toBe(isOtherRenewed ? "RefreshCredentialPayload" : null);
  expect((await readState(stage)).provider.health.status).toBe("HEALTHY");
  expect((await tryAgain(stage)).__typename).toBe("ReauthenticationRequiredError");
});
