import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { AccessIssuer } from "./auth/access-issuer.ts";
import { AuditTrail } from "./auth/audit-trail.ts";
import { Coordinator } from "./auth/coordinator.ts";
import { CredentialConnector } from "./auth/credential-connector.ts";
import { DevicePoller } from "./auth/device-poller.ts";
import { OAuthFlowStore } from "./auth/oauth-flow-store.ts";
import { OAuthFlows } from "./auth/oauth-flows.ts";
import { ProviderContexts } from "./auth/provider-contexts.ts";
import { ProviderSelector } from "./auth/provider-selector.ts";
import { FlowRedirects } from "./auth/flow-redirects.ts";
import { RedirectUris } from "./auth/redirect-uris.ts";
import { SessionAccess } from "./auth/session-access.ts";
import { SessionActivation } from "./auth/session-activation.ts";
import { CredentialChecker } from "./auth/credential-checker.ts";
import { userScopes } from "./callers/scope.ts";
import { signToken, TokenVerifier } from "./callers/token-verifier.ts";
import type { Clock } from "./clock.ts";
import { type RefreshSettings, startRefreshing } from "./auth/refresh/refreshing.ts";
import type { Config } from "./config.ts";
import { AccessReader } from "./credentials/access-reader.ts";
import { UsageRecorder } from "./credentials/usage-recorder.ts";
import { openVault, type Vault } from "./credentials/vault.ts";
import { answersInTime, openClock, openConfiguredDatabase } from "./db/configured-database.ts";
import type { Database } from "./db/database.ts";
import { migrate } from "./db/migrate.ts";
import { openDoorbell } from "./events/configured-doorbell.ts";
import type { Doorbell } from "./events/doorbell.ts";
import { EventStream } from "./events/event-stream.ts";
import { Outbox } from "./events/outbox.ts";
import { EventRetention, type RetentionSettings } from "./events/retention.ts";
import { StreamWatch } from "./events/stream-watch.ts";
import { PublicErrors } from "./graphql/public-error.ts";
import { schema } from "./graphql/schema.ts";
import { type ConnectionLimits, connectionLimits } from "./http/connection-limits.ts";
import { GraphiQLPage } from "./http/graphiql.ts";
import { GraphQLEndpoint } from "./http/graphql-endpoint.ts";
import { OAuthCallback } from "./http/oauth-callback.ts";
import { createHttpServer } from "./http/server.ts";
import { close, listen } from "./http/server-lifetime.ts";
import { UnreadWatch } from "./http/unread-watch.ts";
import { GraphQLWebSockets } from "./http/websocket.ts";
import { createGraphQL } from "./http/yoga.ts";
import { createLogger, type Logger } from "./observability/logger.ts";
import { HttpClient, type HttpClientOptions } from "./providers/http-client.ts";
import type { ProviderDefinition } from "./providers/provider-definition.ts";
import { createRegistry, loadCatalog } from "./providers/registry.ts";
import { ActivityRecorder } from "./sessions/activity-recorder.ts";
import { SessionManager } from "./sessions/session-manager.ts";
import { SessionStore } from "./sessions/session-store.ts";
import { SessionSweeper } from "./sessions/session-sweeper.ts";
import { SessionTimeout } from "./sessions/session-timeout.ts";
import { Sandbox } from "./sandbox/sandbox.ts";

/** What a test, or an application that embeds the server, may replace. */
export interface AppOverrides {
  readonly database?: Database;
  readonly catalog?: readonly ProviderDefinition[];
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly http?: Partial<HttpClientOptions>;
  readonly doorbell?: Doorbell;
  /** Milliseconds between two looks for events whose doorbell was lost. */
  readonly pollIntervalMs?: number;
  readonly retention?: Partial<RetentionSettings>;
  readonly connections?: Partial<ConnectionLimits>;
  readonly refresh?: RefreshSettings;
  /** Milliseconds between two looks for sessions that expire. */
  readonly sweepIntervalMs?: number;
  /** Told of each step of starting, in words for a person. */
  readonly onStep?: (step: string) => void;
}

/** A whole server, ready to listen. Disposing it ends everything that it opened. */
export interface App extends AsyncDisposable {
  readonly server: Server;
  /** Where the sandbox has its control page; null where there is none. */
  readonly sandboxUrl: string | null;
  /** @returns the port, which the system chose where the configuration says 0. */
  listen(): Promise<number>;
  /** A token for development; null where an identity provider issues them. `lifetime` is in seconds. */
  developmentToken(subject: string, lifetime: number): Promise<string | null>;
}

const developmentTokenLifetime = 12 * 3600;

/** Null where the configuration wants none. */
async function startSandbox(config: Config, redirectUris: RedirectUris, log: Logger): Promise<Sandbox | null> {
  if (!config.sandbox) return null;
  return Sandbox.start({
    isRedirectUriAllowed: (uri) => redirectUris.allows(uri),
    onError: (err) => log.error({ err }, "the sandbox failed"),
  });
}

async function openMigratedVault(
  config: Config,
  { database, onStep, clock }: { database: Database; onStep: (step: string) => void; clock: Clock },
): Promise<Vault> {
  const applied = await migrate(database);
  onStep(applied.length === 0 ? "schema is up to date" : `schema migrated: ${applied.join(", ")}`);
  const vault = await openVault(database, config, clock);
  onStep(`encryption keys opened; sealing with key ${vault.keyring.active.id}`);
  return vault;
}

/**
 * Builds the server from its parts.
 * @throws KeyringError, FolderInUseError, or whatever keeps the database from opening; nothing is left open then.
 */
