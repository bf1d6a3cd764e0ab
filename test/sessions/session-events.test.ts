import { expect, test } from "vitest";
import { encodeNodeId } from "../../src/graphql/node-id.ts";
import { sessionEventsSubscription, viewerQuery } from "../client/operations.ts";
import { chosen, connectKey, end, nobodysSession, ownKeys, setSessionStage, startSession } from "./session-stage.ts";

test.each(["subscribeSse", "subscribeWebSocket"] as const)(
  "%s: only the events of the given session come, and none of credentials",
  async (subscribe) => {
    await using stage = await setSessionStage({ environment: ownKeys });
    const client = await stage.client("alice");
    const [session, other] = [await startSession(client), await startSession(client)];
    const { viewer } = await client.execute(viewerQuery);
    await using events = await client[subscribe](sessionEventsSubscription, {
      sessionId: session,
      after: viewer.eventCursor,
    });
    await chosen(client, other, { provider: "openai" });
    await connectKey(client, stage);
    await chosen(client, session, { provider: "google" });
    await end(client, other);
    await end(client, session);
    const received = [await events.next(), await events.next()].map(({ data }) => data?.sessionEvents);
    expect(received).toMatchObject([
      { __typename: "ActiveProviderChanged", session: { id: session }, from: null, to: "google" },
      { __typename: "SessionEnded", session: { id: session, status: "ENDED" } },
    ]);
  },
);

test("a subscription goes on after its last cursor, without a gap or a repetition", async () => {
  await using stage = await setSessionStage({ environment: ownKeys });
  const client = await stage.client("alice");
  const { viewer } = await client.execute(viewerQuery);
  const session = await startSession(client);
  const providers = ["openai", "google", "openai", "google"];
  for (const provider of providers.slice(0, 2)) await chosen(client, session, { provider });

  const read = async (after: string, count: number) => {
    await using events = await client.subscribeSse(sessionEventsSubscription, { sessionId: session, after });
    const received: { cursor: string; to: string | null | undefined }[] = [];
    while (received.length < count) {
      const event = (await events.next()).data!.sessionEvents;
      received.push({ cursor: event.cursor, to: event.__typename === "ActiveProviderChanged" ? event.to : undefined });
    }
    return received;
  };
  const first = await read(viewer.eventCursor, 2);
  for (const provider of providers.slice(2)) await chosen(client, session, { provider });
  const rest = await read(first.at(-1)!.cursor, 3);
  const all = [...first, ...rest];
  expect(all.map(({ to }) => to)).toEqual([undefined, ...providers]);
  expect(new Set(all.map(({ cursor }) => cursor)).size).toBe(all.length);
});

test("a session that does not exist yields nothing, and an id of anything else is refused", async () => {
  await using stage = await setSessionStage();
  const client = await stage.client("alice");
  for (const sessionId of ["garbage", encodeNodeId("User", "alice")]) {
    await using refused = await client.subscribeSse(sessionEventsSubscription, { sessionId });
    expect(await refused.next()).toMatchObject({ errors: [{ extensions: { code: "SESSION_NOT_FOUND" } }] });
  }
  await using nothing = await client.subscribeSse(sessionEventsSubscription, { sessionId: nobodysSession() });
  await using all = await client.subscribeSse(sessionEventsSubscription, {});
  const session = await startSession(client);
  const first = await Promise.race([nothing.next(), all.next()]);
  expect(first.data?.sessionEvents.session.id).toBe(session);
});
