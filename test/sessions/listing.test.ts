import { expect, test } from "vitest";
import type { SessionsQueryVariables } from "../client/gql/graphql.ts";
import { sessionsQuery } from "../client/operations.ts";
import type { TestClient } from "../support/test-client.ts";
import { createTestDatabase } from "../support/test-database.ts";
import {
  chosen,
  connectKey,
  end,
  granted,
  readSession,
  setSessionStage,
  startSession,
  StillClock,
} from "./session-stage.ts";

async function readPage(client: TestClient, variables: SessionsQueryVariables = {}) {
  return (await client.execute(sessionsQuery, variables)).viewer.sessions;
}

const labelsOf = ({ nodes }: Awaited<ReturnType<typeof readPage>>) => nodes.map(({ label }) => label);

test("sessions outlive the server, with all that they remember", async () => {
  const database = await createTestDatabase();
  let session: string;
  let before: Awaited<ReturnType<typeof readSession>>;
  {
    await using stage = await setSessionStage({ database });
    const client = await stage.client("alice");
    session = await startSession(client, "phone");
    await connectKey(client, stage);
    await chosen(client, session, { model: "claude" });
    before = await readSession(client, session);
  }
  await using stage = await setSessionStage({ database });
  const client = await stage.client("alice");
  expect(await readSession(client, session)).toEqual(before);
  expect(await granted(client, { sessionId: session })).toMatchObject({ provider: { name: "anthropic" } });
});

test("a session that one device starts is listed, read and ended by another", async () => {
  await using stage = await setSessionStage();
  const [phone, laptop] = [await stage.client("alice"), await stage.client("alice")];
  const session = await startSession(phone, "phone");
  expect((await readPage(laptop)).nodes).toEqual([{ id: session, label: "phone", status: "ACTIVE" }]);
  expect(await readSession(laptop, session)).toEqual(await readSession(phone, session));
  await end(laptop, session);
  expect(await readSession(phone, session)).toMatchObject({ status: "ENDED" });
});

// Without a step all begin in the same millisecond.
test.each([1, 0])("pages go through all sessions in the order of creation, %i seconds apart", async (seconds) => {
  const clock = new StillClock();
  await using stage = await setSessionStage({ clock });
  const client = await stage.client("alice");
  for (const label of ["a", "b", "c", "d", "e"]) {
    clock.advance(seconds);
    await startSession(client, label);
  }
  const all = labelsOf(await readPage(client));
  expect(new Set(all)).toEqual(new Set(["a", "b", "c", "d", "e"]));
  const forwards: (string | null)[] = [];
  for (let after: string | null = null, more = true; more;) {
    const page = await readPage(client, { first: 2, after });
    forwards.push(...labelsOf(page));
    ({ endCursor: after, hasNextPage: more } = page.pageInfo);
  }
  expect(forwards).toEqual(all);

  const backwards: (string | null)[] = [];
  for (let before: string | null = null, more = true; more;) {
    const page = await readPage(client, { last: 2, before });
    backwards.unshift(...labelsOf(page));
    ({ startCursor: before, hasPreviousPage: more } = page.pageInfo);
  }
  expect(backwards).toEqual(all);
});

test("a status chooses the sessions that have it now, page by page", async () => {
  const clock = new StillClock();
  await using stage = await setSessionStage({ clock, environment: { SESSION_TIMEOUT: "100" } });
  const client = await stage.client("alice");
  for (const label of ["expired 1", "expired 2"]) await startSession(client, label);
  await end(client, await startSession(client, "ended"));
  clock.advance(100);
  for (const label of ["active 1", "active 2", "active 3"]) {
    clock.advance(1);
    await startSession(client, label);
  }
  const count = async (status: SessionsQueryVariables["status"]) => labelsOf(await readPage(client, { status })).length;
  expect(await count("EXPIRED")).toBe(2);
  expect(labelsOf(await readPage(client, { status: "ENDED" }))).toEqual(["ended"]);
  const page = await readPage(client, { status: "ACTIVE", first: 2 });
  expect(labelsOf(page)).toEqual(["active 1", "active 2"]);
  expect(page.pageInfo.hasNextPage).toBe(true);
  const rest = await readPage(client, { status: "ACTIVE", first: 2, after: page.pageInfo.endCursor });
  expect(labelsOf(rest)).toEqual(["active 3"]);
  expect(await count(null)).toBe(6);
});

test("a session that a sweeper has found expired is listed as one that nobody has found yet", async () => {
  const clock = new StillClock();
  await using stage = await setSessionStage({ clock, environment: { SESSION_TIMEOUT: "100" } });
  const client = await stage.client("alice");
  await startSession(client, "swept");
  await startSession(client, "found by nobody");
  clock.advance(100);
  await stage.database.em().execute("update sessions set status = 'expired', notice_at = null where label = 'swept'");
  const labels = labelsOf(await readPage(client, { status: "EXPIRED" }));
  expect(new Set(labels)).toEqual(new Set(["swept", "found by nobody"]));
  expect(labelsOf(await readPage(client, { status: "ACTIVE" }))).toEqual([]);
  expect(labelsOf(await readPage(client, { status: "ENDED" }))).toEqual([]);
});

test.each([{ first: 101 }, { last: -1 }, { after: "garbage" }])(
  "the page %j is refused with the code VALIDATION_FAILED",
  async (variables) => {
    await using stage = await setSessionStage();
    const { errors } = await (await stage.client("alice")).send(sessionsQuery, variables);
    expect(errors).toMatchObject([{ extensions: { code: "VALIDATION_FAILED" } }]);
  },
);
