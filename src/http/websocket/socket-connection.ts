import type { Socket } from "node:net";
import { CloseCode, type WebSocket as ProtocolEnd } from "graphql-ws";
import type { WebSocket } from "ws";
import type { Caller } from "../../callers/caller.ts";
import type { Expiring } from "../../callers/token-expiries.ts";
import { assertJsonBounds, JsonBoundsError, operationJson } from "../../lib/json-bounds.ts";
import type { Beating } from "./heartbeat.ts";
import { cutSoon } from "./waiting-socket.ts";

/** Where a connection comes from. The request that opened it is not kept. */
export interface Peer {
  readonly ip: string | null;
  readonly userAgent: string | null;
}

interface ConnectionEvents {
  /** Told of errors that are the server's own. */
  readonly onFault: (error: unknown) => void;
  /** The caller is known, and has a place. */
  readonly onAdmitted: () => void;
}

/** Messages and pings that may still come after the server's close frame: those that were on their way. */
const lateMessages = 1_000;

/** A close frame has room for 123 bytes (RFC 6455, section 5.5). */
function closeReason(reason = ""): string {
  return Buffer.byteLength(reason) <= 123 ? reason : "";
}

/**
 * One WebSocket, as graphql-transport-ws sees it. In place of the library's own adapter, which prints errors to the
 * console and sends their messages to the client. There are many of them, and most are idle: what can be shared is, and
 * each has as few closures of its own as possible.
 */
export class SocketConnection implements ProtocolEnd, Beating, Expiring {
  readonly peer: Peer;
  /** Null until the connection is initialised. */
  caller: Caller | null = null;
  readonly #socket: WebSocket;
  readonly #onFault: (error: unknown) => void;
  /** Null once that has happened. */
  #onAdmitted: (() => void) | null;
  #isAlive = true;
  #late = 0;

  constructor(socket: WebSocket, peer: Peer, { onFault, onAdmitted }: ConnectionEvents) {
    this.peer = peer;
    this.#socket = socket;
    this.#onFault = onFault;
    this.#onAdmitted = onAdmitted;
    socket.on("pong", () => (this.#isAlive = true));
    socket.on("ping", () => void this.#takes());
    // By then ws has closed the socket with the code that RFC 6455 has for the fault.
    socket.on("error", ignore);
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /**
   * Resolves once the message is on its way, which for a peer that does not read is never: whoever waits for it pulls
   * nothing more from its source. A socket that closes takes no messages; its sources are ended when it is closed, and
   * until then they are not to be emptied either.
   */
  async send(message: string): Promise<void> {
    const socket = this.#socket;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (socket.readyState === socket.OPEN) socket.send(message, () => resolve());
    else if (socket.readyState === socket.CLOSING) socket.once("close", () => resolve());
    else return;
    await promise;
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, closeReason(reason));
    if (this.#onAdmitted !== null) cutSoon(this.#socket);
  }

  /** From now on the socket has the bounds of a known caller's. */
  admit(): void {
    this.#onAdmitted?.();
    this.#onAdmitted = null;
  }

  onMessage(handle: (message: string) => Promise<void>): void {
    this.#socket.on("message", (message: Buffer) => {
      if (this.#takes()) this.#handle(message.toString(), handle).catch((error: unknown) => this.#fail(error));
    });
  }

  /**
   * Whether what comes still counts. A client that breaks the rules may go on after the close frame, and is cut off
   * when it does so without end.
   */
  #takes(): boolean {
    if (this.isOpen) return true;
    if (++this.#late === lateMessages) this.#socket.terminate();
    return false;
  }

  async #handle(message: string, handle: (message: string) => Promise<void>): Promise<void> {
    assertJsonBounds(message, operationJson);
    await handle(message);
  }

  onClose(listener: () => void): void {
    this.#socket.once("close", listener);
  }

  #fail(error: unknown): void {
    if (error instanceof JsonBoundsError) {
      this.close(CloseCode.BadRequest, error.message);
      return cutSoon(this.#socket);
    }
    // The library's words for a message that only servers send.
    const isClientFault = error instanceof Error && error.message.startsWith("Unexpected message of type");
    if (isClientFault) return this.close(CloseCode.BadRequest, "Invalid message received");
    this.#onFault(error);
    this.close(CloseCode.InternalServerError, "Something went wrong in the server.");
  }

  /**
   * Ends a socket whose other side has not answered the last ping. While data waits a ping could not get through
   * either; how long it may wait is another rule's business.
   */
  beat(): void {
    if (this.#socket.bufferedAmount > 0) return;
    if (!this.#isAlive) return this.#socket.terminate();
    this.#isAlive = false;
    this.#socket.ping();
  }

  /** Clients retry after 4403, and not after 4401. */
  expire(reason: string): void {
    this.close(CloseCode.Forbidden, reason);
  }
}

function ignore(): void {}

/** Takes nothing more from a peer that leaves its answers unread: they would pile up here. */
export function holdBack(socket: WebSocket, connection: Socket, unreadBytes: number): void {
  const check = () => {
    if (socket.bufferedAmount > unreadBytes) socket.pause();
  };
  socket.on("message", check);
  socket.on("ping", check);
  connection.on("drain", () => socket.resume());
}
