import type { Server } from "node:http";
import { printSchema } from "graphql";
import type { AttemptLimits } from "../auth/attempt-limits.ts";
import { CallerAuthentication } from "../callers/authentication.ts";
import { KeyWatch } from "../callers/key-watch.ts";
import type { RateLimiter } from "../callers/rate-limiter.ts";
import { TokenVerifier } from "../callers/token-verifier.ts";
import type { Config } from "../config.ts";
import { findUnreadiness } from "../db/configured-database.ts";
import type { Database } from "../db/database.ts";
import type { Services } from "../graphql/context.ts";
import { PublicErrors } from "../graphql/public-error.ts";
import { schema } from "../graphql/schema.ts";
import { basePathOf } from "../http/base-path.ts";
import { ClientAddresses } from "../http/client-ip.ts";
import { connectionLimits } from "../http/connection-limits.ts";
import { GraphQLEndpoint } from "../http/graphql-endpoint.ts";
import { MetricsEndpoint } from "../http/metrics-endpoint.ts";
import { OAuthCallback } from "../http/oauth-callback.ts";
import { createHttpServer } from "../http/server.ts";
import { close } from "../http/server-lifetime.ts";
import { UnreadWatch } from "../http/unread-watch.ts";
import { GraphQLWebSockets } from "../http/websocket.ts";
import { createGraphQL } from "../http/yoga.ts";
import type { DocumentRules } from "./documents.ts";
import type { AppBase } from "./overrides.ts";
import type { Pages } from "./pages.ts";

/** A server that does not listen yet. Disposing it ends its connections. */
export interface Transport extends AsyncDisposable {
  readonly server: Server;
}

interface TransportParts extends DocumentRules {
  readonly services: Services;
  readonly attempts: AttemptLimits;
  readonly database: Database;
  readonly limiter: RateLimiter;
  readonly pages: Pages;
}

/** HTTP, SSE and WebSocket over the same GraphQL. */
export function createTransport(
  config: Config,
  { services, attempts, database, limiter, pages, documents, costs }: TransportParts,
  { stack, overrides, log, metrics }: AppBase,
): Transport {
  const { clock, expiries, flows, flowStore } = services;
  const { allowedOrigins, callerTokens, introspection, publicUrl } = config;
  const verifier = new TokenVerifier(callerTokens, clock);
  stack.use(new KeyWatch(verifier, expiries, overrides.keyWatchIntervalMs ?? 15_000));
  const authentication = new CallerAuthentication({ verifier, limiter, log });
  const publicErrors = new PublicErrors(schema, log);
  const limits = { ...connectionLimits, ...overrides.connections };
  const { streamsPerUser } = limits;
  const yoga = createGraphQL({ services, publicErrors, introspection, documents, costs, streamsPerUser });
  const unread = stack.use(new UnreadWatch(limits.unreadMs));
  const addresses = new ClientAddresses(config.trustedProxyHops, log);
  const transport = { yoga, authentication, addresses, limits, unread, log };
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
  metrics.observe("maestro_event_streams_open", "Open SSE responses.", [], () => [[{}, endpoint.openStreams]]);

  const sdl = introspection ? printSchema(schema) : null;
  const unreadiness = () => findUnreadiness(database);
  const routes = { endpoint, webSockets, oauthCallback, ...pages, sdl, metricsEndpoint, findUnreadiness: unreadiness };
  const basePath = basePathOf(publicUrl);
  const server = createHttpServer({ ...routes, metrics, allowedOrigins, basePath, log });
  return {
    server,
    [Symbol.asyncDispose]: async () => {
      await webSockets[Symbol.asyncDispose]();
      endpoint[Symbol.dispose]();
      await close(server);
    },
  };
}
