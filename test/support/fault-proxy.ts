import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { Link, type Target } from "./fault-proxy/link.ts";

/** A TCP proxy on 127.0.0.1 that can be a broken network. */
export class FaultProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #links = new Set<Link>();
  #stalled = false;
  /** Stays the same when connections are refused for a while. */
  readonly port: number;

  private constructor(server: Server, target: Target) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (client) => {
      const link = new Link(client, target, (closed) => this.#links.delete(closed));
      this.#links.add(link);
      if (!this.#stalled) link.forward();
    });
  }

  /** Listens on a free port, and forwards to this host, by default 127.0.0.1, and port. */
  static async start({ host = "127.0.0.1", port }: Partial<Target> & Pick<Target, "port">): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new FaultProxy(server, { host, port });
  }

  /** How many connections of callers are open now, stalled ones included. */
  get connections(): number {
    return [...this.#links].filter(({ isConnected }) => isConnected).length;
  }

  /** The same URL, through the proxy. */
  through(url: string): string {
    const proxied = new URL(url);
    proxied.host = `127.0.0.1:${this.port}`;
    return proxied.href;
  }

  /** Resets all connections and refuses new ones, as a machine whose server is gone. */
  async cut(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    for (const link of this.#links) link.reset();
    await once(this.#server, "close");
  }

  /** Keeps all connections and accepts new ones, and forwards nothing: as a network that loses every packet. */
  stall(): void {
    this.#stalled = true;
    for (const link of this.#links) link.stall();
  }

  /** Ends `cut` and `stall`. What was held back goes on, except on connections of which one side has closed since. */
  async restore(): Promise<void> {
    this.#stalled = false;
    for (const link of this.#links) link.forward();
    if (this.#server.listening) return;
    this.#server.listen(this.port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
  }
}
