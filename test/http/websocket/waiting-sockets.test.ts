import { once } from "node:events";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { startTestApp, type TestApp } from "../../support/test-app.ts";
import { ProtocolSocket } from "./protocol-socket.ts";

async function open({ baseUrl }: TestApp): Promise<WebSocket> {
  const socket = new WebSocket(`${baseUrl.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  await once(socket, "open");
  return socket;
}

async function codeOf(socket: WebSocket): Promise<number> {
  socket.on("error", () => {});
  const [code] = (await once(socket, "close")) as [number];
  return code;
}

function sendFragments(socket: WebSocket, count: number, piece = "x"): void {
  for (let sent = 0; sent < count; sent++) socket.send(piece, { fin: false });
}

const init = async (server: TestApp) =>
  JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${await server.token("alice")}` } });

async function admitted(server: TestApp): Promise<WebSocket> {
  const socket = await open(server);
  socket.send(await init(server));
  await once(socket, "message");
  return socket;
}

test.each(["x", ""])(
  "a message in too many fragments (%j) closes a caller's socket, and the limit is named",
  async (piece) => {
    await using server = await startTestApp();
    const socket = await admitted(server);
    sendFragments(socket, 17, piece);
    const [code, reason] = (await once(socket, "close")) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([1008, expect.stringContaining("16 fragments")]);
  },
);

test("a message in as many fragments as are allowed is read", async () => {
  await using server = await startTestApp();
  const socket = await admitted(server);
  const text = JSON.stringify({ type: "ping" });
  for (let at = 0; at < 15; at++) socket.send(text[at] ?? "", { fin: false });
  socket.send(text.slice(15), { fin: true });
  const [answer] = (await once(socket, "message")) as [Buffer];
  expect(JSON.parse(answer.toString())).toEqual({ type: "pong" });
  socket.terminate();
});

const tooMuch: Record<string, (socket: WebSocket) => void> = {
  "too many fragments": (socket) => sendFragments(socket, 17),
  "more bytes than a token needs": (socket) =>
    socket.send(JSON.stringify({ type: "ping", payload: "x".repeat(20_000) })),
  "pings without end": (socket) => {
    for (let count = 0; count < 200; count++) socket.ping("x".repeat(120));
  },
};

test.each(Object.entries(tooMuch))("who is not known yet and sends %s is cut off at once", async (_name, send) => {
  await using server = await startTestApp({ environment: { METRICS: "true" } });
  const socket = await open(server);
  // What it writes may end it before it reads again.
  const closed = codeOf(socket);
  socket.pause();
  send(socket);
  // Its own answer to a close frame cannot have ended it: it reads none.
  await expect.poll(() => metric(server)).toBe(0);
  socket.resume();
  await closed;
});

/** How many sockets the server holds. */
async function metric({ baseUrl }: TestApp): Promise<number> {
  const text = await (await fetch(`${baseUrl}/metrics`)).text();
  return Number(/^maestro_websockets_open (\d+)/m.exec(text)![1]);
}

test("who was refused and does not leave is cut off", async () => {
  await using server = await startTestApp({ environment: { METRICS: "true" } });
  const socket = await open(server);
  socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: "Bearer nonsense" } }));
  socket.pause();
  await expect.poll(() => metric(server)).toBe(0);
  socket.terminate();
});

test("of sockets that never say who they are the oldest makes room; a caller comes in all the same", async () => {
  await using server = await startTestApp({ connections: { waitingSocketsPerNetwork: 2, waitingSocketsInAll: 3 } });
  const silent = [await open(server), await open(server), await open(server)];
  const codes = silent.map(codeOf);
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  socket.send({ type: "ping" });
  expect(await socket.next()).toEqual({ type: "pong" });
  expect(await codes[0]).toBe(1013);
  // The others had their three seconds.
  expect(await Promise.all(codes.slice(1))).toEqual([4408, 4408]);
});

test("a known caller's connection is not among those that make room", async () => {
  await using server = await startTestApp({ connections: { unknownPerNetwork: 1, unknownInAll: 2 } });
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  for (let count = 0; count < 5; count++) await fetch(`${server.baseUrl}/health`, { headers: { connection: "close" } });
  const strangers = await Promise.all([open(server), open(server)]);
  for (const stranger of strangers) stranger.on("error", () => {});
  socket.send({ type: "ping" });
  expect(await socket.next()).toEqual({ type: "pong" });
  for (const stranger of strangers) stranger.terminate();
});

const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

test.each([
  ["deep", `{"type":"connection_init","payload":${nested(5_000)}}`, "32 levels"],
  [
    "full of names",
    `{"type":"connection_init","payload":[${Array.from({ length: 2_100 }, () => "1").join(",")}]}`,
    "2000 values",
  ],
])("a first message that is %s closes the socket with 4400", async (_name, message, limit) => {
  await using server = await startTestApp();
  await using socket = await ProtocolSocket.open(server.baseUrl);
  socket.send(message);
  expect(await socket.closed).toEqual([4400, expect.stringContaining(limit)]);
});

test("so does an operation whose variables are", async () => {
  await using server = await startTestApp();
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  socket.send(
    `{"type":"subscribe","id":"1","payload":{"query":"{ viewer { id } }","variables":{"v":${nested(30_000)}}}}`,
  );
  expect(await socket.closed).toEqual([4400, "JSON may nest at most 32 levels."]);
});
