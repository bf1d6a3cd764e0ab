import { once } from "node:events";
import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { ExplainingSocket } from "../../../src/http/websocket/explaining-socket.ts";
import { startTestApp } from "../../support/test-app.ts";

test("of messages that come in one read a socket gives one in each turn of the event loop", async () => {
  await using server = await startTestApp();
  const socket = new WebSocket(`${server.baseUrl.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  await once(socket, "open");
  let turn = 0;
  const turning = () => {
    turn += 1;
    timer = setImmediate(turning);
  };
  let timer = setImmediate(turning);
  onTestFinished(() => clearImmediate(timer));
  const turns: number[] = [];
  const emit = vi.spyOn(ExplainingSocket.prototype, "emit");
  onTestFinished(() => emit.mockRestore());
  emit.mockImplementation(function (this: ExplainingSocket, event, ...values: unknown[]) {
    if (event === "message" || event === "ping") turns.push(turn);
    return WebSocket.prototype.emit.call(this, event, ...values);
  });
  const wire = (socket as unknown as { _socket: import("node:net").Socket })._socket;
  wire.cork();
  for (let count = 0; count < 10; count++) socket.send(JSON.stringify({ type: "ping" }));
  for (let count = 0; count < 10; count++) socket.ping();
  wire.uncork();
  await expect.poll(() => turns.length).toBe(20);
  expect(new Set(turns).size).toBe(20);
  socket.terminate();
});
