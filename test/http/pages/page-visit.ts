import { once } from "node:events";
import { type IncomingMessage, request as nodeRequest } from "node:http";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { request } from "undici";

/** As a browser that opens a page. The body is as it came, compressed. */
export async function visit(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  method: "GET" | "HEAD" | "POST" = "GET",
) {
  const browser = { accept: "text/html,*/*;q=0.8", "accept-encoding": "gzip, deflate, br" };
  const response = await request(url, { method, headers: { ...browser, ...headers } });
  const body = Buffer.from(await response.body.arrayBuffer());
  return { status: response.statusCode, headers: response.headers, body };
}

/** The text of a page as a browser reads it. */
export async function read(url: string): Promise<string> {
  return gunzipSync((await visit(url)).body).toString();
}

/** As a browser that was led to this server under another name. undici would connect to the name instead. */
export async function visitAs(host: string, url: string) {
  const call = nodeRequest(url, { headers: { accept: "text/html", host } }).end();
  const [response] = (await once(call, "response")) as [IncomingMessage];
  return { status: response.statusCode, body: await buffer(response) };
}

/** Directives by their names. */
export function readPolicy(header: unknown): Map<string, string[]> {
  const directives = String(header).split("; ");
  return new Map(directives.map((text) => [text.split(" ", 1)[0]!, text.split(" ").slice(1)]));
}
