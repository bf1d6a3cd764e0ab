import { expect, test } from "vitest";
import type { CompleteOAuthInput } from "../../client/gql/graphql.ts";
import { vendorText } from "../../support/authorization-server/dialect.ts";
import type { AuthorizationFault } from "../../support/authorization-server/fault.ts";
import type { TestClient } from "../../support/test-client.ts";
import {
  complete,
  consent,
  dump,
  exchangedCodes,
  type OAuthStage,
  readFlow,
  setOAuthStage,
  signIn,
} from "./oauth-stage.ts";

/** A user who has signed in already, and is about to do so again. */
async function setSecondSignIn() {
  const stage = await setOAuthStage("google", { http: { deadlineMs: 1_000 } });
  const client = await stage.client("alice");
  await signIn(client, "google");
  return { stage, client, ...(await consent(client, "google")) };
}

/** The exchange is refused, the flow is FAILED, and what was stored before is as it was. */
async function expectFailure(
  { stage, client, flow }: { stage: OAuthStage; client: TestClient; flow: { id: string } },
  input: CompleteOAuthInput,
  name: "InvalidCredentialError" | "ProviderUnavailableError",
): Promise<void> {
  const before = await dump(stage.database, "provider_credentials", "events");
  const refusal = await complete(client, input);
  if (refusal.__typename === "CompleteOAuthPayload") throw new Error("the exchange was not refused");
  expect(refusal.__typename).toBe(name);
  expect(refusal.message).toMatch(/Try again|Start again|the operator has to check/);
  expect(refusal.message).not.toContain(vendorText);
  const { code, message } = refusal;
  expect(await readFlow(client, flow.id)).toMatchObject({
    status: "FAILED",
    credential: null,
    error: { __typename: name, code, message },
  });
  expect(await dump(stage.database, "provider_credentials", "events")).toEqual(before);
}

const faults: [string, AuthorizationFault, "InvalidCredentialError" | "ProviderUnavailableError"][] = [
  ["500", { kind: "status", status: 500 }, "ProviderUnavailableError"],
  [
    "503 that asks to wait",
    { kind: "status", status: 503, headers: { "retry-after": "1" } },
    "ProviderUnavailableError",
  ],
  [
    "429 for longer than the flow lives",
    { kind: "status", status: 429, headers: { "retry-after": "3600" } },
    "ProviderUnavailableError",
  ],
  ["a page", { kind: "html" }, "ProviderUnavailableError"],
  ["more than can be read", { kind: "huge" }, "ProviderUnavailableError"],
  ["broken JSON", { kind: "rubbish" }, "ProviderUnavailableError"],
  ["tokens inside a page", { kind: "in-a-page" }, "ProviderUnavailableError"],
  [
    "what nobody can unpack",
    { kind: "status", status: 200, headers: { "content-encoding": "compress" }, body: "\u001f\u009d" },
    "ProviderUnavailableError",
  ],
  ["a redirect", { kind: "redirect", location: "http://127.0.0.1:9/" }, "ProviderUnavailableError"],
  ["silence", { kind: "hang" }, "ProviderUnavailableError"],
  ["nothing, after the work was done", { kind: "lost" }, "ProviderUnavailableError"],
  ["invalid_client", { kind: "status", status: 401, body: { error: "invalid_client" } }, "ProviderUnavailableError"],
  ["invalid_grant", { kind: "status", status: 400, body: { error: "invalid_grant" } }, "InvalidCredentialError"],
];

test.each(faults)("a token endpoint that answers %s is asked once, and nothing changes", async (_name, fault, name) => {
  const scene = await setSecondSignIn();
  await using stage = scene.stage;
  stage.vendor.next("/token", fault);
  await expectFailure(scene, { code: scene.answer }, name);
  expect(exchangedCodes(stage.vendor).slice(1)).toEqual([scene.answer.code]);
});

test.each([
  ["no access token", { access_token: undefined }],
  ["an access token of two words", { access_token: "two words" }],
  ["tokens of a type that nobody here can use", { token_type: "mac" }],
  ["no ID token", { id_token: undefined }],
  ["an ID token that is none", { id_token: "rubbish" }],
  ["an ID token without signature", { id_token: `${btoa('{"alg":"none"}').replaceAll("=", "")}.e30.` }],
])("tokens with %s are not stored", async (_name, overrides) => {
  const scene = await setSecondSignIn();
  await using stage = scene.stage;
  stage.vendor.tokenOverrides = overrides;
  await expectFailure(scene, { code: scene.answer }, "InvalidCredentialError");
});

test("a code that belongs to another flow of the same user is refused by its verifier (RFC 7636)", async () => {
  const scene = await setSecondSignIn();
  await using _stage = scene.stage;
  const other = await consent(scene.client, "google");
  const { code } = other.answer;
  await expectFailure(scene, { code: { ...scene.answer, code } }, "InvalidCredentialError");
});

test("a code that was exchanged before is refused", async () => {
  const scene = await setSecondSignIn();
  await using stage = scene.stage;
  const code = exchangedCodes(stage.vendor)[0]!;
  await expectFailure(scene, { code: { ...scene.answer, code } }, "InvalidCredentialError");
});

test.each([
  ["of another server", "https://evil.example"],
  ["that is missing, though the provider promises it", null],
])("an issuer %s is refused before the code is sent (RFC 9207)", async (_name, issuer) => {
  const scene = await setSecondSignIn();
  await using stage = scene.stage;
  await expectFailure(scene, { code: { ...scene.answer, issuer } }, "InvalidCredentialError");
  expect(exchangedCodes(stage.vendor)).toHaveLength(1);
});

test("an issuer in a pasted URL is checked too, and `code#state` cannot do without it", async () => {
  const first = await setSecondSignIn();
  await using stage = first.stage;
  const { callback } = first;
  callback.searchParams.set("iss", "https://evil.example");
  await expectFailure(first, { pasted: callback.href }, "InvalidCredentialError");
  const { flow, answer } = await consent(first.client, "google");
  const pasted = `${answer.code}#${answer.state}`;
  await expectFailure({ ...first, flow }, { pasted }, "InvalidCredentialError");
  expect(exchangedCodes(stage.vendor)).toHaveLength(1);
});

test("an exchange that was interrupted counts as FAILED after a minute, and says how to go on", async () => {
  let now = new Date();
  await using stage = await setOAuthStage("google", { clock: { now: () => now } });
  const client = await stage.client("alice");
  const { flow, answer } = await consent(client, "google");
  await stage.database.em().execute("update oauth_flows set status = 'exchanging'");
  expect((await readFlow(client, flow.id)).status).toBe("PENDING");
  now = new Date(now.getTime() + 61_000);
  expect(await readFlow(client, flow.id)).toMatchObject({
    status: "FAILED",
    error: { message: expect.stringContaining("`initiateOAuth`") },
  });
  expect((await complete(client, { code: answer })).__typename).toBe("OAuthStateError");
});
