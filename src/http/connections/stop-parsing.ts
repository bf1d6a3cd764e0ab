import type { Socket } from "node:net";

/**
 * Where Node's parser has what it calls for header fields, the end of a head, a piece of a body and the end of a
 * message (`kOnHeaders` to `kOnMessageComplete`, lib/_http_common.js).
 */
const callbacks = [1, 2, 3, 4] as const;

type Parser = Partial<Record<(typeof callbacks)[number], unknown>>;

/**
 * Makes nothing more of what a connection brings, not even of what has been read already: one read of 64 KiB can hold
 * two thousand requests, or ten thousand pieces of a body, and each costs a call and an object. Node has no public way
 * to stop in the middle of a read, so its parser loses what it calls, until the connection is closed: Node keeps
 * parsers for others. Where a later Node has another parser, the rest of that one read is worked off. The connection
 * has to be ended by whoever calls this.
 */
export function stopParsing(socket: Socket): void {
  socket.pause();
  const { parser } = socket as { parser?: Parser | null };
  if (parser == null || callbacks.some((name) => typeof parser[name] !== "function")) return;
  const kept = callbacks.map((name) => [name, parser[name]] as const);
  for (const name of callbacks) parser[name] = undefined;
  socket.prependOnceListener("close", () => Object.assign(parser, Object.fromEntries(kept)));
}
