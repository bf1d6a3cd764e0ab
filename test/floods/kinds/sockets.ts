import type { Socket } from "node:net";
import { deflateRawSync } from "node:zlib";
import { closed, crowd, type Flood, head, nested, pause, type Target, write } from "../target.ts";

interface FrameOptions {
  readonly fin?: boolean;
  /** The bit that permessage-deflate uses (RFC 7692, section 7.2.1). */
  readonly compressed?: boolean;
  /** The length that the head tells, where it is not the payload's. */
  readonly length?: number;
}

const [continuation, text, ping] = [0, 1, 9];

/** A frame with a mask of zeros (RFC 6455, section 5.2). */
function frame(opcode: number, payload: Buffer | string, options: FrameOptions = {}): Buffer {
  const { fin = true, compressed = false, length = Buffer.byteLength(payload) } = options;
  const first = (fin ? 0x80 : 0) | (compressed ? 0x40 : 0) | opcode;
  const size = length < 126 ? [0x80 | length] : [0xfe, length >> 8, length & 0xff];
  const long = [0xff, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 0xff, length & 0xff];
  const start = Buffer.from([first, ...(length > 65_535 ? long : size), 0, 0, 0, 0]);
  return Buffer.concat([start, Buffer.from(payload)]);
}

const upgradeFields = (extensions: string) => [
  "connection: upgrade",
  "upgrade: websocket",
  "sec-websocket-version: 13",
  "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==",
  "sec-websocket-protocol: graphql-transport-ws",
  ...(extensions === "" ? [] : [`sec-websocket-extensions: ${extensions}`]),
];

async function upgrade(socket: Socket, extensions = ""): Promise<void> {
  await write(socket, head("GET", "/graphql", upgradeFields(extensions)));
}

const init = ({ token }: Target) =>
  frame(text, JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${token}` } }));

/** A message in so many fragments of one byte, without its end. */
function fragments(count: number, payload = "x"): Buffer {
  const next = frame(continuation, payload, { fin: false });
  return Buffer.concat([frame(text, payload, { fin: false }), ...Array.from({ length: count - 1 }, () => next)]);
}

const repeated = (piece: Buffer, count: number) => Buffer.concat(Array.from({ length: count }, () => piece));

/** Sockets of nobody, each of which sends the same and then waits. */
const strangers =
  (count: number, data: Buffer, extensions = ""): Flood =>
  async (target) =>
    crowd(target, count, async (socket) => {
      await upgrade(socket, extensions);
      await write(socket, data);
      await closed(socket);
    });

/** Sockets of a caller, each of which sends the same as often as it can. */
const callers =
  (data: Buffer, { reads = true } = {}): Flood =>
  async (target) =>
    crowd(
      target,
      5,
      async (socket) => {
        await upgrade(socket);
        await write(socket, init(target));
        await pause(100);
        while (await write(socket, data));
      },
      { reads },
    );

const deep = nested(32_000);
const manyKeys = `{${Array.from({ length: 8_000 }, (_, index) => `"${index}":1`).join(",")}}`;
const message = (payload: string) => frame(text, `{"type":"connection_init","payload":${payload}}`);
const operation = (variables: string) =>
  frame(text, `{"type":"subscribe","id":"1","payload":{"query":"{ viewer { id } }","variables":{"v":${variables}}}}`);

/** WebSockets, in pieces, empty, silent or nested. */
export const socketFloods: Readonly<Record<string, Flood>> = {
  "800 sockets of strangers, each with 16,300 fragments of one byte": strangers(800, fragments(16_300)),
  "fragments of a caller without end": callers(fragments(16_300)),
  "empty continuation frames of strangers": strangers(400, fragments(16_300, "")),
  "empty continuation frames of a caller": callers(fragments(16_300, "")),
  "pings of strangers": strangers(400, repeated(frame(ping, "x".repeat(125)), 2_000)),
  "pings of a caller who reads no answers": callers(repeated(frame(ping, "x".repeat(125)), 500), { reads: false }),
  "empty messages": callers(repeated(frame(text, ""), 5_000)),
  "frames of which only the head comes": strangers(800, frame(text, "", { length: 65_000 })),
  "frames that are too long": strangers(800, frame(text, "x".repeat(20_000), { length: 1_000_000 })),
  "sockets that never say who they are": strangers(1_500, Buffer.alloc(0)),
  "bombs of permessage-deflate": strangers(
    200,
    frame(text, deflateRawSync(Buffer.alloc(30_000_000)), { compressed: true }),
    "permessage-deflate; client_max_window_bits",
  ),
  "deep JSON of strangers": strangers(300, message(deep.slice(0, 15_000))),
  "deep JSON of a caller": callers(operation(deep.slice(0, 60_000))),
  "thousands of names from strangers": strangers(300, message(manyKeys.slice(0, 15_000))),
  "thousands of names from a caller": callers(operation(manyKeys.slice(0, 65_000))),
  "a frame byte by byte": async (target) =>
    crowd(target, 200, async (socket) => {
      await upgrade(socket);
      for (const byte of frame(text, "x".repeat(10_000))) {
        if (!(await write(socket, Buffer.from([byte])))) break;
        await pause(1);
      }
    }),
};
