import type { IncomingMessage } from "node:http";
import { CloseCode, type Server } from "graphql-ws";
import type { WebSocket } from "ws";

/** What graphql-transport-ws knows of a connection, beside its messages. */
export interface SocketExtra {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
}

const pingIntervalMs = 12_000;

/** A close frame has room for 123 bytes (RFC 6455, section 5.5). */
function closeReason(reason = ""): string {
  return Buffer.byteLength(reason) <= 123 ? reason : "";
}

/** Ends a socket whose other side does not answer pings. @returns what stops it */
function keepAlive(socket: WebSocket): () => void {
  let isAlive = true;
  socket.on("pong", () => (isAlive = true));
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, pingIntervalMs);
  return () => clearInterval(timer);
}

/** Resolves once the message is on its way. A socket that is gone takes no messages; its end is told by its close. */
async function send(socket: WebSocket, message: string): Promise<void> {
  if (socket.readyState !== socket.OPEN) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.send(message, () => resolve());
  await promise;
}

/**
 * Joins a socket to a server of graphql-transport-ws. In place of the library's own adapter, which prints errors to the
 * console and sends their messages to the client.
 * @param onFault told of errors that are the server's own
 */
export function connectSocket<Extra extends SocketExtra>(
  server: Server<Extra>,
  extra: Extra,
  onFault: (error: unknown) => void,
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
  // By then ws has closed the socket with the code that RFC 6455 has for the fault.
  socket.on("error", () => {});
  socket.once("close", (code, reason) => {
    stopPings();
    void closed(code, String(reason)).catch(onFault);
  });
}
