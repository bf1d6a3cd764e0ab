import type { IncomingMessage } from "node:http";
import { isLoopback } from "../../lib/loopback.ts";
import { peerAddress } from "../client-ip.ts";

/** What proxies and tunnels add, each in its own way; none of them comes from a browser. */
const proxyHeaders: ReadonlySet<string> = new Set([
  "forwarded",
  "via",
  "x-real-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-original-host",
  "x-original-forwarded-for",
  "cf-connecting-ip",
  "cf-ray",
  "true-client-ip",
  "fastly-client-ip",
  "tailscale-user-login",
]);

/** Whether a page of another origin asks, which ALLOWED_ORIGINS may let read the answer (Fetch Metadata, section 2). */
function isForForeignPage({ headers }: IncomingMessage): boolean {
  const { "sec-fetch-site": site = "none", "sec-fetch-mode": mode } = headers;
  return mode !== "navigate" && site !== "none" && site !== "same-origin";
}

/**
 * Whether a request comes from this machine itself, not by a proxy on it that may bring anybody's, and for no other
 * page.
 */
export function isLocalVisitor(request: IncomingMessage): boolean {
  const { socket, headers } = request;
  if (isForForeignPage(request)) return false;
  const peer = peerAddress(socket);
  if (peer === null || !isLoopback(peer)) return false;
  return !Object.keys(headers).some((name) => proxyHeaders.has(name) || name.startsWith("x-forwarded-"));
}
