import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { send } from "./answer.ts";
import type { WireFormat } from "./wire-format.ts";

/** A way in which a provider may fail. */
export type Fault =
  /** This status; without a body of its own it has the vendor's. A string is sent as it is, anything else as JSON. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Takes the request and never answers. */
  | { readonly kind: "hang" }
  /** Answers as it should, after so many milliseconds. */
  | { readonly kind: "slow"; readonly ms: number }
  /** Status 200 and a page for people, as a proxy or a captive portal sends it. */
  | { readonly kind: "html" }
  /** Status 200 and broken JSON. */
  | { readonly kind: "rubbish" }
  /** Status 200 and 2 MiB of good JSON, in pieces, with no header that tells the length. */
  | { readonly kind: "huge" }
  /** Cuts the connection instead of answering. */
  | { readonly kind: "reset" }
  /** Status 302 to `location`. */
  | { readonly kind: "redirect"; readonly location: string };

const json = { "content-type": "application/json" };
const page = "<!doctype html><html><head><title>Welcome</title></head><body><h1>Please log in</h1></body></html>";

function* hugeJson(): Generator<string> {
  yield '{"data":[""';
  for (let sent = 0; sent < 2 ** 21; sent += 2 ** 16) yield `,"${"x".repeat(2 ** 16)}"`;
  yield "]}";
}

async function stream(response: ServerResponse, chunks: Iterable<string>): Promise<void> {
  response.writeHead(200, json);
  // A caller that has read enough hangs up, as it should.
  await pipeline(Readable.from(chunks), response).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ERR_STREAM_PREMATURE_CLOSE" && error.code !== "ECONNRESET") throw error;
  });
}

/** Gives an answer that has this fault; slowness is the server's, as its answer has none. */
export async function fail(
  response: ServerResponse,
  fault: Exclude<Fault, { kind: "slow" }>,
  error: WireFormat["error"],
): Promise<void> {
  switch (fault.kind) {
    case "status": {
      const { headers, body } = error(fault.status);
      send(response, { status: fault.status, headers: { ...headers, ...fault.headers }, body: fault.body ?? body });
      return;
    }
    case "hang":
      return;
    case "html":
      send(response, { status: 200, headers: { "content-type": "text/html; charset=utf-8" }, body: page });
      return;
    case "rubbish":
      send(response, { status: 200, headers: json, body: '{"data":[{"id":' });
      return;
    case "huge":
      await stream(response, hugeJson());
      return;
    case "reset":
      response.socket?.resetAndDestroy();
      return;
    case "redirect":
      send(response, { status: 302, headers: { location: fault.location }, body: "" });
  }
}
