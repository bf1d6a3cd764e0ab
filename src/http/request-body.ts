import type { IncomingMessage } from "node:http";
import { BoundedBytes, type ByteBounds, ByteBoundsError } from "../lib/bounded-bytes.ts";
import { requestBounds } from "./connections/connection-limits.ts";
import { stopAfterPieces } from "./connections/piece-limit.ts";
import { RequestError } from "./request-error.ts";

/** How much of a request's body is taken, and for how long. */
export interface BodyBounds extends ByteBounds {
  /** Milliseconds from the head of the request to the end of its body. */
  readonly deadlineMs: number;
}

/** What is let through of a body that nobody wants. */
const discarded: ByteBounds = { bytes: 16_777_216, pieces: 1_024 };

/**
 * Lets a body pass, up to a bound: a client that is cut off while it writes never reads the answer. A connection that
 * goes on is cut.
 * @param deadlineMs milliseconds
 */
export function discardBody(request: IncomingMessage, deadlineMs: number): void {
  const cut = () => request.socket.destroy();
  stopAfterPieces(request, discarded.pieces, cut);
  discardBytes(request, deadlineMs);
}

function discardBytes(request: IncomingMessage, deadlineMs: number): void {
  let bytes = 0;
  const cut = () => request.socket.destroy();
  request.on("data", (piece: Buffer) => {
    bytes += piece.length;
    if (bytes > discarded.bytes) cut();
  });
  const timer = setTimeout(cut, deadlineMs).unref();
  for (const end of ["end", "close"]) request.once(end, () => clearTimeout(timer));
}

/** Whether a body comes with a request (RFC 9112, section 6). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function toRequestError(error: ByteBoundsError): RequestError {
  const { kind, limit } = error;
  const message =
    kind === "bytes" ? `A request may have at most ${limit} bytes.` : `A body may come in at most ${limit} pieces.`;
  return new RequestError(413, message, { cause: error, extensions: { limit } });
}

/**
 * The body of a request, taken from the moment that its head is there. Left to Node until the caller is known, each
 * piece of it would wait in a list of its own.
 */
export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #bounds: BodyBounds;
  readonly #begun = performance.now();
  readonly #whole = Promise.withResolvers<Buffer>();
  #bytes: BoundedBytes;
  #timer: NodeJS.Timeout | undefined;
  #isComplete = false;
  #endsConnection = false;
  #isDiscarded = false;

  constructor(request: IncomingMessage, bounds: BodyBounds) {
    this.#request = request;
    this.#bounds = bounds;
    this.#bytes = new BoundedBytes(bounds);
    this.#whole.promise.catch(() => {});
    stopAfterPieces(request, bounds.pieces, this.#stop);
    request.on("data", this.#take);
    request.once("end", () => {
      this.#isComplete = true;
      clearTimeout(this.#timer);
      this.#whole.resolve(this.#bytes.bytes);
    });
    request.once("close", () => {
      clearTimeout(this.#timer);
      this.#whole.reject(new RequestError(400, "The body ended before it was whole."));
    });
    if (Number(request.headers["content-length"] ?? 0) > bounds.bytes) {
      this.#fail(toRequestError(new ByteBoundsError("bytes", bounds.bytes)));
    }
  }

  /** Whether it says that it is. */
  get isSmall(): boolean {
    const { "content-length": length } = this.#request.headers;
    return length !== undefined && Number(length) <= requestBounds.smallBodyBytes;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Whether nothing more is read of the connection, so that the answer has to be its last. */
  get endsConnection(): boolean {
    return this.#endsConnection;
  }

  /** @throws RequestError for a body that is too large, comes in too many pieces, or takes too long. */
  async read(): Promise<Buffer> {
    if (!this.#isComplete) {
      const leftMs = this.#bounds.deadlineMs - (performance.now() - this.#begun);
      this.#timer ??= setTimeout(this.#expire, Math.max(leftMs, 0)).unref();
    }
    return this.#whole.promise;
  }

  /** Takes nothing more. What still comes is let pass. */
  discard(): void {
    clearTimeout(this.#timer);
    this.#request.off("data", this.#take);
    this.#bytes = new BoundedBytes(this.#bounds);
    this.#isDiscarded = true;
    if (!this.#isComplete && !this.#request.destroyed) discardBytes(this.#request, this.#bounds.deadlineMs);
  }

  readonly #take = (piece: Buffer): void => {
    try {
      this.#bytes.add(piece);
    } catch (error) {
      this.#fail(toRequestError(error as ByteBoundsError));
    }
  };

  readonly #stop = (): void => {
    if (this.#isDiscarded) {
      this.#request.socket.destroy();
      return;
    }
    this.#endsConnection = true;
    this.#fail(toRequestError(new ByteBoundsError("pieces", this.#bounds.pieces)));
  };

  readonly #expire = (): void => {
    this.#endsConnection = true;
    const seconds = this.#bounds.deadlineMs / 1_000;
    this.#fail(new RequestError(408, `A body must arrive within ${seconds} s.`, { extensions: { limit: seconds } }));
  };

  #fail(error: RequestError): void {
    this.#request.off("data", this.#take);
    this.#bytes = new BoundedBytes(this.#bounds);
    this.#whole.reject(error);
  }
}
