import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from "vitest";
import type { Scope } from "../../../src/callers/scope.ts";
import { Coordinator } from "../../../src/coordinator.ts";
import { inProcessDoorbell } from "../../../src/events/doorbell.ts";
import type { NewEvent } from "../../../src/events/event.ts";
import { Outbox } from "../../../src/events/outbox.ts";
import { authenticateMutation, revokeCredentialMutation, viewerQuery } from "../../client/operations.ts";
import { EventSource } from "../../http/graphql/event-source.ts";
import { ProtocolSocket } from "../../http/websocket/protocol-socket.ts";
import { cursorAt } from "../../support/cursor.ts";
import { startMockProvider } from "../../support/mock-provider.ts";
import { startTestApp, type TestApp } from "../../support/test-app.ts";
import { createTestDatabase } from "../../support/test-database.ts";

interface Result {
  readonly data?: Readonly<Record<string, { readonly cursor: string; readonly label?: string } | undefined>> | null;
  readonly errors?: unknown;
}

/** One subscription, over whichever transport. */
interface Subscription extends AsyncDisposable {
  next(): Promise<Result>;
}

type Subscribe = (
  server: TestApp,
  token: string,
  operation: { readonly query: string; readonly variables?: object },
) => Promise<Subscription>;

const overWebSocket: Subscribe = async ({ baseUrl }, token, { query, variables }) => {
  const socket = await ProtocolSocket.connect(baseUrl, token);
  socket.subscribe("1", query, variables);
  return {
    next: async () => (await socket.next()).payload as Result,
    [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
  };
};

const overSse: Subscribe = async ({ baseUrl }, token, { query, variables = {} }) => {
  const events = await EventSource.open(baseUrl, token, query, { variables });
  return {
    next: async () => (await events.next())![1] as Result,
    [Symbol.asyncDispose]: () => events[Symbol.asyncDispose](),
  };
};

const query = "subscription ($after: String) { credentialEvents(after: $after) { cursor label credential { label } } }";

/** Each execution of the queries here asks for the event's credential once. */
let executions: MockInstance<Coordinator["findCredential"]>;

beforeEach(() => {
  executions = vi.spyOn(Coordinator.prototype, "findCredential");
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** A server, what commits events in its process, and subscriptions that all end with it. */
async function startStage() {
  await using stack = new AsyncDisposableStack();
  const database = await createTestDatabase();
  const doorbell = inProcessDoorbell();
  const server = stack.use(await startTestApp({ database, doorbell }));
  const outbox = new Outbox(database, doorbell);
  const owned = stack.move();
  return {
    server,
    /** The variables with which a user's subscription goes on after an event; from the first one if none is named. */
    after: async (seq = 0, user = "alice") => ({ after: await cursorAt(database, user, seq) }),
    emit: async (user: string, ...events: NewEvent[]) =>
      outbox.transaction(user, async (_em, emit) => events.forEach((event) => emit(event))),
    open: async (
      subscribe: Subscribe,
      operation: Parameters<Subscribe>[2],
      who: { user?: string; scopes?: Scope[] } = {},
    ) => {
      const { user = "alice", scopes } = who;
      const token = await server.token(user, scopes === undefined ? {} : { scopes });
      const subscription = owned.use(await subscribe(server, token, operation));
      return subscription;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const stored = (label: string, provider = "anthropic"): NewEvent => ({
  type: "CredentialStored",
  body: { credentialId: crypto.randomUUID(), provider, method: "api_key", label },
});

const labelsOf = (results: readonly Result[]) =>
  results.map(({ data }) => (data?.["credentialEvents"] ?? data?.["events"])?.label);

/** The first event has come to each: the subscriptions are in place, and the next one finds them side by side. */
async function settle(stage: Awaited<ReturnType<typeof startStage>>, subscriptions: readonly Subscription[]) {
  await Promise.all(subscriptions.map((subscription) => subscription.next()));
  executions.mockClear();
  return stage;
}

describe.each([
  ["WebSocket", overWebSocket],
  ["SSE", overSse],
])("over %s", (_name, subscribe) => {
  test("an event is executed once for all subscribers of one operation and viewer", async () => {
    await using stage = await startStage();
    await stage.emit("alice", stored("first"));
    const start = await stage.after();
    const subscriptions = await Promise.all(
      Array.from({ length: 5 }, () => stage.open(subscribe, { query, variables: start })),
    );
    await settle(stage, subscriptions);
    const results = Promise.all(subscriptions.map((subscription) => subscription.next()));
    await stage.emit("alice", stored("second"));
    expect(labelsOf(await results)).toEqual(Array.from({ length: 5 }, () => "second"));
    expect(executions).toHaveBeenCalledTimes(1);
  });

  test("where each has come to makes no difference", async () => {
    await using stage = await startStage();
    await stage.emit("alice", stored("one"), stored("two"), stored("three"));
    const subscriptions = await Promise.all(
      [0, 1, 2].map(async (seq) => stage.open(subscribe, { query, variables: await stage.after(seq) })),
    );
    for (const [seq, subscription] of subscriptions.entries())
      expect(labelsOf(await Promise.all([0, 1, 2].slice(seq).map(() => subscription.next())))).toEqual(
        ["one", "two", "three"].slice(seq),
      );
    executions.mockClear();
    const results = Promise.all(subscriptions.map((subscription) => subscription.next()));
    await stage.emit("alice", stored("four"));
    expect(labelsOf(await results)).toEqual(["four", "four", "four"]);
    expect(executions).toHaveBeenCalledTimes(1);
  });

  test("another document, other variables, or other scopes get executions of their own", async () => {
    await using stage = await startStage();
    await stage.emit("alice", stored("first"));
    const filtered =
      "subscription ($after: String, $provider: String) { credentialEvents(after: $after, provider: $provider) { cursor label credential { label } } }";
    const scopes: Scope[] = ["credentials:read"];
    const start = await stage.after();
    const subscriptions = await Promise.all([
      stage.open(subscribe, { query, variables: start }),
      stage.open(subscribe, { query: `${query} #`, variables: start }),
      stage.open(subscribe, { query, variables: start }, { scopes }),
      stage.open(subscribe, { query: filtered, variables: { ...start, provider: "anthropic" } }),
      stage.open(subscribe, { query: filtered, variables: { ...start, provider: null } }),
    ]);
    await settle(stage, subscriptions);
    const results = Promise.all(subscriptions.map((subscription) => subscription.next()));
    await stage.emit("alice", stored("second"));
    expect(labelsOf(await results)).toEqual(subscriptions.map(() => "second"));
    expect(executions).toHaveBeenCalledTimes(subscriptions.length);
  });

  test("nothing is shared between users", async () => {
    await using stage = await startStage();
    const users = ["alice", "bob", "carol"];
    for (const user of users) await stage.emit(user, stored("first"));
    const subscriptions = await Promise.all(
      users.map(async (user) => stage.open(subscribe, { query, variables: await stage.after(0, user) }, { user })),
    );
    await settle(stage, subscriptions);
    const results = Promise.all(subscriptions.map((subscription) => subscription.next()));
    for (const user of users) await stage.emit(user, stored(`of ${user}`));
    expect(labelsOf(await results)).toEqual(users.map((user) => `of ${user}`));
    expect(executions.mock.calls.map(([userId]) => userId).toSorted()).toEqual(users);
  });
});

test("sockets and SSE streams share with each other", async () => {
  await using stage = await startStage();
  await stage.emit("alice", stored("first"));
  const start = await stage.after();
  const subscriptions = [
    await stage.open(overWebSocket, { query, variables: start }),
    await stage.open(overSse, { query, variables: start }),
  ];
  await settle(stage, subscriptions);
  const results = Promise.all(subscriptions.map((subscription) => subscription.next()));
  await stage.emit("alice", stored("second"));
  const [first, second] = await results;
  expect(first).toEqual(second);
  expect(executions).toHaveBeenCalledTimes(1);
});

test("a token without the scope `sessions` gets nothing of what one with it gets", async () => {
  await using stage = await startStage();
  const operation = {
    query: "subscription ($after: String) { events(after: $after) { __typename cursor } }",
    variables: await stage.after(),
  };
  const seeing = await stage.open(overWebSocket, operation);
  const blind = await stage.open(overWebSocket, operation, { scopes: ["credentials:read"] });
  const sessionId = crypto.randomUUID();
  await stage.emit(
    "alice",
    { type: "SessionStarted", body: { sessionId } },
    stored("one"),
    { type: "SessionEnded", body: { sessionId } },
    stored("two"),
  );
  const typesOf = async (subscription: Subscription, count: number) => {
    const types: unknown[] = [];
    while (types.length < count) types.push((await subscription.next()).data!["events"]);
    return types;
  };
  expect(await typesOf(seeing, 4)).toMatchObject(
    ["SessionStarted", "CredentialStored", "SessionEnded", "CredentialStored"].map((__typename) => ({ __typename })),
  );
  expect(await typesOf(blind, 2)).toEqual(
    (await Promise.all([2, 4].map((seq) => stage.after(seq)))).map(({ after: cursor }) => ({
      __typename: "CredentialStored",
      cursor,
    })),
  );
});

test("a subscriber that comes later sees the state of its own time, not that of an earlier execution", async () => {
  await using provider = await startMockProvider("anthropic");
  await using server = await startTestApp({ environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl } });
  const client = await server.client("alice");
  const start = { after: (await client.execute(viewerQuery)).viewer.eventCursor };
  await using first = await overWebSocket(server, await server.token("alice"), { query, variables: start });
  const input = { provider: "anthropic", credential: { apiKey: provider.key } };
  const { authenticate } = await client.execute(authenticateMutation, { input });
  const credential = (authenticate as { credential: { id: string } }).credential;
  expect((await first.next()).data).toMatchObject({ credentialEvents: { credential: { label: "default" } } });
  await client.execute(revokeCredentialMutation, { input: { credentialId: credential.id } });
  await using late = await overWebSocket(server, await server.token("alice"), { query, variables: start });
  expect((await late.next()).data).toMatchObject({ credentialEvents: { credential: null } });
});

test("one whose token expires is ended, and those who share with it go on", async () => {
  let now = Date.now();
  const database = await createTestDatabase();
  const doorbell = inProcessDoorbell();
  await using server = await startTestApp({ database, doorbell, clock: { now: () => new Date(now) } });
  const outbox = new Outbox(database, doorbell);
  const emit = (label: string) => outbox.transaction("alice", async (_em, tell) => tell(stored(label)));
  await emit("first");
  const start = { after: await cursorAt(database, "alice", 0) };
  await using short = await overSse(server, await server.token("alice", { lifetime: 60 }), { query, variables: start });
  await using long = await overSse(server, await server.token("alice", { lifetime: 600 }), { query, variables: start });
  expect(labelsOf([await short.next(), await long.next()])).toEqual(["first", "first"]);
  now += 60_000;
  await emit("second");
  expect(await short.next()).toMatchObject({ errors: [{ extensions: { code: "UNAUTHENTICATED" } }] });
  expect(labelsOf([await long.next()])).toEqual(["second"]);
});
