import { expect, test } from "vitest";
import { providersQuery } from "../client/operations.ts";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import {
  chosen,
  connectKey,
  issue,
  ownKeys,
  readProvider,
  readSession,
  revoke,
  setSessionStage,
  startSession,
} from "../sessions/session-stage.ts";
import { createTestDatabase } from "../support/test-database.ts";

const serversKey = { ANTHROPIC_API_KEY: "the-servers-own-key" };
const needsAuth = { status: "NEEDS_AUTH", method: null, source: null, credential: null, selectedAt: null };

test("a session has one entry for each provider of the catalogue, in its order", async () => {
  await using stage = await setSessionStage({ environment: { OPENAI_API_KEY: ownKeys.OPENAI_API_KEY } });
  const client = await stage.client("alice");
  const session = await startSession(client);
  await connectKey(client, stage);
  await chosen(client, session);
  const { providers } = await client.execute(providersQuery);
  const contexts = (await readSession(client, session)).providers;
  expect(contexts.map(({ provider }) => provider.name)).toEqual(providers.map(({ name }) => name));
  expect(Object.fromEntries(contexts.map(({ provider, status, source }) => [provider.name, [status, source]]))).toEqual(
    {
      anthropic: ["AUTHENTICATED", "STORED"],
      openai: ["AUTHENTICATED", "ENVIRONMENT"],
      google: ["NEEDS_AUTH", null],
    },
  );
});

test("with nothing stored a provider needs authentication, unless the server has a key of its own", async () => {
  await using stage = await setSessionStage({ environment: { OPENAI_API_KEY: ownKeys.OPENAI_API_KEY } });
  const client = await stage.client("alice");
  const session = await startSession(client);
  expect(await readProvider(client, session)).toMatchObject(needsAuth);
  expect(await readProvider(client, session, "openai")).toMatchObject({
    status: "AUTHENTICATED",
    method: "API_KEY",
    source: "ENVIRONMENT",
    credential: null,
    selectedAt: null,
  });
  expect(await readProvider(client, session, "nonesuch")).toBeNull();
  expect((await readSession(client, session)).activeProvider).toBeNull();
});

test("what was not chosen is shown as it would be taken: OAuth before the API key", async () => {
  await using stage = await setSessionStage({ environment: serversKey });
  const client = await stage.client("alice");
  const session = await startSession(client);
  const key = await connectKey(client, stage);
  expect(await readProvider(client, session)).toMatchObject({ method: "API_KEY", credential: { id: key } });
  const { id } = await signIn(client, "anthropic", { kind: "PASTE" });
  expect(await readProvider(client, session)).toMatchObject({
    status: "AUTHENTICATED",
    method: "OAUTH",
    source: "STORED",
    credential: { id },
    selectedAt: null,
  });
});

test("an expired token that can be refreshed counts as authenticated; one that cannot, and one that was refused, do not", async () => {
  await using stage = await setSessionStage({ environment: serversKey });
  const client = await stage.client("alice");
  const session = await startSession(client);
  await signIn(client, "anthropic", { kind: "PASTE" });
  const execute = (sql: string) => stage.database.em().execute(`update provider_credentials set ${sql}`);
  const status = async () => (await readProvider(client, session))?.status;

  await execute("expires_at = now() - interval '1 hour'");
  expect(await status()).toBe("AUTHENTICATED");
  await execute("refreshable = false");
  expect(await status()).toBe("NEEDS_AUTH");
  await execute("expires_at = now() + interval '1 hour'");
  expect(await status()).toBe("AUTHENTICATED");
  await execute("status = 'needs_reauth', refreshable = true");
  expect(await status()).toBe("NEEDS_AUTH");
  expect(await readProvider(client, session)).toMatchObject({ method: "OAUTH", source: "STORED" });
  await execute("status = 'unreadable'");
  expect(await status()).toBe("NEEDS_AUTH");
});

test("of several credentials a broken one does not hide one that works", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  await signIn(client, "anthropic", { kind: "PASTE" });
  await stage.database.em().execute("update provider_credentials set status = 'needs_reauth'");
  const id = await connectKey(client, stage);
  expect(await readProvider(client, session)).toMatchObject({ status: "AUTHENTICATED", credential: { id } });
});

test("a chosen credential that breaks is shown as broken, even beside one that works", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  const id = await connectKey(client, stage, { label: "work" });
  await connectKey(client, stage, { label: "home" });
  await chosen(client, session, { label: "work" });
  await stage.database.em().execute("update provider_credentials set status = 'needs_reauth' where label = 'work'");
  const { activeProvider } = await readSession(client, session);
  expect(activeProvider).toMatchObject({ status: "NEEDS_AUTH", method: "API_KEY", credential: { id } });
});

test("after the chosen credential is revoked, the rest is shown as it would be taken", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  const work = await connectKey(client, stage, { label: "work" });
  const home = await connectKey(client, stage, { label: "home" });
  await chosen(client, session, { label: "work" });
  expect((await readProvider(client, session))?.selectedAt).not.toBeNull();
  await revoke(client, work);
  expect((await readSession(client, session)).activeProvider).toBeNull();
  expect(await readProvider(client, session)).toMatchObject({ credential: { id: home }, selectedAt: null });
  await revoke(client, home);
  expect(await readProvider(client, session)).toMatchObject(needsAuth);
});

test("a chosen key of the server's that is gone needs authentication, as issueAccess says, though the user has a key", async () => {
  const database = await createTestDatabase();
  let session: string;
  {
    await using stage = await setSessionStage({ database, environment: serversKey });
    const client = await stage.client("alice");
    session = await startSession(client);
    await chosen(client, session);
  }
  await using stage = await setSessionStage({ database });
  const client = await stage.client("alice");
  await connectKey(client, stage);
  expect((await readSession(client, session)).activeProvider).toMatchObject({ status: "NEEDS_AUTH", credential: null });
  expect(await issue(client, { sessionId: session })).toMatchObject({ __typename: "CredentialNotFoundError" });
});
