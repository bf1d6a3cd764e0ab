import type { ServerResponse } from "node:http";
import type { RateLimitedError } from "../errors/auth-error.ts";

/** The header fields of an answer that was rate limited; of several refusals the longest wait counts. */
export function setRateLimitHeaders(response: ServerResponse, { policy, retryAfter }: RateLimitedError): void {
  const { name, quota, windowSeconds } = policy;
  if (Number(response.getHeader("retry-after") ?? 0) > retryAfter) return;
  response.setHeader("retry-after", String(retryAfter));
  // draft-ietf-httpapi-ratelimit-headers-10: what is left, and the seconds until it is more; the quota and its window.
  response.setHeader("ratelimit", `"${name}";r=0;t=${retryAfter}`);
  response.setHeader("ratelimit-policy", `"${name}";q=${quota};w=${windowSeconds}`);
}
