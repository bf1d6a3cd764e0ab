import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { GraphQLError } from "graphql";
import { CloseCode, type Context, GRAPHQL_TRANSPORT_WS_PROTOCOL, makeServer, type Server } from "graphql-ws";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import type { CallerAuthentication } from "../../callers/authentication.ts";
import { CallerError } from "../../callers/caller.ts";
import { HeldPlaces, holderOf } from "../../callers/held-places.ts";
import { type TokenExpiries, tokenExpired } from "../../callers/token-expiries.ts";
import { RateLimitedError } from "../../errors/auth-error.ts";
import type { PublicErrors } from "../../graphql/errors/public-error.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import { networkOf } from "../../rate-limits/client-network.ts";
import type { ClientAddresses } from "../client-ip.ts";
import { Anteroom } from "../connections/anteroom.ts";
import { type ConnectionLimits, requestBounds } from "../connections/connection-limits.ts";
import type { UnreadWatch } from "../connections/unread-watch.ts";
import type { OperationLog, OperationRecord } from "../graphql/operation-log.ts";
import type { Yoga } from "../graphql/yoga.ts";
import { ExplainingSocket } from "./explaining-socket.ts";
import { Heartbeat } from "./heartbeat.ts";
import { SocketClose } from "./socket-close.ts";
import { holdBack, type Peer, SocketConnection } from "./socket-connection.ts";
import { formatError, formatResult, operationStarters, prepareOperation } from "./socket-operation.ts";
import { refuseUpgrade } from "./upgrade-refusal.ts";
import { watchWaiting } from "./waiting-socket.ts";

export interface WebSocketOptions {
  readonly yoga: Yoga;
  readonly authentication: CallerAuthentication;
  readonly addresses: ClientAddresses;
  readonly publicErrors: PublicErrors;
  readonly clock: Clock;
  readonly expiries: TokenExpiries;
  readonly allowedOrigins: readonly string[];
  readonly limits: ConnectionLimits;
  readonly unread: UnreadWatch;
  readonly unknown: Anteroom<Socket>;
  /** Null where operations have no lines in the log. */
  readonly operationLog: OperationLog | null;
  readonly log: Logger;
}

/** Milliseconds that clients may take to answer when the server itself ends. */
const endGraceMs = 1_000;

const serverOptions: ServerOptions & { readonly closeTimeout: number } = {
  noServer: true,
  maxPayload: requestBounds.messageBytes,
  maxFragments: requestBounds.messageFragments,
  maxBufferedChunks: requestBounds.messagePieces,
  // One message or ping of a socket in each turn of the event loop: one read of 64 KiB can hold ten thousand.
  allowSynchronousEvents: false,
  WebSocket: ExplainingSocket,
  // Milliseconds that a client may take to answer a close frame, and to read what is sent before it.
  closeTimeout: 10_000,
  handleProtocols: (protocols) => protocols.has(GRAPHQL_TRANSPORT_WS_PROTOCOL) && GRAPHQL_TRANSPORT_WS_PROTOCOL,
};

type ConnectionParams = { readonly authorization?: unknown; readonly "x-on-behalf-of"?: unknown };

type SocketContext = Context<ConnectionParams, SocketConnection>;

/** GraphQL over WebSocket: the same operations, rules and errors as over HTTP. */
export class GraphQLWebSockets implements AsyncDisposable {
  readonly #options: WebSocketOptions;
  readonly #sockets: WebSocketServer;
  readonly #places: HeldPlaces;
  /** Those whose caller is not known yet. */
  readonly #waiting: Anteroom<WebSocket>;
  readonly #heartbeat = new Heartbeat();
  readonly #protocol: Server<SocketConnection>;
  readonly #onFault: (error: unknown) => void;

