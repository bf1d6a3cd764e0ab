import type { IncomingMessage } from "node:http";
import { isIP, isIPv6, type Socket, SocketAddress } from "node:net";
import type { Logger } from "../observability/logger.ts";
import { networkOf } from "../rate-limits/client-network.ts";

/** The one that is read, and the one of RFC 7239, which only tells that there is a proxy. */
const forwardingHeaders = ["X-Forwarded-For", "Forwarded"] as const;

/** An address as proxies write it: some add the port, and then IPv6 stands in brackets. */
function withoutPort(text: string): string {
  const [, bracketed] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text) ?? [];
  const [, plain] = /^([\d.]+):\d{1,5}$/.exec(text) ?? [];
  return bracketed ?? plain ?? text;
}

/** One writing for each address: IPv4 without its IPv6 mapping, IPv6 as RFC 5952 has it and without a zone. */
function normalise(text: string): string | null {
  const address = withoutPort(text.trim()).split("%", 1)[0]!;
  if (isIP(address) === 0) return null;
  if (!isIPv6(address)) return address;
  const canonical = new SocketAddress({ address, family: "ipv6" }).address;
  const [, mapped] = /^::ffff:([\d.]+)$/.exec(canonical) ?? [];
  return mapped ?? canonical;
}

/** The other end of a connection, which may be a proxy's; null where it is no address. */
export function peerAddress({ remoteAddress = "" }: Pick<Socket, "remoteAddress">): string | null {
  return normalise(remoteAddress);
}

/**
 * The network that a connection itself comes from. Behind proxies each is one of theirs, and says nothing of the
 * client's: each then counts as a network of its own, so that only the number of all of them is limited.
 */
export function peerNetworkOf(socket: Socket, trustedHops: number): string {
  const peer = peerAddress(socket) ?? "";
  return trustedHops > 0 ? `${peer} ${socket.remotePort}` : networkOf(peer);
}

/**
 * Where a request comes from. Each trusted proxy adds the address that it sees at the right of `X-Forwarded-For`; what
 * stands further left is the client's own word and is never looked at. An entry that is missing or no address says that
 * the request did not come the configured way: then it is the socket's address that counts.
 * @param trustedHops proxies between clients and this server; 0 for none
 */
export function clientIp({ headersDistinct, socket }: IncomingMessage, trustedHops: number): string | null {
  const peer = peerAddress(socket);
  if (trustedHops === 0) return peer;
  const entries = (headersDistinct["x-forwarded-for"] ?? []).flatMap((line) => line.split(","));
  return normalise(entries.at(-trustedHops) ?? "") ?? peer;
}

/** Where requests come from, by the configured number of proxies. */
export class ClientAddresses {
  readonly #trustedHops: number;
  readonly #log: Logger;
  #hasWarned = false;

  /** @param trustedHops proxies between clients and this server; 0 for none */
  constructor(trustedHops: number, log: Logger) {
    this.#trustedHops = trustedHops;
    this.#log = log;
  }

  of(request: IncomingMessage): string | null {
    if (this.#trustedHops === 0 && !this.#hasWarned) this.#lookForProxy(request);
    return clientIp(request, this.#trustedHops);
  }

  /** What the headers say stays out of the log: anybody may have written it. */
  #lookForProxy({ headers }: IncomingMessage): void {
    const header = forwardingHeaders.find((name) => name.toLowerCase() in headers);
    if (header === undefined) return;
    this.#hasWarned = true;
    const cure =
      "Behind a proxy all clients count as one address and share its rate limits: set TRUSTED_PROXY_HOPS to the number " +
      "of proxies that add to X-Forwarded-For. Without a proxy a client wrote the header, and it is ignored.";
    this.#log.tell("proxy.unconfigured", { header, cure });
  }
}
