import { expect, test } from "vitest";
import { authenticateMutation, oauthFlowSubscription } from "../../client/operations.ts";
import type { TestClient } from "../../support/test-client.ts";
import {
  begin,
  complete,
  consent,
  dump,
  exchangedCodes,
  type OAuthStage,
  readFlow,
  setOAuthStage,
  signIn,
} from "./oauth-stage.ts";

type Answer = Awaited<ReturnType<typeof consent>>["answer"];

async function authenticate(client: TestClient, provider: string, oauthCode: Answer) {
  const input = { provider, credential: { oauthCode } };
  return (await client.execute(authenticateMutation, { input })).authenticate;
}

/** What must not change when a flow is refused. */
const stored = ({ database }: OAuthStage) => dump(database, "provider_credentials", "events");

/** A state that no exchange follows: the provider is not asked, and nothing changes. */
async function expectStateRefused(stage: OAuthStage, answer: Answer, client: TestClient): Promise<void> {
  const [before, asked] = [await stored(stage), stage.vendor.requests.length];
  const refusal = await complete(client, { code: answer });
  expect(refusal).toEqual({
    __typename: "OAuthStateError",
    code: "OAUTH_STATE_INVALID",
    message: expect.stringContaining("Start a new one with `initiateOAuth`"),
  });
  expect(await stored(stage)).toEqual(before);
  expect(stage.vendor.requests).toHaveLength(asked);
}

test("a state works once", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  const { flow, answer } = await consent(client, "google");
  await complete(client, { code: answer });
  await expectStateRefused(stage, answer, client);
  expect((await readFlow(client, flow.id)).status).toBe("COMPLETED");
});

test("an unknown state, and one that differs in a single character, is refused; the flow goes on", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  const { flow, answer } = await consent(client, "google");
  const { state } = answer;
  const tampered = [
    "unknown",
    `${state}A`,
    state.slice(0, -1),
    state.toUpperCase(),
    `${state[0] === "A" ? "B" : "A"}${state.slice(1)}`,
  ];
  for (const other of tampered) await expectStateRefused(stage, { ...answer, state: other }, client);
  expect((await readFlow(client, flow.id)).status).toBe("PENDING");
  expect((await complete(client, { code: answer })).__typename).toBe("CompleteOAuthPayload");
});

test("a state is good for ten minutes; then the flow is EXPIRED and says how to go on", async () => {
  let now = new Date();
  await using stage = await setOAuthStage("google", { clock: { now: () => now } });
  const client = await stage.client("alice");
  const [early, late] = [await consent(client, "google"), await consent(client, "google")];
  now = new Date(now.getTime() + 599_000);
  expect((await complete(client, { code: early.answer })).__typename).toBe("CompleteOAuthPayload");
  now = new Date(now.getTime() + 1_000);
  await expectStateRefused(stage, late.answer, client);
  expect(await readFlow(client, late.flow.id)).toMatchObject({
    status: "EXPIRED",
    error: { __typename: "OAuthStateError", message: expect.stringContaining("`initiateOAuth`") },
  });
});

test("another user's state is unknown, the attempt is written down, and it stays good for the user who began the flow", async () => {
  await using stage = await setOAuthStage("google");
  const [alice, mallory] = [await stage.client("alice"), await stage.client("mallory")];
  const { answer } = await consent(alice, "google");
  await expectStateRefused(stage, answer, mallory);
  expect((await authenticate(mallory, "google", answer)).__typename).toBe("OAuthStateError");
  const attempts = await stage.database.em().execute("select user_id, outcome from audit_log");
  expect(attempts).toEqual([1, 2].map(() => ({ user_id: "mallory", outcome: "OAUTH_STATE_INVALID" })));
  expect((await complete(alice, { code: answer })).__typename).toBe("CompleteOAuthPayload");
});

test("the state of another provider's flow is refused and not used up; a provider without flows is named as such", async () => {
  const environment = { ANTHROPIC_OAUTH_CLIENT_ID: "another-client" };
  await using stage = await setOAuthStage("google", { environment });
  const client = await stage.client("alice");
  const { answer } = await consent(client, "google");
  expect((await authenticate(client, "anthropic", answer)).__typename).toBe("OAuthStateError");
  expect((await authenticate(client, "openai", answer)).__typename).toBe("MethodUnavailableError");
  expect((await authenticate(client, "nonesuch", answer)).__typename).toBe("ProviderNotFoundError");
  expect(exchangedCodes(stage.vendor)).toEqual([]);
  expect((await authenticate(client, "google", answer)).__typename).toBe("AuthenticatePayload");
});

