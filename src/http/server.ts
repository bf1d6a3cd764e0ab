import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Logger } from "../observability/logger.ts";
import type { HttpMetrics } from "../observability/metrics.ts";
import { withoutBasePath } from "./base-path.ts";
import type { OAuthCallback } from "./callback/oauth-callback.ts";
import { peerNetworkOf } from "./client-ip.ts";
import type { Anteroom } from "./connections/anteroom.ts";
import { type ConnectionLimits, requestBounds } from "./connections/connection-limits.ts";
import { PipelineLimit } from "./connections/pipeline-limit.ts";
import type { UnreadWatch } from "./connections/unread-watch.ts";
import type { CorsSettings } from "./cors.ts";
import { setCorsHeaders } from "./cors.ts";
import type { GraphQLEndpoint } from "./graphql/endpoint.ts";
import type { MetricsEndpoint } from "./metrics-endpoint.ts";
import type { OwnHosts } from "./own-hosts.ts";
import { type CompressedPage, wantsPage } from "./pages/compressed-page.ts";
import { sendIcon } from "./pages/icon.ts";
import { type RawRefusal, sendRawRefusal } from "./raw-refusal.ts";
import { discardBody, hasBody } from "./request-body.ts";
import { sendJson, sendRefusal, setSecurityHeaders } from "./respond.ts";
import { refuseUpgrade } from "./websocket/upgrade-refusal.ts";
import type { GraphQLWebSockets } from "./websocket/websocket.ts";

export interface HttpServerOptions {
  readonly endpoint: GraphQLEndpoint;
  readonly webSockets: GraphQLWebSockets;
  readonly oauthCallback: OAuthCallback;
  /** Null where GraphiQL is switched off. */
  readonly graphiql: CompressedPage | null;
  /** Null where the landing page is switched off. */
  readonly landing: CompressedPage | null;
  /** The schema as text; null where it is nobody's business. */
  readonly sdl: string | null;
  /** Null where metrics are switched off. */
  readonly metricsEndpoint: MetricsEndpoint | null;
  readonly metrics: HttpMetrics;
  /** See `basePathOf`. */
  readonly basePath: string;
  readonly cors: CorsSettings;
  readonly hosts: OwnHosts;
  readonly limits: ConnectionLimits;
  readonly trustedProxyHops: number;
  /** The connections on which no good token was seen yet. */
  readonly unknown: Anteroom<Socket>;
  readonly unread: UnreadWatch;
  /** Why the server cannot do its work now; null where it can. */
  readonly findUnreadiness: () => Promise<string | null>;
  readonly log: Logger;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

function healthHandler(_request: IncomingMessage, response: ServerResponse): void {
  sendJson(response, 200, { status: "ok" });
}

function readyHandler(findUnreadiness: HttpServerOptions["findUnreadiness"]): Handler {
  return async (_request, response) => {
    const reason = await findUnreadiness();
    if (reason === null) sendJson(response, 200, { status: "ready" });
    else sendJson(response, 503, { status: "unavailable", reason });
  };
}

function graphqlHandler({ endpoint, graphiql, cors }: HttpServerOptions): Handler {
  return async (request, response) => {
    setCorsHeaders(request, response, cors);
    if (request.method === "OPTIONS") response.writeHead(204).end();
    else if (graphiql !== null && wantsPage(request)) await graphiql.handle(request, response);
    else await endpoint.handle(request, response);
  };
}

/** Of what is there to be read, and for nothing else. */
function reading(handler: Handler): Handler {
  return (request, response) => {
    if (request.method === "GET" || request.method === "HEAD") return handler(request, response);
    response.setHeader("allow", "GET, HEAD");
    sendRefusal(response, 405, "METHOD_NOT_ALLOWED", "This can only be read. The API is at /graphql.");
  };
}

/** For what is given out without a token: only to who asks for this server by a name of its own. */
function underOwnHost(hosts: OwnHosts, handler: Handler): Handler {
  return (request, response) => {
    if (hosts.include(request)) return handler(request, response);
    const message = `This is served under ${hosts.of(request).join(" or ")} only. The operator adds a name with PUBLIC_URL.`;
    sendRefusal(response, 421, "MISDIRECTED_REQUEST", message);
  };
}

function schemaHandler(sdl: string): Handler {
  return (_request, response) => {
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8", "content-length": Buffer.byteLength(sdl) });
    response.end(sdl);
  };
}

function homeHandler({ landing, graphiql, basePath }: HttpServerOptions): Handler {
  return (request, response) => {
    if (landing !== null) return landing.handle(request, response);
    if (graphiql === null) return sendRefusal(response, 404, "NOT_FOUND", "The API is at /graphql.");
    response.writeHead(302, { location: `${basePath}/graphql` }).end();
  };
}

const { headerBytes, headers: headerFields } = requestBounds;

const headersTooLarge: RawRefusal = {
  status: 431,
  code: "HEADERS_TOO_LARGE",
  message: `The address and the header fields of a request may have at most ${headerBytes} bytes, in ${headerFields} fields.`,
  extensions: { limit: headerBytes, fields: headerFields },
};

/** By the code of Node's error; what is not here is no HTTP. */
const unreadable: Readonly<Record<string, RawRefusal>> = {
  HPE_HEADER_OVERFLOW: headersTooLarge,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    code: "PAYLOAD_TOO_LARGE",
    message: "The chunks of the body have too long extensions. Send none.",
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    code: "REQUEST_TIMEOUT",
    message: "The request did not arrive in time: its head has 10 s, all of it 30 s.",
  },
};

