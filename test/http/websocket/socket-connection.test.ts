import { EventEmitter } from "node:events";
import { expect, test, vi } from "vitest";
import type { WebSocket } from "ws";
import { SocketConnection } from "../../../src/http/websocket/socket-connection.ts";

/** A connection over a socket that does nothing. */
function connect() {
  const calls = { close: vi.fn(), ping: vi.fn(), terminate: vi.fn() };
  const socket = Object.assign(new EventEmitter(), calls, { bufferedAmount: 0, readyState: 1, OPEN: 1, CLOSING: 2 });
  const onFault = vi.fn();
  const peer = { ip: null, userAgent: null };
  const connection = new SocketConnection(socket as unknown as WebSocket, peer, { onFault, onAdmitted: () => {} });
  return { connection, socket, ...calls, onFault };
}

test("a socket that has not answered the last ping is ended", () => {
  const { connection, socket, ping, terminate } = connect();
  connection.beat();
  expect(ping).toHaveBeenCalledTimes(1);
  socket.emit("pong");
  connection.beat();
  expect(ping).toHaveBeenCalledTimes(2);
  expect(terminate).not.toHaveBeenCalled();
  connection.beat();
  expect(terminate).toHaveBeenCalledTimes(1);
  expect(ping).toHaveBeenCalledTimes(2);
});

test("while data waits, a socket is neither asked nor ended: a ping could not get through", () => {
  const { connection, socket, ping, terminate } = connect();
  connection.beat();
  socket.bufferedAmount = 1;
  for (let turn = 0; turn < 3; turn++) connection.beat();
  expect(ping).toHaveBeenCalledTimes(1);
  expect(terminate).not.toHaveBeenCalled();
});

test("a reason is told where a close frame has room for it: 123 bytes, however few characters they are", () => {
  const { connection, close } = connect();
  for (const reason of ["x".repeat(123), "x".repeat(124), "é".repeat(61), "é".repeat(62)])
    connection.close(1013, reason);
  expect(close.mock.calls).toEqual([
    [1013, "x".repeat(123)],
    [1013, ""],
    [1013, "é".repeat(61)],
    [1013, ""],
  ]);
});

test("a message to a socket that has closed is not waited for; one that is closing takes none until then", async () => {
  const { connection, socket } = connect();
  socket.readyState = 3;
  await connection.send("late");
  socket.readyState = 2;
  let isOver = false;
  const sent = connection.send("late").then(() => (isOver = true));
  await Promise.resolve();
  expect(isOver).toBe(false);
  socket.emit("close");
  await sent;
});

test.each(["message", "ping"])("a peer that goes on with %ss after the close frame is cut off in the end", (event) => {
  const { connection, socket, terminate } = connect();
  const handle = vi.fn(() => Promise.resolve());
  connection.onMessage(handle);
  socket.readyState = 2;
  for (let count = 0; count < 999; count++) socket.emit(event, Buffer.from("{}"));
  expect(terminate).not.toHaveBeenCalled();
  for (let count = 0; count < 100; count++) socket.emit(event, Buffer.from("{}"));
  expect(terminate).toHaveBeenCalledTimes(1);
  expect(handle).not.toHaveBeenCalled();
});
