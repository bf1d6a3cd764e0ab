import type { ServerResponse } from "node:http";

/** For every answer: no sniffing, no framing, no address in a Referer, and nothing kept by caches on the way. */
export function setSecurityHeaders(response: ServerResponse): void {
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("x-frame-options", "DENY");
  response.setHeader("referrer-policy", "no-referrer");
  response.setHeader("cross-origin-resource-policy", "same-origin");
  response.setHeader("cache-control", "no-store");
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  contentType = "application/json",
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": `${contentType}; charset=utf-8`,
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

/** A refusal in the form of a GraphQL response, so that every client can read it. */
export function sendRefusal(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  extensions: Readonly<Record<string, unknown>> = {},
): void {
  sendJson(response, status, { errors: [{ message, extensions: { ...extensions, code } }] });
}
