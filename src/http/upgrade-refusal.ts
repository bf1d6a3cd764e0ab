import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { securityHeaders } from "./respond.ts";

const refusals = {
  403: {
    code: "ORIGIN_NOT_ALLOWED",
    message: "Pages of this origin may not open a WebSocket here. The operator adds origins with ALLOWED_ORIGINS.",
  },
  404: { code: "NOT_FOUND", message: "There is no WebSocket here; the API is at /graphql." },
} as const;

/** Answers an upgrade with an error status. Nothing else watches over the socket any more, so it is closed here. */
export function refuseUpgrade(socket: Duplex, status: keyof typeof refusals): void {
  const { code, message } = refusals[status];
  const body = JSON.stringify({ errors: [{ message, extensions: { code } }] });
  const headers = {
    ...securityHeaders,
    connection: "close",
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${body}`);
}
