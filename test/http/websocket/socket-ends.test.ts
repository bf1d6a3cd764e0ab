import { afterEach, expect, test, vi } from "vitest";
import { TokenExpiries } from "../../../src/callers/token-expiries.ts";
import { UnreadWatch } from "../../../src/http/connections/unread-watch.ts";
import { Heartbeat } from "../../../src/http/websocket/heartbeat.ts";
import { eventsSubscription } from "../../client/operations.ts";
import { startTestApp } from "../../support/test-app.ts";
import { EventSource } from "../graphql/event-source.ts";
import { ProtocolSocket } from "./protocol-socket.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** How many sockets are watched for what they leave unread. */
function countWatched() {
  const watched = { begun: 0, ended: 0 };
  vi.spyOn(UnreadWatch.prototype, "watch").mockImplementation(() => {
    watched.begun += 1;
    return () => void (watched.ended += 1);
  });
  return watched;
}

test("a socket that has closed is neither asked for life nor watched any more, and its token's end is not waited for", async () => {
  const watched = countWatched();
  const [asked, taken] = [vi.spyOn(Heartbeat.prototype, "add"), vi.spyOn(Heartbeat.prototype, "delete")];
  const waited = vi.spyOn(TokenExpiries.prototype, "add");
  await using server = await startTestApp();
  {
    await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
    socket.subscribe("1", eventsSubscription);
    socket.send({ type: "ping" });
    await socket.next();
    // The socket itself, and its subscription.
    await expect.poll(() => waited.mock.calls.length).toBe(2);
  }
  const expiries = waited.mock.contexts[0] as TokenExpiries;
  await expect.poll(() => expiries.isEmpty).toBe(true);
  expect(watched).toEqual({ begun: 1, ended: 1 });
  expect(asked).toHaveBeenCalledTimes(1);
  expect(taken.mock.calls).toEqual(asked.mock.calls);
});

test("a stream that has ended is not watched any more, and its token's end is not waited for", async () => {
  const watched = countWatched();
  const waited = vi.spyOn(TokenExpiries.prototype, "add");
  await using server = await startTestApp();
  {
    await using _events = await EventSource.open(server.baseUrl, await server.token("alice"), eventsSubscription);
    await expect.poll(() => waited.mock.calls.length).toBe(1);
  }
  const expiries = waited.mock.contexts[0] as TokenExpiries;
  await expect.poll(() => expiries.isEmpty).toBe(true);
  await expect.poll(() => watched.ended).toBe(watched.begun);
  expect(watched.begun).toBeGreaterThan(0);
});
