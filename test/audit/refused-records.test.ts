import { expect, test } from "vitest";
import { encodeNodeId } from "../../src/graphql/node-id.ts";
import type { OAuthStage } from "../connect/oauth/oauth-stage.ts";
import { choose, connectKey, setSessionStage, startSession, StillClock } from "../sessions/session-stage.ts";

const nobodys = () => encodeNodeId("Credential", crypto.randomUUID());

const refused: readonly (readonly [string, () => string])[] = [
  ["revokeCredential", () => `revokeCredential(input: { credentialId: "${nobodys()}" }) { __typename }`],
  ["validateCredential", () => `validateCredential(input: { credentialId: "${nobodys()}" }) { __typename }`],
  ["refreshCredential", () => `refreshCredential(input: { credentialId: "${nobodys()}" }) { __typename }`],
  [
    "completeOAuth",
    () => `completeOAuth(input: { code: { code: "c", state: "${crypto.randomUUID()}" } }) { __typename }`,
  ],
  [
    "authenticate",
    () =>
      `authenticate(input: { provider: "nobody", credential: { apiKey: "${crypto.randomUUID()}" } }) { __typename }`,
  ],
];

async function recorded({ database }: OAuthStage): Promise<number> {
  const [row] = await database
    .em()
    .execute<{ count: number }[]>("select count(*)::int4 as count from audit_log where outcome <> 'succeeded'");
  return row!.count;
}

test.each(refused)("%s, refused again and again, is one entry for a while", async (_name, field) => {
  const clock = new StillClock();
  await using stage = await setSessionStage({ clock, environment: { RATE_LIMITS: "off" } });
  const alice = await stage.client("alice");
  const call = async () => {
    const response = await alice.post({ query: `mutation { ${field()} }` });
    expect(await response.text()).toContain("Error");
  };
  for (let attempt = 0; attempt < 8; attempt++) await call();
  expect(await recorded(stage)).toBe(1);
  await (await stage.client("bob")).post({ query: `mutation { ${field()} }` });
  expect(await recorded(stage)).toBe(2);
  clock.advance(300);
  await call();
  expect(await recorded(stage)).toBe(3);
});

test("what changes nothing writes no event", async () => {
  await using stage = await setSessionStage();
  const alice = await stage.client("alice");
  await connectKey(alice, stage);
  const sessionId = await startSession(alice);
  await choose(alice, sessionId);
  const count = async () => {
    const [row] = await stage.database.em().execute<{ count: number }[]>("select count(*)::int4 as count from events");
    return row!.count;
  };
  const before = await count();
  for (let call = 0; call < 5; call++) {
    await choose(alice, sessionId);
    for (const field of ["endOtherSessions(input: { keepSessionId: ID })", "touchSession(input: { sessionId: ID })"]) {
      await alice.post({ query: `mutation { ${field.replace("ID", `"${sessionId}"`)} { __typename } }` });
    }
    await alice.post({
      query: `mutation { clearProvider(input: { sessionId: "${sessionId}", provider: "openai" }) { __typename } }`,
    });
  }
  expect(await count()).toBe(before);
});

const changes = [
  'revokeCredential(input: { credentialId: "ID" }) { __typename }',
  'validateCredential(input: { credentialId: "ID" }) { __typename }',
  'refreshCredential(input: { credentialId: "ID" }) { __typename }',
  'clearProvider(input: { sessionId: "ID", provider: "anthropic" }) { __typename }',
  'setActiveProvider(input: { sessionId: "ID", provider: "anthropic" }) { __typename }',
  'touchSession(input: { sessionId: "ID" }) { __typename }',
  'endSession(input: { sessionId: "ID" }) { __typename }',
  'endOtherSessions(input: { keepSessionId: "ID" }) { __typename }',
  "startSession(input: {}) { __typename }",
  'initiateOAuth(input: { provider: "anthropic" }) { __typename }',
  'completeOAuth(input: { code: { code: "c", state: "s" } }) { __typename }',
  'authenticate(input: { provider: "anthropic", credential: { apiKey: "k" } }) { __typename }',
  'importCredential(input: { provider: "anthropic", accessToken: "t" }) { __typename }',
];

test("every mutation that changes something takes points, and is refused by a value of its union", async () => {
  await using stage = await setSessionStage({ rateLimits: { "change-user": { points: 1, seconds: 600 } } });
  const alice = await stage.client("alice");
  await startSession(alice);
  for (const field of changes) {
    const response = await alice.post({ query: `mutation { answer: ${field} }` });
    expect(response.headers.get("retry-after")).not.toBeNull();
    expect(await response.json()).toMatchObject({ data: { answer: { __typename: "RateLimitedError" } } });
  }
  const all = await alice.post({ query: "mutation { refreshCredentials { hasMore } }" });
  expect(await all.json()).toMatchObject({ errors: [{ extensions: { code: "RATE_LIMITED" } }] });
  const access = await alice.post({
    query: 'mutation { issueAccess(input: { provider: "anthropic" }) { __typename } }',
  });
  expect(await access.json()).toMatchObject({ data: { issueAccess: { __typename: "CredentialNotFoundError" } } });
});
