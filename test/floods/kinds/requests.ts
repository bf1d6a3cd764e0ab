import { gzipSync } from "node:zlib";
import { closed, crowd, type Flood, head, nested, pause, post, type Target, write } from "../target.ts";

const chunks = (count: number, extension = "") => `1${extension}\r\nx\r\n`.repeat(count);
const chunked = ["transfer-encoding: chunked"];
const query = JSON.stringify({ query: "{ viewer { id } }" });

/** So many connections that send the same and wait for what comes of it. */
const sending =
  (count: number, data: (target: Target) => Buffer | string, options?: { readonly reads: boolean }): Flood =>
  async (target) => {
    const bytes = data(target);
    await crowd(
      target,
      count,
      async (socket) => {
        await write(socket, bytes);
        await closed(socket);
      },
      options,
    );
  };

/** Connections that bring a beginning, and then a little now and then. */
const dripping =
  (count: number, begin: (target: Target) => string, drop: string): Flood =>
  async (target) =>
    crowd(target, count, async (socket) => {
      await write(socket, begin(target));
      while (await write(socket, drop)) await pause(200);
    });

/** Sends without end what is no more read by anybody. */
const endless =
  (count: number, begin: (target: Target) => string, piece: string): Flood =>
  async (target) =>
    crowd(target, count, async (socket) => {
      if (await write(socket, begin(target))) while (await write(socket, piece));
    });

function body(target: Target, content: Buffer | string, fields: readonly string[] = []): Buffer {
  const length = `content-length: ${Buffer.byteLength(content)}`;
  return Buffer.concat([Buffer.from(post(target, [length, ...fields])), Buffer.from(content)]);
}

const withVariable = (json: string) => `{"query":"{ viewer { id } }","variables":{"v":${json}}}`;
const manyKeys = `{${Array.from({ length: 9_000 }, (_, index) => `"${index}":1`).join(",")}}`;
const fields = (count: number) => Array.from({ length: count }, (_, index) => `x${index}: y`);
const bomb = gzipSync(Buffer.alloc(90_000_000));

/** HTTP requests, in pieces, unfinished, too many at a time, or too large. */
export const requestFloods: Readonly<Record<string, Flood>> = {
  "40 bodies of 99,000 chunks of one byte": sending(40, (target) => post(target, chunked) + chunks(99_000)),
  "bodies of strangers in chunks of one byte": sending(200, () => post(null, chunked) + chunks(20_000)),
  "chunks with extensions": sending(100, (target) => post(target, chunked) + chunks(2_000, `;${"e".repeat(500)}`)),
  "bodies that drip": dripping(600, (target) => post(target, ["content-length: 90000"]) + "x".repeat(80_000), "x"),
  "bodies of strangers that drip": dripping(600, () => post(null, ["content-length: 90000"]), "x"),
  "heads that drip": dripping(2_500, () => "GET /health HTTP/1.1\r\nhost: localhost\r\n", "x-a: b\r\n"),
  "connections that bring nothing": sending(2_500, () => ""),
  "heads with thousands of fields": sending(200, () => head("GET", "/health", fields(2_000))),
  "heads that are too long": sending(200, () => head("GET", "/health", [`x: ${"y".repeat(60_000)}`])),
  "addresses that are too long": sending(200, () => head("GET", `/health?${"q".repeat(60_000)}`)),
  "long cookies": sending(200, () => head("GET", "/", [`cookie: ${"a=b; ".repeat(3_000)}`]).repeat(3)),
  "2,000 requests in one piece": sending(100, () => head("GET", "/health").repeat(2_000)),
  "2,000 operations in one piece": sending(20, (target) => body(target, query).toString().repeat(2_000)),
  "requests behind an event stream": sending(
    20,
    (target) =>
      body(target, JSON.stringify({ query: "subscription { events { cursor } }" }), [
        "accept: text/event-stream",
      ]).toString() + head("GET", "/health").repeat(5_000),
  ),
  "answers that nobody reads": sending(300, () => head("GET", "/schema.graphql").repeat(16), { reads: false }),
  "100,000 levels of JSON": sending(40, (target) => body(target, withVariable(nested(49_000)))),
  "thousands of names": sending(40, (target) => body(target, withVariable(manyKeys.slice(0, 99_000)))),
  batches: sending(40, (target) => body(target, `[${Array.from({ length: 2_500 }, () => query).join(",")}]`)),
  "compressed bodies": sending(40, (target) => body(target, bomb, ["content-encoding: gzip"])),
  "bodies without end, where none belongs": endless(100, () => head("POST", "/health", chunked), chunks(1_000)),
  "forms without end": endless(
    100,
    () => head("POST", "/graphql", ["content-type: multipart/form-data; boundary=x", ...chunked]),
    `1000\r\n${"x".repeat(4_096)}\r\n`,
  ),
  "bodies that wait to be asked for": sending(500, (target) =>
    post(target, ["expect: 100-continue", "content-length: 90000"]),
  ),
};
