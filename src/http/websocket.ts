import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import {
  type ExecutionArgs,
  type FormattedExecutionResult,
  getOperationAST,
  GraphQLError,
  type GraphQLFormattedError,
} from "graphql";
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, makeServer, type Server, type SubscribePayload } from "graphql-ws";
import { type ServerOptions, WebSocketServer } from "ws";
import type { CallerAuthentication } from "../callers/authentication.ts";
import { type Caller, CallerError } from "../callers/caller.ts";
import type { Clock } from "../clock.ts";
import { RateLimitedError } from "../errors.ts";
import type { PublicErrors } from "../graphql/public-error.ts";
import type { Logger } from "../observability/logger.ts";
import { clientIp } from "./client-ip.ts";
import type { ConnectionLimits } from "./connection-limits.ts";
import { explainingSocket } from "./explaining-socket.ts";
import { HeldPlaces } from "./held-places.ts";
import { SocketClose } from "./socket-close.ts";
import { connectSocket, type SocketExtra, type SocketRules } from "./socket-connection.ts";
import { refuseUpgrade } from "./upgrade-refusal.ts";
import type { UnreadWatch } from "./unread-watch.ts";
import type { Yoga } from "./yoga.ts";

export interface WebSocketOptions {
  readonly yoga: Yoga;
  readonly authentication: CallerAuthentication;
  readonly trustedProxyHops: number;
  readonly publicErrors: PublicErrors;
  readonly clock: Clock;
  readonly allowedOrigins: readonly string[];
  readonly limits: ConnectionLimits;
  readonly unread: UnreadWatch;
  readonly log: Logger;
}

const maxFrameBytes = 65_536;
const maxTimeoutMs = 2 ** 31 - 1;
/** Milliseconds that clients may take to answer when the server itself ends. */
const endGraceMs = 1_000;

const serverOptions: ServerOptions & { readonly closeTimeout: number } = {
  noServer: true,
  maxPayload: maxFrameBytes,
  WebSocket: explainingSocket(maxFrameBytes),
  // Milliseconds that a client may take to answer a close frame, and to read what is sent before it.
  closeTimeout: 10_000,
  handleProtocols: (protocols) => protocols.has(GRAPHQL_TRANSPORT_WS_PROTOCOL) && GRAPHQL_TRANSPORT_WS_PROTOCOL,
};

interface Extra extends SocketExtra {
  caller?: Caller;
  expiry?: NodeJS.Timeout;
}

type ConnectionParams = { readonly authorization?: unknown; readonly "x-on-behalf-of"?: unknown };

/** GraphQL over WebSocket: the same operations, rules and errors as over HTTP. */
export class GraphQLWebSockets implements AsyncDisposable {
  readonly #options: WebSocketOptions;
  readonly #sockets: WebSocketServer;
  readonly #places: HeldPlaces;

  constructor(options: WebSocketOptions) {
    this.#options = options;
    this.#places = new HeldPlaces(options.limits.socketsPerUser);
    this.#sockets = new WebSocketServer(serverOptions);
    const server = this.#createServer();
    const rules: SocketRules = {
      onFault: (error) => options.publicErrors.toPublic(error),
      onUnread: () => options.log.info("a WebSocket is closed: its client reads nothing"),
      unread: options.unread,
      unreadBytes: options.limits.unreadBytes,
    };
    this.#sockets.on("connection", (socket, request) => connectSocket(server, { socket, request }, rules));
  }

  /** How many sockets are open. */
  get open(): number {
    return this.#sockets.clients.size;
  }

