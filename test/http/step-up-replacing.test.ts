import { type GraphQLObjectType, getNamedType } from "graphql";
import { expect, test } from "vitest";
import { userScopes } from "../../src/callers/scope.ts";
import { signToken } from "../../src/callers/token-verifier.ts";
import { schema } from "../../src/graphql/schema.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { completeOAuthMutation } from "../client/operations.ts";
import { consent, type OAuthStage } from "../connect/oauth/oauth-stage.ts";
import { setSessionStage } from "../sessions/session-stage.ts";
import { TestClient } from "../support/test-client.ts";

const setStage = () => setSessionStage({ environment: { STEP_UP_AMR: "mfa" } });

/** A client whose user has logged in again, by the means that the operator asks for. */
async function steppedUp(stage: OAuthStage): Promise<TestClient> {
  const { callerTokens } = stage.config;
  if (callerTokens.kind !== "secret") throw new Error("this server does not sign tokens");
  const claims = { subject: "alice", scopes: userScopes, lifetime: 600, login: { amr: ["mfa"] } };
  return new TestClient(stage.baseUrl, await signToken(callerTokens, claims, systemClock));
}

async function send(client: TestClient, query: string, variables: object = {}) {
  const response = await client.post({ query, variables });
  const body = (await response.json()) as {
    data: Record<string, { __typename: string }> | null;
    errors?: readonly { extensions: { code: string } }[];
  };
  return body.errors?.[0]?.extensions.code ?? Object.values(body.data!)[0]!.__typename;
}

const code = "INSUFFICIENT_USER_AUTHENTICATION";

const connect = (stage: OAuthStage, label: string) =>
  `mutation { authenticate(input: { provider: "anthropic", label: "${label}", credential: { apiKey: "${stage.api.key}" } }) { __typename } }`;
const begin = (label: string) =>
  `mutation { initiateOAuth(input: { provider: "anthropic", label: "${label}" }) { __typename } }`;

test("a new label is connected without step-up, and what is stored is replaced with it only", async () => {
  await using stage = await setStage();
  const alice = await stage.client("alice");
  expect(await send(alice, connect(stage, "a"))).toBe("AuthenticatePayload");
  const asked = stage.api.requests.length;
  expect(await send(alice, connect(stage, "a"))).toBe(code);
  expect(stage.api.requests).toHaveLength(asked);
  expect(await send(alice, connect(stage, "b"))).toBe("AuthenticatePayload");
  expect(await send(await steppedUp(stage), connect(stage, "a"))).toBe("AuthenticatePayload");
});

test("a flow that would replace a sign-in needs it from the beginning, and the flow remembers it", async () => {
  await using stage = await setStage();
  const alice = await stage.client("alice");
  const first = await consent(alice, "anthropic", { label: "a" });
  const complete = async (client: TestClient, { answer }: Pick<typeof first, "answer">) =>
    (await client.execute(completeOAuthMutation, { input: { code: answer } })).completeOAuth.__typename;
  expect(await complete(alice, first)).toBe("CompleteOAuthPayload");
  expect(await send(alice, begin("a"))).toBe(code);
  const second = await consent(await steppedUp(stage), "anthropic", { label: "a" });
  expect(await complete(alice, second)).toBe("CompleteOAuthPayload");
});

test("a flow begun for a new label replaces nothing that has come under the label meanwhile", async () => {
  await using stage = await setStage();
  const alice = await stage.client("alice");
  const [first, second] = [
    await consent(alice, "anthropic", { label: "a" }),
    await consent(alice, "anthropic", { label: "a" }),
  ];
  const complete = ({ answer }: Pick<typeof first, "answer">) =>
    alice.send(completeOAuthMutation, { input: { code: answer } });
  expect((await complete(first)).errors).toBeUndefined();
  expect(await complete(second)).toMatchObject({ errors: [{ extensions: { code } }] });
  const rows = await stage.database
    .em()
    .execute("select status, error_message from oauth_flows where status = 'failed'");
  expect(rows).toEqual([{ status: "failed", error_message: expect.stringContaining("log in again") }]);
  const [row] = await stage.database
    .em()
    .execute<{ version: number }[]>("select token_version as version from provider_credentials");
  expect(row).toEqual({ version: 1 });
});

/** What each mutation does to a stored credential; a new mutation has to be placed here. */
const effects = {
  removes: ["clearProvider", "revokeCredential"],
  replaces: ["authenticate", "completeOAuth", "importCredential", "initiateOAuth"],
  keeps: [
    "endOtherSessions",
    "endSession",
    "issueAccess",
    "refreshCredential",
    "refreshCredentials",
    "setActiveProvider",
    "startSession",
    "touchSession",
    "validateCredential",
  ],
};

test("of every mutation it is known whether it removes or replaces", () => {
  const mutations = Object.keys((getNamedType(schema.getMutationType()!) as GraphQLObjectType).getFields());
  expect(mutations.toSorted()).toEqual(Object.values(effects).flat().toSorted());
});
