import type { IncomingMessage } from "node:http";
import { CloseCode, type Server } from "graphql-ws";
import type { WebSocket } from "ws";
import { SocketClose } from "./socket-close.ts";
import type { UnreadWatch } from "./unread-watch.ts";

/** What graphql-transport-ws knows of a connection, beside its messages. */
export interface SocketExtra {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
}

export interface SocketRules {
  /** Told of errors that are the server's own. */
  readonly onFault: (error: unknown) => void;
  /** Told when a peer is given up that reads nothing. */
  readonly onUnread: () => void;
  readonly unread: UnreadWatch;
  /** So much may wait for the peer before nothing more is taken from it. */
  readonly unreadBytes: number;
}

const pingIntervalMs = 12_000;

/** A close frame has room for 123 bytes (RFC 6455, section 5.5). */
function closeReason(reason = ""): string {
  return Buffer.byteLength(reason) <= 123 ? reason : "";
}

/**
 * Ends a socket whose other side does not answer pings. While data waits a ping could not get through either; how long
 * it may wait is another rule's business.
 * @returns what stops it
 */
function keepAlive(socket: WebSocket): () => void {
  let isAlive = true;
  socket.on("pong", () => (isAlive = true));
  const timer = setInterval(() => {
    if (socket.bufferedAmount > 0) return;
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, pingIntervalMs);
  return () => clearInterval(timer);
}

/** Takes nothing more from a peer that leaves its answers unread: they would pile up here. */
function holdBack({ socket, request }: SocketExtra, unreadBytes: number): void {
  const check = () => {
    if (socket.bufferedAmount > unreadBytes) socket.pause();
  };
  socket.on("message", check);
  socket.on("ping", check);
  request.socket.on("drain", () => socket.resume());
}

/**
 * Resolves once the message is on its way, which for a peer that does not read is never: whoever waits for it pulls
 * nothing more from its source. A socket that closes takes no messages; its sources are ended when it is closed, and
 * until then they are not to be emptied either.
 */
async function send(socket: WebSocket, message: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (socket.readyState === socket.OPEN) socket.send(message, () => resolve());
  else if (socket.readyState === socket.CLOSING) socket.once("close", () => resolve());
  else return;
  await promise;
}

/**
 * Joins a socket to a server of graphql-transport-ws. In place of the library's own adapter, which prints errors to the
 * console and sends their messages to the client.
 */
export function connectSocket<Extra extends SocketExtra>(
  server: Server<Extra>,
  extra: Extra,
  { onFault, onUnread, unread, unreadBytes }: SocketRules,
): void {
  const { socket } = extra;
  const fail = (error: unknown) => {
    // The library's words for a message that only servers send.
    const isClientFault = error instanceof Error && error.message.startsWith("Unexpected message of type");
    if (!isClientFault) onFault(error);
    socket.close(
      isClientFault ? CloseCode.BadRequest : CloseCode.InternalServerError,
      isClientFault ? "Invalid message received" : "Something went wrong in the server.",
    );
  };
  const closed = server.opened(
    {
      protocol: socket.protocol,
      send: (message) => send(socket, message),
      close: (code, reason) => socket.close(code, closeReason(reason)),
      onMessage: (handle) => socket.on("message", (message: Buffer) => void handle(message.toString()).catch(fail)),
    },
    extra,
  );
  const stopPings = keepAlive(socket);
  holdBack(extra, unreadBytes);
  const endWatch = unread.watch(extra.request.socket, () => {
    onUnread();
    socket.close(...SocketClose.Unread(unread.limitMs));
  });
  // By then ws has closed the socket with the code that RFC 6455 has for the fault.
  socket.on("error", () => {});
  socket.once("close", (code, reason) => {
    stopPings();
    endWatch();
    void closed(code, String(reason)).catch(onFault);
  });
}