  /** Answers an HTTP upgrade. A browser tells its page's origin, which must be on the list; other clients send none. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { origin } = request.headers;
    if (origin !== undefined && !this.#options.allowedOrigins.includes(origin)) {
      refuseUpgrade(socket, 403);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) =>
      this.#sockets.emit("connection", webSocket, request),
    );
  }

  #createServer(): Server<Extra> {
    return makeServer<ConnectionParams, Extra>({
      onConnect: ({ connectionParams = {}, extra }) => this.#authenticate(connectionParams, extra),
      onClose: ({ extra }) => clearTimeout(extra.expiry),
      // The operation itself is among them.
      onSubscribe: ({ extra, subscriptions }, _id, params) =>
        Object.keys(subscriptions).length > this.#options.limits.operationsPerSocket
          ? [tooManyOperations(this.#options.limits.operationsPerSocket)]
          : this.#prepare(extra.caller, params),
      execute: (args) => (args.rootValue as Envelope).execute(args),
      subscribe: (args) => (args.rootValue as Envelope).subscribe(args),
      onNext: ({ extra }, _id, _params, _args, result) => {
        // A subscription may learn of the token's end before the socket does. Its last word would tell the client that
        // all is over, where the close makes it come back with a new token.
        this.#closeIfExpired(extra);
        return result.errors && ({ ...result, errors: result.errors.map(format) } as FormattedExecutionResult);
      },
      onError: (_context, _id, _params, errors) => errors.map(format),
    });
  }

  async #authenticate(params: ConnectionParams, extra: Extra): Promise<boolean> {
    const { request, socket } = extra;
    try {
      extra.caller = await this.#options.authentication.authenticate({
        authorization: params.authorization,
        onBehalfOf: params["x-on-behalf-of"],
        ip: clientIp(request, this.#options.trustedProxyHops),
        userAgent: request.headers["user-agent"] ?? null,
      });
    } catch (error) {
      if (error instanceof RateLimitedError) socket.close(...SocketClose.TooManyFailedTokens(error.retryAfter));
      else if (error instanceof CallerError) socket.close(CloseCode.Forbidden, error.message);
      else throw error;
      return false;
    }
    if (socket.readyState !== socket.OPEN) return false;
    const giveBack = this.#places.take(extra.caller);
    if (giveBack === null) {
      socket.close(...SocketClose.TooManySockets(this.#options.limits.socketsPerUser));
      return false;
    }
    socket.once("close", giveBack);
    this.#closeOnExpiry(extra);
    return true;
  }

  #remainingMs({ caller }: Extra): number {
    return caller!.expiresAt.getTime() - this.#options.clock.now().getTime();
  }

  /** Clients retry after 4403, and not after 4401. */
  #closeIfExpired(extra: Extra): void {
    if (this.#remainingMs(extra) <= 0) extra.socket.close(CloseCode.Forbidden, "The token has expired.");
  }

  #closeOnExpiry(extra: Extra): void {
    this.#closeIfExpired(extra);
    const waitMs = Math.min(this.#remainingMs(extra), maxTimeoutMs);
    if (waitMs <= 0 || extra.socket.readyState !== extra.socket.OPEN) return;
    extra.expiry = setTimeout(() => this.#closeOnExpiry(extra), waitMs).unref();
  }

  /** What graphql-ws executes, or the errors that it sends: thrown, they would close the socket and end all on it. */
  async #prepare(
    caller: Caller | undefined,
    params: SubscribePayload,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
    try {
      const { schema, execute, subscribe, contextFactory, parse, validate } = this.#options.yoga.getEnveloped({
        caller,
        params,
      });
      const document = parse(params.query);
      const errors = validate(schema, document) as readonly GraphQLError[];
      if (errors.length > 0) return errors;
      if (getOperationAST(document, params.operationName) == null) return [unclearOperation()];
      return {
        schema,
        document,
        operationName: params.operationName,
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      };
    } catch (error) {
      return [this.#options.publicErrors.toPublic(error)];
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sockets.close(() => resolve());
    for (const socket of this.#sockets.clients) socket.close(1001, "Going away");
    const timer = setTimeout(() => this.#sockets.clients.forEach((socket) => socket.terminate()), endGraceMs);
    await promise;
    clearTimeout(timer);
  }
}

interface Envelope {
  execute: (args: ExecutionArgs) => never;
  subscribe: (args: ExecutionArgs) => never;
}

/** In Yoga's words: over HTTP it says the same. */
function unclearOperation(): GraphQLError {
  return new GraphQLError("Could not determine what operation to execute.", {
    extensions: { code: "OPERATION_RESOLUTION_FAILURE" },
  });
}

function tooManyOperations(limit: number): GraphQLError {
  const message = `${limit} operations run on this socket, which is the limit. Complete one, or open another socket.`;
  return new GraphQLError(message, { extensions: { code: "TOO_MANY_OPERATIONS", limit } });
}

/** An error as HTTP clients get it: without the status that stands in it for Yoga. */
function format(error: GraphQLError): GraphQLFormattedError {
  const { http: _http, ...extensions } = error.extensions;
  return { ...error.toJSON(), extensions };
}
