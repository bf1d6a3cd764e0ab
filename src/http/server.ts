import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Logger } from "../observability/logger.ts";
import type { HttpMetrics } from "../observability/metrics.ts";
import { withoutBasePath } from "./base-path.ts";
import { setCorsHeaders } from "./cors.ts";
import { type CompressedPage, wantsPage } from "./compressed-page.ts";
import type { GraphQLEndpoint } from "./graphql-endpoint.ts";
import { sendIcon } from "./icon.ts";
import type { MetricsEndpoint } from "./metrics-endpoint.ts";
import type { OAuthCallback } from "./oauth-callback.ts";
import { sendJson, sendRefusal, setSecurityHeaders } from "./respond.ts";
import { refuseUpgrade } from "./upgrade-refusal.ts";
import type { GraphQLWebSockets } from "./websocket.ts";

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
  readonly allowedOrigins: readonly string[];
  /** See `basePathOf`. */
  readonly basePath: string;
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

function graphqlHandler({ endpoint, graphiql, allowedOrigins }: HttpServerOptions): Handler {
  return async (request, response) => {
    setCorsHeaders(request, response, allowedOrigins);
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

const callbackPath = /^\/auth\/([a-z][a-z0-9-]*)\/callback$/;

/** Routes, and the last resort for whatever a handler throws. */
export function createHttpServer(options: HttpServerOptions): Server {
  const { log, webSockets, findUnreadiness, sdl, metrics, metricsEndpoint, basePath } = options;
  const routes = new Map<string, Handler>([
    ["/", reading(homeHandler(options))],
    ["/favicon.ico", reading(sendIcon)],
    ...(sdl === null ? [] : [["/schema.graphql", reading(schemaHandler(sdl))] as const]),
    ["/graphql", graphqlHandler(options)],
    ["/health", healthHandler],
    ["/ready", readyHandler(findUnreadiness)],
  ]);
  if (metricsEndpoint !== null) {
    routes.set("/metrics", (request, response) => metricsEndpoint.handle(request, response));
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

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    setSecurityHeaders(response);
    removeBasePath(request);
    const path = pathOf(request);
    const handler = handlerOf(path);
    response.once("close", () => metrics.httpAnswered(routeName(path), response.statusCode));
    try {
      if (handler === undefined)
        sendRefusal(response, 404, "NOT_FOUND", "There is nothing here; the API is at /graphql.");
      else await handler(request, response);
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      log.error({ err: error, path: pathOf(request) }, "a request failed unexpectedly");
      if (response.headersSent) response.destroy();
      else sendRefusal(response, 500, "INTERNAL_SERVER_ERROR", "Something went wrong in the server. Try again.");
    }
  }

  const server = createServer(
    {
      requestTimeout: 30_000,
      headersTimeout: 10_000,
      // Other offers are not taken: Java's client, for one, offers h2c with every request.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === "websocket",
    },
    (request, response) => void route(request, response),
  );
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    removeBasePath(request);
    if (pathOf(request) === "/graphql") webSockets.handleUpgrade(request, socket, head);
    else refuseUpgrade(socket, 404);
  });
  return server;
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").split("?", 1)[0]!;
}
