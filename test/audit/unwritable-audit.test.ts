import { expect, test } from "vitest";
import type { Database } from "../../src/db/database.ts";
import { encodeNodeId } from "../../src/graphql/node-id.ts";
import { authenticateMutation, refreshCredentialMutation, validateCredentialMutation } from "../client/operations.ts";
import { complete, consent } from "../connect/oauth/oauth-stage.ts";
import { connectKey, revoke, setSessionStage } from "../sessions/session-stage.ts";

/** Until it is disposed, the table of audit entries takes none. */
async function closeAuditLog(database: Database): Promise<AsyncDisposable> {
  await database.em().execute("alter table audit_log add constraint nothing_more check (false) not valid");
  return {
    [Symbol.asyncDispose]: async () =>
      void (await database.em().execute("alter table audit_log drop constraint nothing_more")),
  };
}

const logged = "an audit entry could not be written";

test("a refusal that cannot be put on record is told all the same, and the log tells of the missing entry", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const key = await connectKey(client, stage);
  const { answer } = await consent(client, "anthropic");
  const nobodys = encodeNodeId("Credential", crypto.randomUUID());
  stage.api.validKeys.clear();
  await using _closed = await closeAuditLog(stage.database);

  const wrongKey = { input: { provider: "anthropic", credential: { apiKey: "sk-ant-wrong" } } };
  const refusals: readonly (readonly [string, () => Promise<{ readonly __typename: string }>])[] = [
    ["CredentialNotFoundError", () => revoke(client, nobodys)],
    ["InvalidCredentialError", async () => (await client.execute(authenticateMutation, wrongKey)).authenticate],
    [
      "MethodUnavailableError",
      async () => (await client.execute(refreshCredentialMutation, { input: { credentialId: key } })).refreshCredential,
    ],
    [
      "CredentialNotFoundError",
      async () =>
        (await client.execute(validateCredentialMutation, { input: { credentialId: nobodys } })).validateCredential,
    ],
    ["OAuthStateError", () => complete(client, { code: { ...answer, state: "unknown" } })],
    [
      "InvalidCredentialError",
      async () =>
        (await client.execute(validateCredentialMutation, { input: { credentialId: key } })).validateCredential,
    ],
    ["InvalidCredentialError", () => complete(client, { code: { ...answer, code: "wrong" } })],
  ];
  for (const [index, [type, refuse]] of refusals.entries()) {
    expect((await refuse()).__typename).toBe(type);
    expect(stage.logs.filter((line) => line.includes(logged))).toHaveLength(index + 1);
  }
});

test("what would change something is not done without its entry", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const key = await connectKey(client, stage);
  {
    await using _closed = await closeAuditLog(stage.database);
    await expect(revoke(client, key)).rejects.toThrow("Something went wrong in the server");
    await expect(connectKey(client, stage, { label: "other" })).rejects.toThrow("Something went wrong in the server");
  }
  const rows = await stage.database.em().execute<{ label: string }[]>("select label from provider_credentials");
  expect(rows).toEqual([{ label: "default" }]);
});
