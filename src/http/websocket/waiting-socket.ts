import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { requestBounds } from "../connections/connection-limits.ts";

/** Milliseconds in which the other side of a socket that was never admitted may read why it is closed. */
const closeGraceMs = 1_000;

/**
 * Watches a WebSocket whose caller is not known yet: all that it may bring is its `connection_init`. What sends more is
 * cut off at once, without the seconds in which a polite close waits for an answer. @returns what ends the watch
 */
export function watchWaiting(socket: WebSocket, wire: Socket): () => void {
  const { waitingBytes, waitingPieces } = requestBounds;
  let [bytes, pieces] = [0, 0];
  const cut = () => socket.terminate();
  const count = (piece: Buffer) => {
    bytes += piece.length;
    pieces += 1;
    if (bytes > waitingBytes || pieces > waitingPieces) cut();
  };
  wire.on("data", count);
  // By a frame that ws refuses, such as one fragment too many: it keeps what it has of the message until the close.
  socket.once("error", cut);
  return () => {
    wire.off("data", count);
    socket.off("error", cut);
  };
}

/** Ends a socket that was closed before it was admitted. */
export function cutSoon(socket: WebSocket): void {
  const timer = setTimeout(() => socket.terminate(), closeGraceMs).unref();
  socket.once("close", () => clearTimeout(timer));
}
