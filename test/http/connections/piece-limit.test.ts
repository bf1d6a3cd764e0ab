import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { stopAfterPieces } from "../../../src/http/connections/piece-limit.ts";
import { close, listen } from "../../../src/http/server-lifetime.ts";

const chunks = (count: number) => "1\r\nx\r\n".repeat(count);

/** What arrives at a server of a body in one-byte chunks that comes in one read, and how often it was stopped. */
async function arriving(count: number, limit: number) {
  const server = createServer();
  await listen(server, { host: "127.0.0.1", port: 0 });
  const socket = connect({ host: "127.0.0.1", port: (server.address() as { port: number }).port });
  socket.on("error", () => {});
  const seen = { pieces: 0, stops: 0 };
  server.on("request", (request: IncomingMessage) => {
    stopAfterPieces(request, limit, () => {
      seen.stops += 1;
      request.socket.destroySoon();
    });
    request.on("data", () => (seen.pieces += 1));
    request.on("end", () => request.socket.end());
  });
  socket.resume().write(`POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n${chunks(count)}0\r\n\r\n`);
  await once(socket, "close");
  await close(server);
  return seen;
}

test("a body is stopped in the middle of a read, once", async () => {
  expect(await arriving(5_000, 100)).toEqual({ pieces: 100, stops: 1 });
});

test("a body with as many pieces as are allowed arrives whole", async () => {
  expect(await arriving(100, 100)).toEqual({ pieces: 100, stops: 0 });
});
