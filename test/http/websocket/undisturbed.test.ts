import { expect, test } from "vitest";
import { inProcessDoorbell } from "../../../src/events/doorbell.ts";
import { Outbox } from "../../../src/events/outbox.ts";
import { credentialEventsSubscription, eventsSubscription } from "../../client/operations.ts";
import { cursorAt } from "../../support/cursor.ts";
import { startTestApp, type TestApp } from "../../support/test-app.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { ProtocolSocket, upgradeStatus } from "./protocol-socket.ts";

async function closeCode(socket: ProtocolSocket): Promise<number> {
  await using closing = socket;
  return (await closing.closed)[0];
}

/** A socket that is initialised with this token. @returns the code by which it is closed */
async function opened(server: TestApp, payload: object): Promise<number> {
  const socket = await ProtocolSocket.open(server.baseUrl);
  socket.send({ type: "connection_init", payload });
  return closeCode(socket);
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** What may go wrong with another socket, and what its client is told: a close code, a status, or an error's code. */
const strangers: Record<string, readonly [expected: unknown, act: (server: TestApp) => Promise<unknown>]> = {
  "no token": [4403, (server) => opened(server, {})],
  "a wrong token": [4403, (server) => opened(server, bearer("e30.e30.x"))],
  "an expired token": [4403, async (server) => opened(server, bearer(await server.token("alice", { lifetime: -60 })))],
  "an operation before the initialisation": [
    4401,
    async ({ baseUrl }) => {
      const socket = await ProtocolSocket.open(baseUrl);
      socket.subscribe("1", eventsSubscription);
      return closeCode(socket);
    },
  ],
  "a frame that is too large": [
    1009,
    async (server) => {
      const socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
      socket.send("x".repeat(70_000));
      return closeCode(socket);
    },
  ],
  "no message of the protocol": [
    4400,
    async (server) => {
      const socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
      socket.send("{");
      return closeCode(socket);
    },
  ],
  "too many operations": [
    "TOO_MANY_OPERATIONS",
    async (server) => {
      await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
      for (let id = 1; id <= 21; id++) socket.subscribe(String(id), eventsSubscription);
      // Those that are not refused may hear of events first.
      const refusal = (await socket.until(({ type }) => type === "error")).at(-1)!;
      return (refusal.payload as { extensions: { code: string } }[])[0]!.extensions.code;
    },
  ],
  "no subprotocol": [4406, async ({ baseUrl }) => closeCode(await ProtocolSocket.open(baseUrl, { protocol: "" }))],
  "another origin": [403, ({ baseUrl }) => upgradeStatus(`${baseUrl}/graphql`, { origin: "https://evil.example" })],
  "another path": [404, ({ baseUrl }) => upgradeStatus(`${baseUrl}/other`)],
};

test("sockets that are refused or closed, one after the other and all at once, disturb no subscription", async () => {
  const database = await createTestDatabase();
  const doorbell = inProcessDoorbell();
  await using server = await startTestApp({ database, doorbell, connections: { socketsPerUser: 20 } });
  const outbox = new Outbox(database, doorbell);
  let written = 0;
  const emit = () =>
    outbox.transaction("alice", async (_em, tell) => {
      const body = { credentialId: crypto.randomUUID(), provider: "anthropic", method: "api_key" } as const;
      tell({ type: "CredentialStored", body: { ...body, label: `label ${++written}` } });
    });
  await using good = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  good.subscribe("events", credentialEventsSubscription, { after: await cursorAt(database, "alice", 0) });
  const arrives = async () => {
    await emit();
    expect(await good.next()).toMatchObject({
      id: "events",
      payload: { data: { credentialEvents: { cursor: await cursorAt(database, "alice", written) } } },
    });
  };
  await arrives();
  for (const [name, [expected, act]] of Object.entries(strangers)) {
    expect([name, await act(server)]).toEqual([name, expected]);
    await arrives();
  }
  const answers = Promise.all(Object.values(strangers).map(([, act]) => act(server)));
  for (let count = 0; count < 20; count++) await arrives();
  expect(await answers).toEqual(Object.values(strangers).map(([expected]) => expected));
  await arrives();
  expect(server.logs.filter((line) => line.includes("unexpectedly"))).toEqual([]);
});
