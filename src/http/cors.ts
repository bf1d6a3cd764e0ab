import type { IncomingMessage, ServerResponse } from "node:http";

/** What browsers may do here from pages of other origins. */
export interface CorsSettings {
  readonly origins: readonly string[];
  /** Header fields that requests may have, in lower case. */
  readonly headers: readonly string[];
}

/**
 * Lets browsers on the listed origins, and on no others, use the API (Fetch standard, "CORS protocol"). No credentials.
 */
export function setCorsHeaders(request: IncomingMessage, response: ServerResponse, cors: CorsSettings): void {
  response.setHeader("vary", "origin");
  const { origin } = request.headers;
  if (origin === undefined || !cors.origins.includes(origin)) return;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-expose-headers", "www-authenticate, retry-after, ratelimit, ratelimit-policy");
  if (request.method !== "OPTIONS") return;
  response.setHeader("access-control-allow-methods", "GET, POST");
  response.setHeader("access-control-allow-headers", cors.headers.join(", "));
  response.setHeader("access-control-max-age", "600");
}
