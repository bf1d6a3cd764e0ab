import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { close, listen } from "../../src/http/server-lifetime.ts";

afterEach(() => {
  vi.useRealTimers();
});

test("a request that never ends holds the close up for five seconds, and is cut then", async () => {
  const server = createServer(() => {});
  await listen(server, { host: "127.0.0.1", port: 0 });
  const { port } = server.address() as AddressInfo;
  const request = fetch(`http://127.0.0.1:${port}/`);
  await once(server, "request");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let isClosed = false;
  const closed = close(server).then(() => (isClosed = true));
  await vi.advanceTimersByTimeAsync(4_999);
  expect(isClosed).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await expect(request).rejects.toThrow("fetch failed");
  await closed;
  expect(vi.getTimerCount()).toBe(0);
});

test("more connections may wait to be accepted than the 511 of Node's own", async () => {
  const server = createServer();
  const listening = vi.spyOn(server, "listen");
  await listen(server, { host: "127.0.0.1", port: 0 });
  expect(listening.mock.calls[0]![0]).toMatchObject({ backlog: 4_096 });
  await close(server);
});

test("a port that is taken is told, and nothing is left listening", async () => {
  const [first, second] = [createServer(), createServer()];
  await listen(first, { host: "127.0.0.1", port: 0 });
  const { port } = first.address() as AddressInfo;
  await expect(listen(second, { host: "127.0.0.1", port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  await close(second);
  await close(first);
});
