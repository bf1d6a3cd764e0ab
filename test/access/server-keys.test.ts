import { expect, test, vi } from "vitest";
import { choose, issue, ownKeys, readProvider, setSessionStage, startSession } from "../sessions/session-stage.ts";
import { patience } from "../support/patience.ts";
import { load } from "../support/test-config.ts";

test("the server's own keys are handed out in development, and in production where the operator says so", () => {
  expect(load({ NODE_ENV: "development", DATA_DIR: ".data" }).revealServerKeys).toBe(true);
  expect(load({ NODE_ENV: "production" }).revealServerKeys).toBe(false);
  expect(load({ NODE_ENV: "production", REVEAL_SERVER_KEYS: "true" }).revealServerKeys).toBe(true);
});

test("a key that is withheld is refused with what to do, and no session can choose it", async () => {
  await using stage = await setSessionStage({ environment: { ...ownKeys, REVEAL_SERVER_KEYS: "false" } });
  const alice = await stage.client("alice");
  const refused = await issue(alice, { provider: "openai" });
  expect(refused).toMatchObject({ __typename: "CredentialNotFoundError" });
  expect(JSON.stringify(refused)).toContain("REVEAL_SERVER_KEYS=true");
  expect(JSON.stringify(refused)).not.toContain(ownKeys.OPENAI_API_KEY);
  const sessionId = await startSession(alice);
  expect(await choose(alice, sessionId, { provider: "openai" })).toMatchObject({
    __typename: "CredentialNotFoundError",
  });
  expect(await readProvider(alice, sessionId, "openai")).toMatchObject({ status: "NEEDS_AUTH" });
});

test("a session that chose the key before it was withheld gets it no longer", async () => {
  await using stage = await setSessionStage({ environment: { ...ownKeys, REVEAL_SERVER_KEYS: "false" } });
  const alice = await stage.client("alice");
  const sessionId = await startSession(alice);
  await stage.database.em().execute(
    `insert into session_providers (session_id, provider, user_id, auth_method, label, source, selected_at)
      select id, 'openai', user_id, 'api_key', 'default', 'environment', now() from sessions`,
  );
  await stage.database.em().execute("update sessions set active_provider = 'openai'");
  expect(await issue(alice, { sessionId })).toMatchObject({ __typename: "CredentialNotFoundError" });
});

test("whoever gets the key is on record, a user as well as a service, once an hour", async () => {
  await using stage = await setSessionStage({ environment: ownKeys });
  const alice = await stage.client("alice");
  for (let call = 0; call < 3; call++) {
    expect(await issue(alice, { provider: "openai" })).toMatchObject({ __typename: "IssueAccessPayload" });
  }
  await vi.waitFor(async () => {
    const rows = await stage.database
      .em()
      .execute("select actor, outcome, provider from audit_log where action = 'credential.access'");
    expect(rows).toEqual([{ actor: "alice", outcome: "succeeded", provider: "openai" }]);
  }, patience);
});
