import { expect, test } from "vitest";
import { authenticateMutation, sessionsQuery } from "../client/operations.ts";
import type { TestClient } from "../support/test-client.ts";
import {
  choose,
  end,
  eventTypes,
  issue,
  ownKeys,
  readSession,
  setSessionStage,
  startSession,
  StillClock,
  touch,
} from "./session-stage.ts";

async function setStage() {
  const clock = new StillClock();
  const stage = await setSessionStage({ clock, environment: { ...ownKeys, SESSION_TIMEOUT: "100" } });
  return { ...stage, clock };
}

async function listed(client: TestClient, status: "ACTIVE" | "EXPIRED" | "ENDED") {
  const { viewer } = await client.execute(sessionsQuery, { status });
  return viewer.sessions.nodes.map(({ id }) => id);
}

test("without any sweep a session is expired from the moment of its expiry, for every operation", async () => {
  await using stage = await setStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  const ended = await startSession(client);
  await end(client, ended);
  stage.clock.advance(99.999);
  expect(await readSession(client, session)).toMatchObject({ status: "ACTIVE" });
  expect(await listed(client, "ACTIVE")).toEqual([session]);
  expect(await listed(client, "EXPIRED")).toEqual([]);

  stage.clock.advance(0.001);
  const expired = await readSession(client, session);
  expect(expired).toMatchObject({ status: "EXPIRED", expiresAt: stage.clock.now().toISOString() });
  expect(await listed(client, "ACTIVE")).toEqual([]);
  expect(await listed(client, "EXPIRED")).toEqual([session]);
  expect(await listed(client, "ENDED")).toEqual([ended]);

  const refusal = { __typename: "SessionExpiredError", code: "SESSION_EXPIRED" };
  expect(await touch(client, session)).toMatchObject(refusal);
  expect(await choose(client, session, { provider: "openai" })).toMatchObject(refusal);
  expect(await issue(client, { sessionId: session, provider: "openai" })).toMatchObject(refusal);
  const credential = { apiKey: stage.api.key };
  const { authenticate } = await client.execute(authenticateMutation, {
    input: { provider: "anthropic", sessionId: session, credential },
  });
  expect(authenticate).toMatchObject({ __typename: "SessionNotFoundError" });
  expect(await readSession(client, session)).toEqual(expired);
});

test("ending an expired session leaves it expired, and tells nobody", async () => {
  await using stage = await setStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  stage.clock.advance(101);
  expect(await end(client, session)).toMatchObject({ __typename: "EndSessionPayload", session: { status: "EXPIRED" } });
  expect(await eventTypes(stage, "alice")).toEqual(["SessionStarted"]);
});

test("a touch gives the session its whole time again, with the answer", async () => {
  await using stage = await setStage();
  const client = await stage.client("alice");
  const session = await startSession(client);
  stage.clock.advance(99);
  const now = stage.clock.now();
  expect(await touch(client, session)).toMatchObject({
    __typename: "TouchSessionPayload",
    session: { lastActivityAt: now.toISOString(), expiresAt: new Date(now.getTime() + 100_000).toISOString() },
  });
  stage.clock.advance(99);
  expect(await readSession(client, session)).toMatchObject({ status: "ACTIVE" });
});

test("a choice counts as activity, and reading does not", async () => {
  await using stage = await setStage();
  const client = await stage.client("alice");
  const [busy, idle] = [await startSession(client), await startSession(client)];
  stage.clock.advance(60);
  await choose(client, busy, { provider: "openai" });
  await readSession(client, idle);
  stage.clock.advance(60);
  expect(await readSession(client, busy)).toMatchObject({ status: "ACTIVE" });
  expect(await readSession(client, idle)).toMatchObject({ status: "EXPIRED" });
});
