import { WebSocket } from "ws";
import { crowd, type Flood, floodMs, pause, post, type Target, write } from "../target.ts";

/** About as dear as one operation may be: each event asks for what a session's providers are, many times over. */
const dear = (index: number) => {
  const session = "session { id label expiresAt providers { status provider { name } } }";
  const again = Array.from({ length: 29 }, (_, alias) => `s${alias}: ${session}`).join(" ");
  return `subscription Dear${index} { sessionEvents { cursor ${again} } }`;
};

async function send({ port, token }: Target, query: string): Promise<void> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const init = { method: "POST", headers, body: JSON.stringify({ query }) };
  await fetch(`http://127.0.0.1:${port}/graphql`, init).then(
    (response) => response.text(),
    () => {},
  );
}

/** Each makes an event for all subscribers. */
async function changes(target: Target, end: number): Promise<void> {
  while (performance.now() < end) {
    await send(target, 'mutation { startSession(input: { label: "flood" }) { __typename } }');
    await pause(20);
  }
}

/** As many subscriptions as a caller may have on sockets, all different. */
const overSockets: Flood = async (target) => {
  const end = performance.now() + floodMs;
  const sockets = Array.from({ length: 5 }, (_, socketIndex) => {
    const socket = new WebSocket(`ws://127.0.0.1:${target.port}/graphql`, "graphql-transport-ws");
    socket.on("error", () => {});
    socket.on("open", () =>
      socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${target.token}` } })),
    );
    socket.once("message", () => {
      for (let id = 0; id < 20; id++) {
        const payload = { query: dear(socketIndex * 20 + id) };
        socket.send(JSON.stringify({ type: "subscribe", id: String(id), payload }));
      }
      // It reads nothing of what comes of them.
      socket.pause();
    });
    return socket;
  });
  await changes(target, end);
  for (const socket of sockets) socket.terminate();
};

/** The same over event streams of which nothing is read. */
const overStreams: Flood = async (target) => {
  const end = performance.now() + floodMs;
  const streams = crowd(
    target,
    20,
    async (socket, index) => {
      const body = JSON.stringify({ query: dear(index) });
      await write(socket, post(target, ["accept: text/event-stream", `content-length: ${body.length}`]) + body);
      await pause(Math.max(end - performance.now(), 0));
    },
    { reads: false },
  );
  await Promise.all([streams, changes(target, end)]);
};

/** Subscriptions by the hundred, while what they watch changes. */
export const subscriptionFloods: Readonly<Record<string, Flood>> = {
  "100 dear subscriptions on sockets that are not read": overSockets,
  "dear event streams that are not read": overStreams,
};