  constructor(options: WebSocketOptions) {
    this.#options = options;
    this.#places = new HeldPlaces(options.limits.socketsPerUser);
    const { waitingSocketsPerNetwork: perNetwork, waitingSocketsInAll: inAll } = options.limits;
    this.#waiting = new Anteroom({ perNetwork, inAll }, (socket, limit) => {
      socket.close(...SocketClose.TooManyWaiting(limit));
      socket.terminate();
    });
    this.#sockets = new WebSocketServer(serverOptions);
    this.#protocol = this.#createServer();
    this.#onFault = (error) => void options.publicErrors.toPublic(error);
  }

  /** How many sockets are open. */
  get open(): number {
    return this.#sockets.clients.size;
  }

  /** Answers an HTTP upgrade. A browser tells its page's origin, which must be on the list; other clients send none. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { origin } = request.headers;
    if (origin !== undefined && !this.#options.allowedOrigins.includes(origin)) {
      refuseUpgrade(socket, "origin");
      return;
    }
    const { addresses } = this.#options;
    const peer = { ip: addresses.of(request), userAgent: request.headers["user-agent"] ?? null };
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, request.socket, peer));
  }

  #open(socket: WebSocket, wire: Socket, peer: Peer): void {
    const { unread, limits, log, expiries, unknown } = this.#options;
    this.#waiting.enter(socket, peer.ip === null ? "unknown" : networkOf(peer.ip));
    const endWaiting = watchWaiting(socket, wire);
    const connection = new SocketConnection(socket, peer, {
      onFault: this.#onFault,
      onAdmitted: () => {
        endWaiting();
        this.#waiting.leave(socket);
        unknown.leave(wire);
      },
    });
    const closed = this.#protocol.opened(connection, connection);
    holdBack(socket, wire, limits.unreadBytes);
    this.#heartbeat.add(connection);
    const endWatch = unread.watch(wire, () => {
      log.tell("connection.unread", { transport: "websocket" });
      connection.close(...SocketClose.Unread(unread.limitMs));
    });
    socket.once("close", (code, reason) => {
      this.#heartbeat.delete(connection);
      this.#waiting.leave(socket);
      endWatch();
      if (connection.caller !== null) expiries.delete(connection);
      void closed(code, String(reason)).catch(this.#onFault);
    });
  }

  #createServer(): Server<SocketConnection> {
    const { operationLog } = this.#options;
    // By what the client has sent, which the protocol's library hands over with each step of an operation.
    const records = new WeakMap<object, OperationRecord>();
    return makeServer<ConnectionParams, SocketConnection>({
      ...operationStarters,
      onConnect: (context) => this.#authenticate(context),
      // The operation itself is among them.
      onSubscribe: ({ extra: { caller }, subscriptions }, _id, params) => {
        const operation = operationLog?.begin(caller);
        if (operation !== undefined) records.set(params, operation);
        return Object.keys(subscriptions).length > this.#options.limits.operationsPerSocket
          ? [tooManyOperations(this.#options.limits.operationsPerSocket)]
          : prepareOperation(this.#options, { caller, operation }, params);
      },
      onNext: ({ extra }, _id, params, _args, result) => {
        records.get(params)?.delivered(result);
        // A subscription may learn of the token's end before the socket does. Its last word would tell the client that
        // all is over, where the close makes it come back with a new token.
        this.#closeIfExpired(extra);
        return formatResult(result);
      },
      onError: (_context, _id, params, errors) => {
        const operation = records.get(params);
        operation?.delivered({ errors });
        operation?.end(null, "websocket");
        return errors.map(formatError);
      },
      onComplete: (_context, _id, params) => records.get(params)?.end(null, "websocket"),
    });
  }

  async #authenticate(context: SocketContext): Promise<boolean> {
    const { extra: connection, connectionParams = {} } = context;
    // A token is not kept for longer than it is looked at.
    (context as { connectionParams?: ConnectionParams | undefined }).connectionParams = undefined;
    try {
      connection.caller = await this.#options.authentication.authenticate({
        authorization: connectionParams.authorization,
        onBehalfOf: connectionParams["x-on-behalf-of"],
        ...connection.peer,
      });
    } catch (error) {
      if (error instanceof RateLimitedError) connection.close(...SocketClose.TooManyFailedTokens(error.retryAfter));
      else if (error instanceof CallerError) connection.close(CloseCode.Forbidden, error.message);
      else throw error;
      return false;
    }
    return connection.isOpen && this.#admit(connection);
  }

  #admit(connection: SocketConnection): boolean {
    const giveBack = this.#places.take(holderOf(connection.caller!));
    if (giveBack === null) {
      connection.close(...SocketClose.TooManySockets(this.#options.limits.socketsPerUser));
      return false;
    }
    connection.onClose(giveBack);
    connection.admit();
    this.#options.expiries.add(connection);
    this.#closeIfExpired(connection);
    return true;
  }

  #closeIfExpired(connection: SocketConnection): void {
    if (this.#options.clock.now() >= connection.caller!.expiresAt) connection.expire(tokenExpired);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#heartbeat[Symbol.dispose]();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sockets.close(() => resolve());
    for (const socket of this.#sockets.clients) socket.close(1001, "Going away");
    const timer = setTimeout(() => this.#sockets.clients.forEach((socket) => socket.terminate()), endGraceMs);
    await promise;
    clearTimeout(timer);
  }
}

function tooManyOperations(limit: number): GraphQLError {
  const message = `${limit} operations run on this socket, which is the limit. Complete one, or open another socket.`;
  return new GraphQLError(message, { extensions: { code: "TOO_MANY_OPERATIONS", limit } });
}
