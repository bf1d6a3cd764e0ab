import { expect, test } from "vitest";
import { isOtherAccount, type ProviderAccount } from "../../../src/providers/provider-auth.ts";
import { credentialEventsSubscription, viewerQuery } from "../../client/operations.ts";
import { Browser } from "../../support/authorization-server/browser.ts";
import type { TestClient } from "../../support/test-client.ts";
import { begin, consent, type OAuthStage, setOAuthStage } from "./oauth-stage.ts";
import { pollNow } from "./standard-provider.ts";

const stored = "credential { account { id email } } previousAccount { id email }";
const operations = {
  completeOAuth: `mutation ($input: CompleteOAuthInput!) {
    result: completeOAuth(input: $input) { __typename ... on CompleteOAuthPayload { ${stored} } } }`,
  authenticate: `mutation ($input: AuthenticateInput!) {
    result: authenticate(input: $input) { __typename ... on AuthenticatePayload { ${stored} } } }`,
  importCredential: `mutation ($input: ImportCredentialInput!) {
    result: importCredential(input: $input) { __typename ... on ImportCredentialPayload { ${stored} } } }`,
};

interface Stored {
  readonly __typename: string;
  readonly credential: { readonly account: { readonly id: string; readonly email: string } | null };
  readonly previousAccount: { readonly id: string; readonly email: string } | null;
}

async function run(client: TestClient, query: string, input: object): Promise<Stored> {
  const response = await client.post({ query, variables: { input } });
  return ((await response.json()) as { data: { result: Stored } }).data.result;
}

/** Signs in as one of the provider's users. */
async function signInAs(stage: OAuthStage, client: TestClient, name: string, provider: string, label = "work") {
  stage.vendor.user = { decision: "approve", name };
  const { answer } = await consent(client, provider, { label });
  return run(client, operations.completeOAuth, { code: answer });
}

/** What the events say of the accounts that were replaced, the oldest first. */
async function toldAccounts({ database }: OAuthStage) {
  const rows = await database
    .em()
    .execute<{ account: { id: string } | null }[]>(
      "select body -> 'previousAccount' as account from events where type = 'CredentialStored' order by seq",
    );
  return rows.map(({ account }) => account?.id ?? null);
}

test.each([
  ["google", "alice", "bob"],
  ["openai", "account-of-alice", "account-of-bob"],
] as const)("%s: a label that is connected to another account says from which to which", async (kind, alice, bob) => {
  await using stage = await setOAuthStage(kind);
  const client = await stage.client("user");
  const { viewer } = await client.execute(viewerQuery);
  const cursor = viewer.eventCursor;
  expect(await signInAs(stage, client, "alice", kind)).toMatchObject({
    credential: { account: { id: alice } },
    previousAccount: null,
  });
  expect(await signInAs(stage, client, "alice", kind)).toMatchObject({ previousAccount: null });
  expect(await signInAs(stage, client, "bob", kind)).toMatchObject({
    credential: { account: { id: bob } },
    previousAccount: { id: alice },
  });
  // Another label is another credential.
  expect(await signInAs(stage, client, "carol", kind, "home")).toMatchObject({ previousAccount: null });

  stage.vendor.user = { decision: "approve", name: "dora" };
  const { answer } = await consent(client, kind, { label: "work" });
  const input = { provider: kind, label: "work", credential: { oauthCode: answer } };
  expect(await run(client, operations.authenticate, input)).toMatchObject({ previousAccount: { id: bob } });
  expect(await toldAccounts(stage)).toEqual([null, null, alice, null, bob]);

  await using events = await client.subscribeSse(credentialEventsSubscription, { after: cursor });
  const told = [];
  for (let count = 0; count < 5; count++) told.push((await events.next()).data?.credentialEvents);
  expect(told.map((event) => (event?.__typename === "CredentialStored" ? event.previousAccount?.id : "none"))).toEqual([
    undefined,
    undefined,
    alice,
    undefined,
    bob,
  ]);
});

test("a device flow that ends with another account tells of it by its event", async () => {
  await using stage = await setOAuthStage("openai");
  const client = await stage.client("user");
  await signInAs(stage, client, "alice", "openai");
  stage.vendor.user = { decision: "approve", name: "bob" };
  const flow = await begin(client, "openai", { kind: "DEVICE", label: "work" });
  await new Browser().enterUserCode(flow.verificationUri!, flow.userCode!);
  await pollNow(stage);
  await expect.poll(() => toldAccounts(stage), { timeout: 60_000 }).toEqual([null, "account-of-alice"]);
});

test("where one of the accounts is not known, nothing is claimed: keys, and tokens from elsewhere", async () => {
  await using stage = await setOAuthStage("google");
  const client = await stage.client("user");
  for (const apiKey of [stage.api.key, "another-key"]) {
    stage.api.validKeys.add(apiKey);
    const input = { provider: "google", credential: { apiKey } };
    expect(await run(client, operations.authenticate, input)).toMatchObject({
      __typename: "AuthenticatePayload",
      previousAccount: null,
    });
  }
  await signInAs(stage, client, "alice", "google");
  const imported = { provider: "google", label: "work", accessToken: stage.api.key };
  expect(await run(client, operations.importCredential, imported)).toMatchObject({ previousAccount: null });
  expect(await signInAs(stage, client, "bob", "google")).toMatchObject({ previousAccount: null });
});

const account = (changes: Partial<ProviderAccount>): ProviderAccount => ({
  id: null,
  email: null,
  organization: null,
  plan: null,
  ...changes,
});

test.each([
  [null, null, false],
  [account({ id: "1" }), null, false],
  [null, account({ id: "1" }), false],
  [account({ id: "1" }), account({ id: "1", email: "new@example.test" }), false],
  [account({ id: "1", email: "a@example.test" }), account({ id: "2", email: "a@example.test" }), true],
  [account({ email: "a@example.test" }), account({ id: "2", email: "A@Example.test" }), false],
  [account({ email: "a@example.test" }), account({ email: "b@example.test" }), true],
  [account({ id: "1" }), account({ email: "b@example.test" }), false],
  [account({ id: "1", plan: "free", organization: "x" }), account({ id: "1", plan: "plus", organization: "y" }), false],
])("of %j and %j it is known that they differ: %s", (previous, current, expected) => {
  expect(isOtherAccount(previous, current)).toBe(expected);
});
