import { expect, test } from "vitest";
import { endOtherSessionsMutation } from "../client/operations.ts";
import type { TestClient } from "../support/test-client.ts";
import {
  choose,
  chosen,
  connectKey,
  end,
  eventTypes,
  issue,
  nobodysSession,
  ownKeys,
  readSession,
  rowId,
  setSessionStage,
  startSession,
  StillClock,
  touch,
} from "./session-stage.ts";

async function endOthers(client: TestClient, keepSessionId: string) {
  return (await client.execute(endOtherSessionsMutation, { input: { keepSessionId } })).endOtherSessions;
}

test("an ended session can be read and does nothing more; the user's credentials stay", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const session = await startSession(client, "phone");
  await connectKey(client, stage);
  await chosen(client, session);
  expect(await end(client, session)).toMatchObject({ session: { id: session, status: "ENDED" } });
  expect(await readSession(client, session)).toMatchObject({ label: "phone", status: "ENDED" });
  const refusal = { __typename: "SessionExpiredError", message: expect.stringContaining("was ended") };
  expect(await touch(client, session)).toMatchObject(refusal);
  expect(await choose(client, session)).toMatchObject(refusal);
  expect(await issue(client, { sessionId: session })).toMatchObject(refusal);
  expect(await issue(client, { provider: "anthropic" })).toMatchObject({ __typename: "IssueAccessPayload" });
});

test("ending a session again changes nothing and is told once", async () => {
  const clock = new StillClock();
  await using stage = await setSessionStage({ clock });
  const client = await stage.client("alice");
  const session = await startSession(client);
  await end(client, session);
  const before = await readSession(client, session);
  clock.advance(5);
  expect(await end(client, session)).toMatchObject({ __typename: "EndSessionPayload", session: { status: "ENDED" } });
  expect(await readSession(client, session)).toEqual(before);
  expect(await eventTypes(stage, "alice")).toEqual(["SessionStarted", "SessionEnded"]);
});

test("a session that has ended waits for no notice: neither a warning nor an expiry is still to come", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  const [kept, one, other] = [await startSession(client), await startSession(client), await startSession(client)];
  await end(client, one);
  await endOthers(client, kept);
  const rows = await stage.database
    .em()
    .execute<{ id: string }[]>("select id from sessions where notice_at is not null");
  expect(rows).toEqual([{ id: rowId(kept) }]);
  expect(await readSession(client, other)).toMatchObject({ status: "ENDED" });
});

test("all other sessions of the user end, and those that are over already, and other users', are left alone", async () => {
  const clock = new StillClock();
  await using stage = await setSessionStage({ clock, environment: { SESSION_TIMEOUT: "100" } });
  const [alice, bob] = [await stage.client("alice"), await stage.client("bob")];
  const expired = await startSession(alice);
  clock.advance(100);
  const [kept, first, second, ended] = [
    await startSession(alice),
    await startSession(alice),
    await startSession(alice),
    await startSession(alice),
  ];
  const his = await startSession(bob);
  await end(alice, ended);

  const result = await endOthers(alice, kept);
  if (result.__typename !== "EndOtherSessionsPayload") throw new Error(result.message);
  expect(result.endedSessionIds.toSorted()).toEqual([first, second].toSorted());
  const status = async (client: TestClient, id: string) => (await readSession(client, id)).status;
  expect(await status(alice, kept)).toBe("ACTIVE");
  expect(await status(alice, first)).toBe("ENDED");
  expect(await status(alice, expired)).toBe("EXPIRED");
  expect(await status(bob, his)).toBe("ACTIVE");
  expect(await eventTypes(stage, "alice", first)).toEqual(["SessionStarted", "SessionEnded"]);
  expect(await eventTypes(stage, "alice", expired)).toEqual(["SessionStarted"]);
  expect(await eventTypes(stage, "bob")).toEqual(["SessionStarted"]);
  expect(await endOthers(alice, kept)).toMatchObject({ endedSessionIds: [] });
});

test("where the session to keep is nobody's or another's, no session ends", async () => {
  await using stage = await setSessionStage();
  const [alice, bob] = [await stage.client("alice"), await stage.client("bob")];
  const [hers, his] = [await startSession(alice), await startSession(bob)];
  for (const id of [his, nobodysSession(), "garbage"]) {
    expect(await endOthers(alice, id)).toMatchObject({ __typename: "SessionNotFoundError" });
  }
  expect(await readSession(alice, hers)).toMatchObject({ status: "ACTIVE" });
});

test("a new session begins without a provider, with the server's timeout, and with its label", async () => {
  const clock = new StillClock();
  await using stage = await setSessionStage({ clock, environment: { ...ownKeys, SESSION_TIMEOUT: "100" } });
  const client = await stage.client("alice");
  const now = clock.now().toISOString();
  expect(await readSession(client, await startSession(client, "phone"))).toMatchObject({
    label: "phone",
    status: "ACTIVE",
    activeProvider: null,
    createdAt: now,
    lastActivityAt: now,
    expiresAt: new Date(clock.now().getTime() + 100_000).toISOString(),
  });
});