const noHttp: RawRefusal = { status: 400, code: "BAD_REQUEST", message: "This is no request of HTTP/1.1." };

const callbackPath = /^\/auth\/([a-z][a-z0-9-]*)\/callback$/;

/** Routes, and the last resort for whatever a handler throws. */
export function createHttpServer(options: HttpServerOptions): Server {
  const { log, webSockets, findUnreadiness, sdl, metrics, metricsEndpoint, basePath } = options;
  const { hosts, limits, unknown, unread, trustedProxyHops } = options;
  const pipeline = new PipelineLimit(limits.pipelinedRequests);
  const routes = new Map<string, Handler>([
    ["/", reading(homeHandler(options))],
    ["/favicon.ico", reading(sendIcon)],
    ...(sdl === null ? [] : [["/schema.graphql", underOwnHost(hosts, reading(schemaHandler(sdl)))] as const]),
    ["/graphql", graphqlHandler(options)],
    ["/health", healthHandler],
    ["/ready", readyHandler(findUnreadiness)],
  ]);
  if (metricsEndpoint !== null) {
    const handler: Handler = (request, response) => metricsEndpoint.handle(request, response);
    routes.set("/metrics", metricsEndpoint.isOpen ? underOwnHost(hosts, handler) : handler);
  }

  /** A name for each route: a path may be anything that a client writes. */
  function routeName(path: string): string {
    if (routes.has(path)) return path;
    return callbackPath.test(path) ? "/auth/:provider/callback" : "other";
  }

  function handlerOf(path: string): Handler | undefined {
    const [, provider] = callbackPath.exec(path) ?? [];
    if (provider === undefined) return routes.get(path);
    return (request, response) => options.oauthCallback.handle(request, response, provider);
  }

  /** A path that is a route as it stands stays as it is: a base path may be called `/auth`, as the callbacks are. */
  function removeBasePath(request: IncomingMessage): void {
    if (handlerOf(pathOf(request)) === undefined) request.url = withoutBasePath(request.url ?? "/", basePath);
  }

  /**
   * Whoever comes back after a cut stream subscribes after the last cursor; an end in good order could not get through.
   */
  function cutIfUnread(request: IncomingMessage, response: ServerResponse): void {
    const endWatch = unread.watch(request.socket, () => {
      log.tell("connection.unread", { transport: "http" });
      response.destroy();
    });
    response.once("close", endWatch);
  }

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!pipeline.admit(request, response)) return;
    setSecurityHeaders(response);
    removeBasePath(request);
    if (hasBody(request) && pathOf(request) !== "/graphql") discardBody(request, limits.bodyMs);
    cutIfUnread(request, response);
    const path = pathOf(request);
    const handler = handlerOf(path);
    response.once("close", () => metrics.httpAnswered(routeName(path), response.statusCode));
    try {
      if (request.rawHeaders.length > 2 * headerFields) refuseHeaders(response);
      else if (handler === undefined)
        sendRefusal(response, 404, "NOT_FOUND", "There is nothing here; the API is at /graphql.");
      else await handler(request, response);
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      log.tell("http.failed", { route: routeName(path), err: error });
      if (response.headersSent) response.destroy();
      else sendRefusal(response, 500, "INTERNAL_SERVER_ERROR", "Something went wrong in the server. Try again.");
    }
  }

  const server = createServer(
    {
      requestTimeout: 30_000,
      headersTimeout: 10_000,
      // Unless it looks this often, a slow client has half a minute more than these.
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: requestBounds.headerBytes,
      // Other offers are not taken: Java's client, for one, offers h2c with every request.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === "websocket",
    },
    (request, response) => void route(request, response),
  );
  // Node refuses more by itself since version 24; an older one drops what is beyond the limit, so one more is let
  // through for `route` to refuse: a request without some of its fields is another request.
  server.maxHeadersCount = headerFields + 1;
  server.on("connection", (socket) => {
    unknown.enter(socket, peerNetworkOf(socket, trustedProxyHops));
    socket.once("close", () => unknown.leave(socket));
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    // An answer that has begun cannot be told from what this would add to it.
    if (!socket.writable || pipeline.of(socket as Socket) > 0) socket.destroy();
    else sendRawRefusal(socket, unreadable[error.code ?? ""] ?? noHttp);
  });
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    removeBasePath(request);
    if (pathOf(request) === "/graphql") webSockets.handleUpgrade(request, socket, head);
    else refuseUpgrade(socket, "path");
  });
  return server;
}

function refuseHeaders(response: ServerResponse): void {
  const { status, code, message, extensions = {} } = headersTooLarge;
  response.setHeader("connection", "close");
  sendRefusal(response, status, code, message, extensions);
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").split("?", 1)[0]!;
}
