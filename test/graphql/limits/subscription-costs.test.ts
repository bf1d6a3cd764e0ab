import { expect, test } from "vitest";
import { EventSource } from "../../http/graphql/event-source.ts";
import { ProtocolSocket } from "../../http/websocket/protocol-socket.ts";
import { startTestApp } from "../../support/test-app.ts";

const query = "subscription { credentialEvents { cursor credential { id label status } } }";

/** A server that lets so many of this subscription be open, and what each costs. */
async function startWith(places: number) {
  await using probe = await startTestApp({ environment: { MAX_SUBSCRIPTION_COST: "1" } });
  await using socket = await ProtocolSocket.connect(probe.baseUrl, await probe.token("alice"));
  socket.subscribe("1", query);
  const { payload } = await socket.next();
  const { errors } = payload as { errors: [{ extensions: { requested: number } }] };
  const [{ extensions }] = errors;
  const limit = extensions.requested * places + 1;
  return {
    server: await startTestApp({ environment: { MAX_SUBSCRIPTION_COST: String(limit) } }),
    limit,
    cost: extensions.requested,
  };
}

test("what a caller's open subscriptions cost together is limited on all transports, and what ends makes room", async () => {
  const { server, limit, cost } = await startWith(2);
  await using _server = server;
  const token = await server.token("alice");
  await using socket = await ProtocolSocket.connect(server.baseUrl, token);
  const stream = await EventSource.open(server.baseUrl, token, query);
  socket.subscribe("1", query);
  socket.subscribe("2", query);
  expect(await socket.next()).toMatchObject({
    id: "2",
    payload: {
      errors: [
        {
          message: expect.stringContaining(`the limit is ${limit}`),
          extensions: { code: "SUBSCRIPTION_COST_LIMIT_EXCEEDED", limit, requested: cost * 3 },
        },
      ],
    },
  });
  await using refused = await EventSource.open(server.baseUrl, token, query);
  expect(await refused.rest()).toContain("SUBSCRIPTION_COST_LIMIT_EXCEEDED");

  // Another user, and a service that acts for this one, have sums of their own.
  await using bob = await EventSource.open(server.baseUrl, await server.token("bob"), query);
  expect(bob.response.headers.get("x-accel-buffering")).toBe("no");

  await stream[Symbol.asyncDispose]();
  await expect
    .poll(async () => {
      await using again = await EventSource.open(server.baseUrl, token, query);
      return again.response.headers.get("content-type")?.startsWith("text/event-stream");
    })
    .toBe(true);
});

test("one that could not start holds nothing", async () => {
  const { server } = await startWith(1);
  await using _server = server;
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  for (const id of ["1", "2", "3"]) {
    socket.subscribe(id, query.replace("credentialEvents", 'credentialEvents(after: "nowhere")'));
    expect(await socket.next()).toMatchObject({
      id,
      payload: { errors: [{ extensions: { code: "CURSOR_INVALID" } }] },
    });
    expect(await socket.next()).toEqual({ type: "complete", id });
  }
});
