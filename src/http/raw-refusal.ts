import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { securityHeaders } from "./respond.ts";

export interface RawRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/**
 * Answers where there is no response to write to: an upgrade, or a request that Node cannot read. Nothing else watches
 * over the socket any more, so it is closed here.
 */
export function sendRawRefusal(socket: Duplex, { status, code, message, extensions = {} }: RawRefusal): void {
  const body = JSON.stringify({ errors: [{ message, extensions: { ...extensions, code } }] });
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
