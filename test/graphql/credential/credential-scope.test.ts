import { expect, test } from "vitest";
import type { Scope } from "../../../src/callers/scope.ts";
import { connectKey, setSessionStage, startSession } from "../../sessions/session-stage.ts";

type Stage = Awaited<ReturnType<typeof setSessionStage>>;

interface Body {
  readonly data: Record<string, Record<string, unknown>> | null;
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}

/** What stands in a row and is nobody's business without `credentials:read`. */
const metadata = "label status last4 fingerprint account { email } scopes expiresAt createdAt";

async function send(stage: Stage, scopes: readonly Scope[], query: string, variables: object = {}): Promise<Body> {
  const client = await stage.client("alice", scopes);
  return (await (await client.post({ query, variables })).json()) as Body;
}

const forbidden = [{ extensions: { code: "FORBIDDEN" } }];

async function withKey() {
  const stage = await setSessionStage();
  const credentialId = await connectKey(await stage.client("alice"), stage);
  return { ...stage, credentialId };
}

const written = (stage: Stage & { credentialId: string }, selection: string): readonly string[] => [
  `mutation { authenticate(input: { provider: "anthropic", label: "b", credential: { apiKey: "${stage.api.key}" } }) { ... on AuthenticatePayload { credential { ${selection} } } } }`,
  `mutation { validateCredential(input: { credentialId: "${stage.credentialId}" }) { ... on ValidateCredentialPayload { credential { ${selection} } } } }`,
  `mutation { validateCredential(input: { credentialId: "${stage.credentialId}" }) { ...Answer } } fragment Answer on ValidateCredentialPayload { credential { ...Known } } fragment Known on Credential { id ${selection} }`,
  `mutation { refreshCredentials { refreshed { ${selection} } } }`,
];

test("a mutation whose answer would tell what it may not is refused before it changes anything", async () => {
  await using stage = await withKey();
  const before = stage.api.requests.length;
  for (const query of written(stage, metadata)) {
    expect(await send(stage, ["credentials:write"], query)).toMatchObject({ data: null, errors: forbidden });
  }
  expect(stage.api.requests).toHaveLength(before);
});

test("whoever stores or uses a credential may name it", async () => {
  await using stage = await withKey();
  for (const query of written(stage, "id method provider { name }")) {
    const { errors, data } = await send(stage, ["credentials:write"], query);
    expect(errors).toBeUndefined();
    expect(data).not.toBeNull();
  }
});

test("the credential of a grant is null for whoever may only use it", async () => {
  await using stage = await withKey();
  const query = `mutation { issueAccess(input: { provider: "anthropic" }) {
    ... on IssueAccessPayload { grant { headers { name } credential { ${metadata} } } } } }`;
  const used = await send(stage, ["credentials:use"], query);
  expect(used).toMatchObject({ data: { issueAccess: { grant: { credential: null } } } });
  expect(used.errors).toBeUndefined();
  const read = await send(stage, ["credentials:use", "credentials:read"], query);
  expect(read).toMatchObject({ data: { issueAccess: { grant: { credential: { label: "default" } } } } });
});

test("no other way leads to it: a session, a flow, or a refusal", async () => {
  await using stage = await withKey();
  const alice = await stage.client("alice");
  const sessionId = await startSession(alice);
  await alice.post({
    query: `mutation { setActiveProvider(input: { sessionId: "${sessionId}", provider: "anthropic" }) { __typename } }`,
  });
  const session = `{ viewer { session(id: "${sessionId}") { activeProvider { credential { ${metadata} } } } } }`;
  expect(await send(stage, ["sessions"], session)).toMatchObject({ errors: forbidden });
  await stage.database.em().execute("update provider_credentials set status = 'needs_reauth'");
  const refused = `mutation { issueAccess(input: { provider: "anthropic" }) {
    ... on ReauthenticationRequiredError { code credential { SELECTION } } } }`;
  expect(await send(stage, ["credentials:use"], refused.replace("SELECTION", metadata))).toMatchObject({
    errors: expect.arrayContaining(forbidden.map((error) => expect.objectContaining(error))) as unknown,
  });
  expect(await send(stage, ["credentials:use"], refused.replace("SELECTION", "id method"))).toMatchObject({
    data: { issueAccess: { code: "REAUTHENTICATION_REQUIRED", credential: { method: "API_KEY" } } },
  });
});
