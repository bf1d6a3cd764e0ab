/**
 * A bare `ws` server that acknowledges, remembers who subscribed, and on request sends the same bytes as the real one
 * to a user's sockets: no database, no GraphQL, no token check beyond reading who it is.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeJwt } from "jose";
import { type WebSocket, WebSocketServer } from "ws";
import { reportPort } from "../report-port.ts";
import { now, type ServerRequest } from "./stream-process.ts";

const server = createServer();
const sockets = new Map<string, Set<WebSocket>>();

function join(socket: WebSocket, userId: string): void {
  const own = sockets.get(userId) ?? new Set();
  sockets.set(userId, own.add(socket));
  socket.once("close", () => own.delete(socket));
}

new WebSocketServer({ server }).on("connection", (socket) => {
  socket.on("message", (data: Buffer) => {
    const { type, payload } = JSON.parse(data.toString()) as { type: string; payload: { authorization: string } };
    if (type !== "connection_init") return;
    join(socket, decodeJwt(payload.authorization.slice("Bearer ".length)).sub!);
    socket.send(JSON.stringify({ type: "connection_ack" }));
  });
});

function answer(request: ServerRequest): number {
  if (request.kind === "unread") return 0;
  if (request.kind !== "event") {
    if (request.kind === "memory") globalThis.gc?.();
    return process.memoryUsage().rss;
  }
  const sentAt = now();
  const event = { __typename: "CredentialStored", cursor: "ZTEuMQ", occurredAt: new Date(), label: "bench" };
  const message = JSON.stringify({ id: "1", type: "next", payload: { data: { credentialEvents: event } } });
  for (const socket of sockets.get(request.userId) ?? []) socket.send(message);
  return sentAt;
}

process.on("message", (request: ServerRequest) => process.send?.({ answer: answer(request) }));
server.listen(0, "127.0.0.1", () => {
  reportPort((server.address() as AddressInfo).port, async () => void server.close());
});
