import { connect, type Socket } from "node:net";

/** Where a proxy leads. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** A connection to the proxy, and the one that the proxy has made for it. */
export class Link {
  readonly #target: Target;
  readonly #client: Socket;
  readonly #closed: () => void;
  #upstream: Socket | null = null;
  #open = false;
  /** One side has closed while nothing was forwarded. */
  #broken = false;

  /** `closed` is called when both sides are. */
  constructor(client: Socket, target: Target, closed: (link: Link) => void) {
    this.#client = client;
    this.#target = target;
    this.#closed = () => closed(this);
    this.#watch(client);
  }

  /** Whether the caller's side is open. */
  get isConnected(): boolean {
    return !this.#client.closed;
  }

  /** Forwards what comes from now on, and what has come before. */
  forward(): void {
    if (this.#open) return;
    if (this.#broken) return this.reset();
    this.#open = true;
    if (this.#upstream === null) {
      this.#upstream = connect({ ...this.#target, allowHalfOpen: true });
      this.#watch(this.#upstream);
    }
    this.#client.pipe(this.#upstream).pipe(this.#client);
  }

  /** Keeps both sides open and lets nothing through, not even their ends. */
  stall(): void {
    this.#open = false;
    for (const socket of [this.#client, this.#upstream]) socket?.unpipe().pause();
  }

  reset(): void {
    for (const socket of [this.#client, this.#upstream]) socket?.resetAndDestroy();
  }

  #watch(socket: Socket): void {
    // An error is followed by "close".
    socket.on("error", () => {});
    socket.once("close", (withError) => {
      if (!this.#open) this.#broken = true;
      else if (withError) this.reset();
      if (this.#client.closed && this.#upstream?.closed !== false) this.#closed();
    });
  }
}
