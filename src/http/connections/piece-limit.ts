import type { IncomingMessage } from "node:http";
import { stopParsing } from "./stop-parsing.ts";

/**
 * Stops a connection in the middle of a read once a body has more pieces than it may. Node hands pieces over only after
 * it has parsed all of a read, and a read of 64 KiB can hold ten thousand.
 * @param onStop nothing more comes of the body or the connection, which has to be ended
 */
export function stopAfterPieces(request: IncomingMessage, limit: number, onStop: () => void): void {
  let pieces = 0;
  const push = request.push.bind(request);
  request.push = (piece: unknown, encoding) => {
    if (piece === null || ++pieces <= limit) return push(piece, encoding);
    if (pieces === limit + 1) {
      stopParsing(request.socket);
      onStop();
    }
    return false;
  };
}