export async function createApp(config: Config, overrides: AppOverrides = {}): Promise<App> {
  await using stack = new AsyncDisposableStack();
  const { onStep = () => {} } = overrides;
  const log = overrides.log ?? createLogger(config.logLevel);

  const database = overrides.database ?? stack.use(await openConfiguredDatabase(config, onStep));
  const clock = overrides.clock ?? stack.use(await openClock(database, log));
  const { keyring, sealer, statusRule, scheduler, store } = await openMigratedVault(config, {
    database,
    onStep,
    clock,
  });

  const doorbell = overrides.doorbell ?? stack.use(await openDoorbell(config, database, log));
  const watch = stack.use(new StreamWatch(database, doorbell, log, overrides.pollIntervalMs ?? 1_000));
  const outbox = new Outbox(database, doorbell);
  const stream = new EventStream(database, watch, log);
  stack.use(EventRetention.start(database, log, overrides.retention));

  const http = stack.use(new HttpClient(overrides.http));
  const redirectUris = new RedirectUris(config.redirectUris);
  const sandbox = stack.use(await startSandbox(config, redirectUris, log));
  const catalog = [...(overrides.catalog ?? (await loadCatalog()))];
  const settings = new Map(config.providers);
  if (sandbox !== null) {
    catalog.push(sandbox.definition);
    settings.set(sandbox.definition.name, sandbox.settings);
  }
  const registry = createRegistry(catalog, settings, { http, clock });
  const usage = stack.use(new UsageRecorder(database, log));
  const audit = new AuditTrail(database, clock, log);
  const connector = new CredentialConnector({ store, outbox, audit });
  const parts = {
    database,
    registry,
    store,
    sealer,
    scheduler,
    outbox,
    doorbell,
    audit,
    connector,
    clock,
    log,
    onStep,
  };
  const timeout = new SessionTimeout(config.sessionTimeout);
  const sessions = new SessionManager({ ...parts, store: new SessionStore(timeout, clock) });
  const activity = stack.use(new ActivityRecorder(database, timeout, log));
  stack.use(new SessionSweeper({ ...parts, intervalMs: overrides.sweepIntervalMs ?? 1_000 }));
  const activation = new SessionActivation(sessions);
  const { dataDir } = config;
  const refreshing = stack.use(await startRefreshing({ ...parts, dataDir }, overrides.refresh));
  const { refresher, requests: refreshes } = refreshing;
  const checker = new CredentialChecker({ ...parts, refresher });
  const access = new SessionAccess({ database, activity, clock });
  const issuer = new AccessIssuer({ ...parts, checker, reader: new AccessReader(database), refresher, usage, access });
  const coordinator = new Coordinator({ ...parts, checker, issuer, refreshes, sessions, activation });
  const contexts = new ProviderContexts({ ...parts, sessions });
  const selector = new ProviderSelector({ ...parts, sessions, refresher });
  const flowStore = new OAuthFlowStore(database, keyring, clock);
  const { publicUrl } = config;
  const flows = new OAuthFlows({
    registry,
    flows: flowStore,
    connector,
    audit,
    activation,
    redirects: new FlowRedirects(redirectUris, publicUrl),
    doorbell,
    clock,
  });
  stack.use(new DevicePoller({ registry, store: flowStore, flows, log }));

  const verifier = new TokenVerifier(config.callerTokens, clock);
  const publicErrors = new PublicErrors(schema, log);
  const services = {
    coordinator,
    flows,
    sessions,
    contexts,
    selector,
    flowStore,
    registry,
    stream,
    watch,
    statusRule,
    clock,
  };
  const yoga = createGraphQL({ services, publicErrors, introspection: config.introspection });
  const { allowedOrigins, callerTokens } = config;
  const limits = { ...connectionLimits, ...overrides.connections };
  const transport = { yoga, verifier, limits, unread: stack.use(new UnreadWatch(limits.unreadMs)), log };
  const webSockets = new GraphQLWebSockets({ ...transport, publicErrors, clock, allowedOrigins });

  const developmentToken = async (subject: string, lifetime: number) =>
    config.production || callerTokens.kind !== "secret"
      ? null
      : signToken(callerTokens, { subject, scopes: userScopes, lifetime }, clock);
  const hosts = new Set<string>();
  const isSecure = publicUrl.startsWith("https:");
  const token = () => developmentToken("developer", developmentTokenLifetime);
  const exampleProvider = registry.list()[0]?.name ?? "";
  const sandboxProvider = sandbox?.definition.name ?? null;
  const graphiql = config.graphiql ? new GraphiQLPage({ token, hosts, exampleProvider, sandboxProvider, clock }) : null;
  const endpoint = new GraphQLEndpoint({ ...transport, getQueries: config.getQueries, isSecure });
  const oauthCallback = new OAuthCallback({ flows, store: flowStore, allowedOrigins, isSecure, log });
  const server = createHttpServer({
    endpoint,
    webSockets,
    oauthCallback,
    graphiql,
    allowedOrigins,
    isReady: () => answersInTime(database),
    log,
  });

  const owned = stack.move();
  return {
    server,
    sandboxUrl: sandbox === null ? null : `${sandbox.origin}/`,
    developmentToken,
    listen: async () => {
      await listen(server, config);
      const { port } = server.address() as AddressInfo;
      for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, new URL(config.publicUrl).host])
        hosts.add(host);
      return port;
    },
    [Symbol.asyncDispose]: async () => {
      await webSockets[Symbol.asyncDispose]();
      endpoint[Symbol.dispose]();
      await close(server);
      await owned.disposeAsync();
    },
  };
}
