import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { sendRefusal, setSecurityHeaders } from "../respond.ts";
import { stopParsing } from "./stop-parsing.ts";

/**
 * Counts the requests of a connection that have no answer yet. Their answers go out in order, so behind one that does
 * not end, such as an event stream, all others would wait in memory.
 */
export class PipelineLimit {
  readonly #limit: number;
  readonly #waiting = new WeakMap<Socket, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many requests of a connection wait for their answers. */
  of(socket: Socket): number {
    return this.#waiting.get(socket) ?? 0;
  }

  /**
   * @returns whether the request may be answered; one too many is refused, and is the last that its connection brings.
   */
  admit({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const waiting = this.of(socket) + 1;
    this.#waiting.set(socket, waiting);
    response.once("close", () => this.#waiting.set(socket, this.of(socket) - 1));
    if (waiting <= this.#limit) return true;
    stopParsing(socket);
    if (waiting > this.#limit + 1) return false;
    setSecurityHeaders(response);
    response.setHeader("connection", "close");
    const message = `${this.#limit} requests of this connection wait for their answers, which is the limit.`;
    sendRefusal(response, 429, "TOO_MANY_REQUESTS", message, { limit: this.#limit });
    return false;
  }
}
