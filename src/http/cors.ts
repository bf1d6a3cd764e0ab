import type { IncomingMessage, ServerResponse } from "node:http";

/** Lets browsers on the listed origins, and on no others, use the API (Fetch standard, "CORS protocol"). No credentials. */
export function setCorsHeaders(
  request: IncomingMessage,
  response: ServerResponse,
  allowedOrigins: readonly string[],
): void {
  response.setHeader("vary", "origin");
  const { origin } = request.headers;
  if (origin === undefined || !allowedOrigins.includes(origin)) return;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-expose-headers", "www-authenticate, retry-after, ratelimit, ratelimit-policy");
  if (request.method !== "OPTIONS") return;
  response.setHeader("access-control-allow-methods", "GET, POST");
  response.setHeader("access-control-allow-headers", "authorization, content-type, x-on-behalf-of");
  response.setHeader("access-control-max-age", "600");
}
