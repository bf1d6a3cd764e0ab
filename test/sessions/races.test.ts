import { expect, inject, test, vi } from "vitest";
import type { OAuthStage } from "../connect/oauth/oauth-stage.ts";
import { holdableDatabase } from "../support/holdable-database.ts";
import {
  choose,
  chosen,
  connectKey,
  end,
  eventsOf,
  eventTypes,
  ownKeys,
  readSession,
  revoke,
  rowId,
  setSessionStage,
  startSession,
  touch,
} from "./session-stage.ts";

const providers = ["openai", "google", "anthropic"];

/** Each change begins where the one before ended. @returns where the last one ended. */
async function expectUnbrokenChain(stage: OAuthStage, user: string, sessionId: string): Promise<string | null> {
  const events = (await eventsOf(stage, user)).filter((event) => event.sessionId === rowId(sessionId));
  let active: string | null = null;
  for (const event of events.filter(({ type }) => type === "ActiveProviderChanged")) {
    expect(event.from).toBe(active);
    active = event.to ?? null;
  }
  return active;
}

/** Choices whose credential is gone, which would come to life when somebody connects one of the same name. */
async function orphans({ database }: OAuthStage): Promise<unknown[]> {
  return database.em().execute(
    `select p.* from session_providers p where p.source = 'stored' and not exists (
      select 1 from provider_credentials c where c.user_id = p.user_id and c.provider = p.provider
        and c.auth_method = p.auth_method and c.label = p.label)`,
  );
}

test("of many choices at once each begins where the one before ended", async () => {
  await using stage = await setSessionStage({ environment: ownKeys });
  const client = await stage.client("alice");
  const session = await startSession(client);
  await connectKey(client, stage);
  const results = await Promise.all(
    Array.from({ length: 21 }, (_, turn) =>
      turn % 7 === 6 ? touch(client, session) : choose(client, session, { provider: providers[turn % 3]! }),
    ),
  );
  const outcomes = new Set(results.map((result) => result.__typename));
  expect(outcomes).toEqual(new Set(["SetActiveProviderPayload", "TouchSessionPayload"]));
  const last = await expectUnbrokenChain(stage, "alice", session);
  expect((await readSession(client, session)).activeProvider?.provider.name).toBe(last);
});

test("a session that ends among many choices is told to have ended once, and of nothing after that", async () => {
  await using stage = await setSessionStage({ environment: ownKeys });
  const client = await stage.client("alice");
  const session = await startSession(client);
  await connectKey(client, stage);
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, turn) => {
      if (turn % 10 === 5) return end(client, session);
      return turn % 10 === 8
        ? touch(client, session)
        : choose(client, session, { provider: providers[turn % 3]!, model: `model ${turn}` });
    }),
  );
  const expected = ["SetActiveProviderPayload", "TouchSessionPayload", "EndSessionPayload", "SessionExpiredError"];
  for (const result of results) expect(expected).toContain(result.__typename);
  const types = await eventTypes(stage, "alice", session);
  expect(types.filter((type) => type === "SessionEnded")).toHaveLength(1);
  expect(types.at(-1)).toBe("SessionEnded");
  const last = await expectUnbrokenChain(stage, "alice", session);
  const { status, activeProvider } = await readSession(client, session);
  expect(status).toBe("ENDED");
  expect(activeProvider?.provider.name ?? null).toBe(last);
  const succeeded = results.filter((result) => result.__typename === "SetActiveProviderPayload").length;
  expect(types.filter((type) => type === "ActiveProviderChanged")).toHaveLength(succeeded);
});

test("a credential that is revoked between the choice and its writing is not chosen", async () => {
  const { database, hold } = await holdableDatabase();
  await using stage = await setSessionStage({ database });
  const client = await stage.client("alice");
  const session = await startSession(client);
  const id = await connectKey(client, stage);
  const held = hold();
  const choice = choose(client, session);
  await held.reached;
  expect(await revoke(client, id)).toMatchObject({ __typename: "RevokeCredentialPayload" });
  held.release();
  expect(await choice).toMatchObject({ __typename: "CredentialNotFoundError" });
  expect((await readSession(client, session)).activeProvider).toBeNull();
  expect(await orphans(stage)).toEqual([]);
  expect(await eventTypes(stage, "alice", session)).toEqual(["SessionStarted"]);
});

test("while a credential is revoked and chosen in many sessions at once, none keeps it", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const sessions: string[] = [];
  for (let count = 0; count < 6; count += 1) sessions.push(await startSession(client));
  for (let round = 0; round < 3; round += 1) {
    const id = await connectKey(client, stage);
    for (const session of sessions.slice(0, 3)) await chosen(client, session);
    const choices = sessions.map((session) => choose(client, session, { model: `model ${round}` }));
    const [revoked, ...results] = await Promise.all([revoke(client, id), ...choices]);
    expect(revoked.__typename).toBe("RevokeCredentialPayload");
    for (const { __typename } of results) {
      expect(["SetActiveProviderPayload", "CredentialNotFoundError"]).toContain(__typename);
    }
    expect(await orphans(stage)).toEqual([]);
  }
  for (const session of sessions) {
    expect(await expectUnbrokenChain(stage, "alice", session)).toBeNull();
    expect((await readSession(client, session)).activeProvider).toBeNull();
  }
});

test.skipIf(inject("testRun").databaseUrl === null)(
  "a session that chooses another account while its credential is being revoked keeps that choice",
  async () => {
    await using stage = await setSessionStage();
    const { database } = stage;
    const client = await stage.client("alice");
    const session = await startSession(client);
    const work = await connectKey(client, stage, { label: "work" });
    await connectKey(client, stage, { label: "home" });
    await chosen(client, session, { label: "work" });
    const revocation = await database.transaction(async (em) => {
      await em.execute("select 1 from sessions where id = ? for update", [rowId(session)]);
      const revoked = revoke(client, work);
      // It has found the session, and waits for it.
      const waiting = {
        name: "waiting_for_locks",
        text: "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      };
      await vi.waitFor(async () => expect(await database.query(waiting, [])).toHaveLength(1), { timeout: 30_000 });
      await em.execute("update session_providers set label = 'home' where session_id = ?", [rowId(session)]);
      return { revoked };
    });
    expect(await revocation.revoked).toMatchObject({ __typename: "RevokeCredentialPayload" });
    expect((await readSession(client, session)).activeProvider).toMatchObject({ credential: { label: "home" } });
    expect(await eventTypes(stage, "alice", session)).toEqual(["SessionStarted", "ActiveProviderChanged"]);
  },
);
