import { expect, test } from "vitest";
import { type OAuthStage, signIn } from "../connect/oauth/oauth-stage.ts";
import { choose, chosen, connectKey, eventTypes, granted, setSessionStage, startSession } from "./session-stage.ts";

async function makeDue({ database }: OAuthStage): Promise<void> {
  await database.em().execute("update provider_credentials set next_try_at = now() - interval '1 second'");
}

function refreshes({ vendor }: OAuthStage): number {
  return vendor.requests.filter(({ body }) => body["grant_type"] === "refresh_token").length;
}

test("a token whose time has come is refreshed before it is chosen, once", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const [session, other] = [await startSession(client), await startSession(client)];
  await signIn(client, "anthropic", { kind: "PASTE" });
  await chosen(client, session);
  expect(refreshes(stage)).toBe(0);
  const before = await granted(client, { sessionId: session });

  await makeDue(stage);
  const choices = await Promise.all([chosen(client, session, { model: "new" }), chosen(client, other)]);
  expect(choices).toMatchObject([{ status: "AUTHENTICATED" }, { status: "AUTHENTICATED" }]);
  expect(refreshes(stage)).toBe(1);
  expect((await granted(client, { sessionId: session })).headers).not.toEqual(before.headers);
  expect(refreshes(stage)).toBe(1);
});

test("a provider that does not answer the refresh does not hinder the choice", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  const { id } = await signIn(client, "anthropic", { kind: "PASTE" });
  await makeDue(stage);
  stage.vendor.next("/token", { kind: "status", status: 503 });
  expect(await chosen(client, session)).toMatchObject({ status: "AUTHENTICATED", credential: { id } });
  expect(await eventTypes(stage, "alice", session)).toEqual(["SessionStarted", "ActiveProviderChanged"]);
});

test("where the provider refuses the refresh, the chain goes on to the API key, and without one ends", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  await signIn(client, "anthropic", { kind: "PASTE" });
  await makeDue(stage);
  stage.vendor.next("/token", { kind: "status", status: 400, body: { error: "invalid_grant" } });
  expect(await choose(client, session)).toMatchObject({ __typename: "CredentialNotFoundError" });
  const key = await connectKey(client, stage);
  expect(await chosen(client, session)).toMatchObject({ method: "API_KEY", credential: { id: key } });
});