test("of several completions at once exactly one wins, and the provider sees one exchange", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  const { flow, answer, callback } = await consent(client, "google");
  const results = await Promise.all([
    complete(client, { code: answer }),
    complete(client, { pasted: callback.href }),
    authenticate(client, "google", answer),
    complete(client, { code: answer }),
  ]);
  const names = results.map(({ __typename: name }) => name);
  expect(names.filter((name) => name === "OAuthStateError")).toHaveLength(3);
  expect(names.filter((name) => name.endsWith("Payload"))).toHaveLength(1);
  expect(exchangedCodes(stage.vendor)).toEqual([answer.code]);
  expect((await readFlow(client, flow.id)).status).toBe("COMPLETED");
  expect(await stored(stage)).toHaveLength(2);
});

test("a user who says no: OAuthDeniedError, the flow is DENIED, and its subscribers are told at once", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  await signIn(client, "google");
  const before = await stored(stage);
  stage.vendor.user.decision = "deny";
  const { flow, callback } = await consent(client, "google");
  await using subscription = await client.subscribeWebSocket(oauthFlowSubscription, { id: flow.id });
  await subscription.next();
  expect(await complete(client, { pasted: callback.href })).toMatchObject({ __typename: "OAuthDeniedError" });
  expect((await subscription.next()).data?.oauthFlow).toMatchObject({
    status: "DENIED",
    credential: null,
    error: { __typename: "OAuthDeniedError" },
  });
  await expect(subscription.next()).rejects.toThrow("has ended");
  expect(await stored(stage)).toEqual(before);
  expect(await complete(client, { pasted: callback.href })).toMatchObject({ __typename: "OAuthStateError" });
});

test.each([
  ["temporarily_unavailable", "ProviderUnavailableError"],
  ["server_error", "ProviderUnavailableError"],
  ["invalid_scope", "ProviderUnavailableError"],
  ["unauthorized_client", "ProviderUnavailableError"],
  ["login_required", "InvalidCredentialError"],
  ["<script>", "InvalidCredentialError"],
  ["invalid_scope&code=a-code", "ProviderUnavailableError"],
])("error=%s in the callback ends the flow as FAILED by %s, and no code is exchanged", async (error, name) => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("alice");
  const flow = await begin(client, "google");
  const pasted = `${flow.redirectUri}?state=${flow.state}&error=${error}&error_description=the+vendor%27s+words`;
  const refusal = await complete(client, { pasted });
  expect(refusal).toMatchObject({ __typename: name, message: expect.not.stringMatching(/vendor's words|script/) });
  expect(await readFlow(client, flow.id)).toMatchObject({ status: "FAILED", error: { __typename: name } });
  expect(exchangedCodes(stage.vendor)).toEqual([]);
});

test.each(["nothing", "code#", "#state", "a b#c", "a#b#c", "https://app.example.test/callback?code=a", "http://["])(
  "%o is nothing that came from a provider",
  async (pasted) => {
    await using stage = await setOAuthStage("google");
    const refusal = await complete(await stage.client("alice"), { pasted });
    expect(refusal).toMatchObject({ __typename: "ValidationError" });
  },
);

test("a flow can be looked at for a day after its time; the user's next flow then clears it away", async () => {
  let now = new Date();
  await using stage = await setOAuthStage("google", { clock: { now: () => now } });
  await begin(await stage.client("alice"), "google");
  await begin(await stage.client("bob"), "google");
  const users = async () => {
    const rows = await stage.database.em().execute<{ user_id: string }[]>("select user_id from oauth_flows order by 1");
    return rows.map((row) => row.user_id);
  };
  now = new Date(now.getTime() + 24 * 3_600_000);
  await begin(await stage.client("alice"), "google");
  expect(await users()).toEqual(["alice", "alice", "bob"]);
  now = new Date(now.getTime() + 3_600_000);
  await begin(await stage.client("alice"), "google");
  expect(await users()).toEqual(["alice", "alice", "bob"]);
});
