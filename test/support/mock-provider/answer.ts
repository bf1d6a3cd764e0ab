import type { ServerResponse } from "node:http";

/** An answer of a provider. A string body is sent as it is, anything else as JSON. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Writes an answer. Its own `content-type` header counts, then that of its body. */
export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const isText = typeof body === "string";
  const type = { "content-type": isText ? "text/plain" : "application/json" };
  response.writeHead(status, { ...type, ...headers }).end(isText ? body : JSON.stringify(body));
}
