import type { IncomingMessage } from "node:http";

const loopbackNames = ["localhost", "127.0.0.1", "[::1]"];

/**
 * The names of this server in a `Host` header. Under another one a browser was led here by DNS rebinding: a page of
 * somebody else's then counts as of the same origin, and may read what is given out without a token.
 */
export class OwnHosts {
  readonly #publicHost: string;

  constructor(publicUrl: string) {
    this.#publicHost = new URL(publicUrl).host;
  }

  /** All names by which this request's server may be asked for. */
  of({ socket }: IncomingMessage): string[] {
    const port = socket.localPort;
    const local = loopbackNames.map((name) => (port === 80 ? name : `${name}:${port}`));
    return [...new Set([...local, this.#publicHost])];
  }

  /** Whether a request asks for this server by one of its names. */
  include(request: IncomingMessage): boolean {
    const hosts = request.headersDistinct["host"] ?? [];
    return hosts.length === 1 && this.of(request).includes(hosts[0]!.toLowerCase());
  }
}
