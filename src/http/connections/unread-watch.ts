import type { Socket } from "node:net";

interface Watched {
  readonly socket: Socket;
  readonly onStall: () => void;
  /** Bytes that have left this process. */
  sent: number;
  /** When that number last rose, or nothing waited; by `performance.now()`. */
  since: number;
}

/** Looks in this many steps of the time that it allows. */
const steps = 10;

/**
 * Finds connections whose peer reads nothing while data waits for it. One timer looks after all of them. Data that the
 * system's own buffers still took counts as sent.
 */
export class UnreadWatch implements Disposable {
  /** Milliseconds without progress. */
  readonly limitMs: number;
  /** Not by their sockets: a client may send a request before the answer to the one before it has ended. */
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;

  /** @param limitMs milliseconds without progress */
  constructor(limitMs: number) {
    this.limitMs = limitMs;
  }

  /** Calls `onStall` once if the socket's peer stands still. @returns what ends the watch */
  watch(socket: Socket, onStall: () => void): () => void {
    const watched = { socket, onStall, sent: -1, since: performance.now() };
    this.#watched.add(watched);
    this.#timer ??= setInterval(() => this.#look(), this.limitMs / steps).unref();
    return () => {
      this.#watched.delete(watched);
      if (this.#watched.size === 0) this.#rest();
    };
  }

  #look(): void {
    const now = performance.now();
    for (const watched of this.#watched) {
      const { socket } = watched;
      const sent = (socket.bytesWritten ?? 0) - socket.writableLength;
      if (socket.writableLength === 0 || sent !== watched.sent) {
        watched.sent = sent;
        watched.since = now;
      } else if (now - watched.since >= this.limitMs) {
        this.#watched.delete(watched);
        watched.onStall();
      }
    }
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Forgets all sockets. */
  [Symbol.dispose](): void {
    this.#watched.clear();
    this.#rest();
  }
}
