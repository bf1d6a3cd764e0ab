import { expect, test } from "vitest";
import {
  authenticateMutation,
  credentialEventsSubscription,
  eventsSubscription,
  viewerQuery,
} from "../../client/operations.ts";
import { startMockProvider } from "../../support/mock-provider.ts";
import { startTestApp } from "../../support/test-app.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { PollSpy } from "../poll-spy.ts";
import { TokenClock } from "../token-clock.ts";
import { EventSource } from "./event-source.ts";

/** A cursor of the form that earlier versions gave. */
function oldCursor(seq: number | string): string {
  return Buffer.from(`e1.${seq}`).toString("base64url");
}

/** A server where Alice connects accounts, with one event each. */
async function startWithAlice() {
  await using stack = new AsyncDisposableStack();
  const provider = stack.use(await startMockProvider("anthropic"));
  const database = await createTestDatabase();
  const environment = { ANTHROPIC_API_BASE_URL: provider.baseUrl };
  const server = stack.use(await startTestApp({ database, environment }));
  const client = await server.client("alice");
  const parts = stack.move();
  return {
    server,
    database,
    client,
    connect: async (label: string) => {
      const input = { provider: "anthropic", label, credential: { apiKey: provider.key } };
      const { authenticate } = await client.execute(authenticateMutation, { input });
      expect(authenticate.__typename).toBe("AuthenticatePayload");
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

test("a subscription after a cursor gets what was missed, then what follows, each once and in order", async () => {
  await using alice = await startWithAlice();
  const { client, connect } = alice;
  const { viewer } = await client.execute(viewerQuery);
  await connect("first");
  const { credentialEvents: first } = await (async () => {
    await using events = await client.subscribeSse(credentialEventsSubscription, { after: viewer.eventCursor });
    return (await events.next()).data!;
  })();
  await connect("second");
  await connect("third");
  await using events = await client.subscribeSse(credentialEventsSubscription, { after: first.cursor });
  const labels = [first.label];
  for (let missed = 0; missed < 2; missed++) labels.push((await events.next()).data!.credentialEvents.label);
  await connect("fourth");
  labels.push((await events.next()).data!.credentialEvents.label);
  expect(labels).toEqual(["first", "second", "third", "fourth"]);
});

test("a subscription without a cursor gets what happens from now on", async () => {
  await using alice = await startWithAlice();
  await alice.connect("before");
  await using events = await alice.client.subscribeSse(credentialEventsSubscription);
  await alice.connect("after");
  expect((await events.next()).data?.credentialEvents.label).toBe("after");
});

const cursors = {
  "a text that is no cursor": ["nowhere", "CURSOR_INVALID"],
  "an empty cursor": ["", "CURSOR_INVALID"],
  "a cursor with a number that is none": [oldCursor("1e3"), "CURSOR_INVALID"],
  "a negative cursor": [oldCursor(-1), "CURSOR_INVALID"],
  "a cursor beyond all numbers": [oldCursor("9".repeat(16)), "CURSOR_INVALID"],
  "a very long cursor": ["x".repeat(50_000), "CURSOR_INVALID"],
  "a cursor of an earlier version": [oldCursor(1), "CURSOR_EXPIRED"],
  "a cursor that nobody gave": [Buffer.from(`e2.1.${"A".repeat(16)}`).toString("base64url"), "CURSOR_EXPIRED"],
} as const;

test.each(Object.entries(cursors))("%s ends the subscription with an error", async (_name, [after, code]) => {
  await using alice = await startWithAlice();
  for (const label of ["first", "second"]) await alice.connect(label);
  await alice.database.em().execute("update user_streams set floor = 1");
  const token = await alice.server.token("alice");
  await using events = await EventSource.open(alice.server.baseUrl, token, eventsSubscription, {
    variables: { after },
  });
  expect(await events.next()).toMatchObject(["next", { errors: [{ path: ["events"], extensions: { code } }] }]);
  expect(await events.next()).toEqual(["complete", null]);
  expect(await events.next()).toBeNull();
});

test("when the token expires the stream ends with an UNAUTHENTICATED error", async () => {
  const clock = new TokenClock();
  await using server = await startTestApp({ clock });
  clock.setNextSecondIn(300);
  const token = await server.token("alice", { lifetime: 1 });
  await using events = await EventSource.open(server.baseUrl, token, eventsSubscription);
  expect(await events.next()).toMatchObject(["next", { errors: [{ extensions: { code: "UNAUTHENTICATED" } }] }]);
  expect(await events.next()).toEqual(["complete", null]);
  expect(await events.next()).toBeNull();
});

test("a client that accepts anything gets a subscription as an event stream", async () => {
  await using server = await startTestApp();
  const token = await server.token("alice");
  await using events = await EventSource.open(server.baseUrl, token, eventsSubscription, { accept: "*/*" });
  expect(events.response.headers.get("content-type")).toBe("text/event-stream");
});

test("a client that does not accept event streams gets no subscription", async () => {
  await using server = await startTestApp();
  const client = await server.client("alice");
  for (const accept of ["application/json", "application/graphql-response+json", "multipart/mixed"]) {
    const response = await client.post({ query: eventsSubscription.toString() }, { accept });
    expect(response.status).toBe(406);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "NOT_ACCEPTABLE" } }] });
  }
});

test("closing the connection ends the watch over the user's stream", async () => {
  const spy = new PollSpy(await createTestDatabase());
  await using server = await startTestApp({ database: spy.database, pollIntervalMs: 10 });
  await using _bob = await EventSource.open(server.baseUrl, await server.token("bob"), eventsSubscription);
  await using alice = await EventSource.open(server.baseUrl, await server.token("alice"), eventsSubscription);
  await spy.polled("alice", "bob");
  await alice[Symbol.asyncDispose]();
  await expect(spy.polled("bob")).resolves.toBeUndefined();
});
