import type { Server } from "node:http";
import type { Socket } from "node:net";
import { printSchema } from "graphql";
import { CallerAuthentication } from "../callers/authentication.ts";
import { KeyWatch } from "../callers/key-watch.ts";
import { describeReading, type OnReading } from "../callers/published-keys.ts";
import { type CallerTokenSettings, TokenVerifier } from "../callers/token-verifier.ts";
import type { Config } from "../config/config.ts";
import { findUnreadiness } from "../db/configured-database.ts";
import type { Database } from "../db/database.ts";
import type { Services } from "../graphql/context.ts";
import { PublicErrors } from "../graphql/errors/public-error.ts";
import { schema } from "../graphql/schema.ts";
import { basePathOf } from "../http/base-path.ts";
import { OAuthCallback } from "../http/callback/oauth-callback.ts";
import { ClientAddresses } from "../http/client-ip.ts";
import { Anteroom } from "../http/connections/anteroom.ts";
import { UnreadWatch } from "../http/connections/unread-watch.ts";
import { GraphQLEndpoint } from "../http/graphql/endpoint.ts";
import { OperationLog } from "../http/graphql/operation-log.ts";
import { OperationPlaces } from "../http/graphql/operation-places-plugin.ts";
import { createGraphQL } from "../http/graphql/yoga.ts";
import { MetricsEndpoint } from "../http/metrics-endpoint.ts";
import type { OwnHosts } from "../http/own-hosts.ts";
import { close } from "../http/server-lifetime.ts";
import { createHttpServer } from "../http/server.ts";
import { GraphQLWebSockets } from "../http/websocket/websocket.ts";
import type { Logger } from "../observability/logger.ts";
import { OutageLog } from "../observability/outage-log.ts";
import type { RateLimiter } from "../rate-limits/limiter.ts";
import type { DocumentRules } from "./documents.ts";
import type { AppBase } from "./overrides.ts";
import type { Pages } from "./pages.ts";

/** A server that does not listen yet. Disposing it ends its connections. */
export interface Transport extends AsyncDisposable {
  readonly server: Server;
}

interface TransportParts extends DocumentRules {
  readonly services: Services;
  readonly database: Database;
  readonly limiter: RateLimiter;
  readonly pages: Pages;
  readonly hosts: OwnHosts;
}

/** Tells the log when the identity provider's keys cannot be read, and when they can again. */
function watchKeys(settings: CallerTokenSettings, log: Logger): OnReading | undefined {
  if (settings.kind !== "jwks") return undefined;
  const outage = new OutageLog(log, { lost: "identity_provider.lost", regained: "identity_provider.regained" });
  const address = settings.url.host;
  return (error) => {
    if (error === null) return outage.regained({ address });
    const { reason, code } = describeReading(error);
    outage.lost(reason, { address, reason, code });
  };
}

/** HTTP, SSE and WebSocket over the same GraphQL. */
export function createTransport(
  config: Config,
  { services, database, limiter, pages, hosts, documents, costs, openCosts }: TransportParts,
  { stack, overrides, log, metrics }: AppBase,
): Transport {
  const { attempts, clock, expiries, flows, flowStore } = services;
  const { allowedOrigins, callerTokens, introspection, publicUrl, trustedProxyHops } = config;
  const verifier = new TokenVerifier(callerTokens, clock, watchKeys(callerTokens, log));
  stack.use(new KeyWatch(verifier, expiries, overrides.keyWatchIntervalMs ?? 15_000));
  const authentication = new CallerAuthentication({ verifier, limiter, log });
  const publicErrors = new PublicErrors(schema, log);
  const limits = { ...config.connectionLimits, ...overrides.connections };
  const { streamsPerUser } = limits;
  const places = new OperationPlaces(config.operationsPerUser);
  const operationLog = config.logRequests === "off" ? null : new OperationLog(log, config.logRequests);
  const logsOperations = operationLog !== null;
  const yogaParts = {
    places,
    services,
    publicErrors,
    introspection,
    documents,
    costs,
    openCosts,
    streamsPerUser,
    logsOperations,
  };
  const yoga = createGraphQL(yogaParts);
  const unread = stack.use(new UnreadWatch(limits.unreadMs));
  const addresses = new ClientAddresses(trustedProxyHops, log);
  const { unknownPerNetwork: perNetwork, unknownInAll: inAll } = limits;
  const unknown = new Anteroom<Socket>({ perNetwork, inAll }, (socket) => socket.destroy());
  const transport = { yoga, authentication, addresses, limits, unread, unknown, log, operationLog };
  const webSockets = new GraphQLWebSockets({ ...transport, publicErrors, clock, expiries, allowedOrigins });
  const isSecure = publicUrl.startsWith("https:");
  const endpoint = new GraphQLEndpoint({ ...transport, getQueries: config.getQueries, isSecure });
  const oauthCallback = new OAuthCallback({
    ...transport,
    flows,
    store: flowStore,
    attempts,
    allowedOrigins,
    isSecure,
    clock,
  });
  const metricsEndpoint = config.metrics === null ? null : new MetricsEndpoint(metrics, config.metrics.token);
  metrics.observe("maestro_websockets_open", "Open WebSockets.", [], () => [[{}, webSockets.open]]);
  metrics.observe("maestro_unknown_connections", "Connections on which no good token was seen yet.", [], () => [
    [{}, unknown.count],
  ]);
  metrics.observe("maestro_event_streams_open", "Open SSE responses.", [], () => [[{}, endpoint.openStreams]]);

  const sdl = introspection ? printSchema(schema) : null;
  const unreadiness = () => findUnreadiness(database);
  const routes = { endpoint, webSockets, oauthCallback, ...pages, sdl, metricsEndpoint, findUnreadiness: unreadiness };
  const basePath = basePathOf(publicUrl);
  const cors = { origins: allowedOrigins, headers: config.corsAllowedHeaders };
  const parts = { cors, hosts, basePath, limits, trustedProxyHops, unknown, unread, metrics, log };
  const server = createHttpServer({ ...routes, ...parts });
  return {
    server,
    [Symbol.asyncDispose]: async () => {
      await webSockets[Symbol.asyncDispose]();
      endpoint[Symbol.dispose]();
      await close(server);
    },
  };
}
