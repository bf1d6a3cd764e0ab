import { expect, test } from "vitest";
import {
  credentialEventsSubscription,
  issueAccessMutation,
  refreshCredentialMutation,
} from "../../client/operations.ts";
import type { TestClient } from "../../support/test-client.ts";
import { setOAuthStage, signIn } from "../oauth/oauth-stage.ts";

async function refresh(client: TestClient, credentialId: string) {
  return (await client.execute(refreshCredentialMutation, { input: { credentialId } })).refreshCredential;
}

async function grantedToken(client: TestClient): Promise<string> {
  const { issueAccess } = await client.execute(issueAccessMutation, { input: { provider: "anthropic" } });
  if (issueAccess.__typename !== "IssueAccessPayload") throw new Error(issueAccess.message);
  return issueAccess.grant.headers.find(({ name }) => name === "authorization")!.value;
}

test("a refresh brings new tokens, says when the next one is due, and tells subscribers", async () => {
  await using stage = await setOAuthStage("anthropic");
  const client = await stage.client("alice");
  const { id } = await signIn(client, "anthropic", { kind: "PASTE" });
  const before = await grantedToken(client);
  await using events = await client.subscribeSse(credentialEventsSubscription, {});

  const result = await refresh(client, id);
  expect(result).toMatchObject({ __typename: "RefreshCredentialPayload", credential: { status: "ACTIVE" } });
  expect(await grantedToken(client)).not.toBe(before);
  const { data } = await events.next();
  expect(data?.credentialEvents).toMatchObject({ __typename: "TokenRefreshed", credentialId: id });
});
