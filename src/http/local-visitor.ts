import type { IncomingMessage } from "node:http";
import { isLoopback } from "../providers/loopback.ts";
import { peerAddress } from "./client-ip.ts";

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

/** Whether a request comes from this machine itself, and not by a proxy on it that may bring anybody's. */
export function isLocalVisitor({ socket, headers }: IncomingMessage): boolean {
  const peer = peerAddress(socket);
  if (peer === null || !isLoopback(peer)) return false;
  return !Object.keys(headers).some((name) => proxyHeaders.has(name) || name.startsWith("x-forwarded-"));
}
