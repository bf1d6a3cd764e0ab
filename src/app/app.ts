import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { userScopes } from "../callers/scope.ts";
import { signToken } from "../callers/token-verifier.ts";
import type { Config } from "../config/config.ts";
import type { OperatorError } from "../errors/operator-error.ts";
import { OwnHosts } from "../http/own-hosts.ts";
import { listen } from "../http/server-lifetime.ts";
import { createLogger } from "../observability/logger.ts";
import { Metrics } from "../observability/metrics.ts";
import { createDocumentRules } from "./documents.ts";
import { createDomain } from "./domain.ts";
import type { AppBase, AppOverrides } from "./overrides.ts";
import { createPages } from "./pages.ts";
import { createProviders } from "./provider-parts.ts";
import { openStorage } from "./storage.ts";
import { startTimeline } from "./timeline.ts";
import { createTransport } from "./transport.ts";

export type { AppOverrides } from "./overrides.ts";

/** A whole server, ready to listen. Disposing it ends everything that it opened. */
export interface App extends AsyncDisposable {
  readonly server: Server;
  /** Where the sandbox has its control page; null where there is none. */
  readonly sandboxUrl: string | null;
  /**
   * Resolves where the server can do no more work and has to be ended, as when the disk of its embedded database is
   * full; null where that cannot be.
   */
  readonly failed: Promise<OperatorError> | null;
  /** @returns the port, which the system chose where the configuration says 0. */
  listen(): Promise<number>;
  /** A token for development; null where an identity provider issues them. `lifetime` is in seconds. */
  developmentToken(subject: string, lifetime: number): Promise<string | null>;
}

const developmentTokenLifetime = 12 * 3600;

/**
 * Builds the server from its parts.
 * @throws ConfigError, KeyringError, FolderInUseError, or whatever keeps the database from opening; nothing is left
 * open then.
 */
export async function createApp(config: Config, overrides: AppOverrides = {}): Promise<App> {
  await using stack = new AsyncDisposableStack();
  const { onStep = () => {}, log = createLogger(config.logLevel, undefined, config.logFormat) } = overrides;
  const { onWait = (text: string) => log.tell("server.waiting", { reason: text }) } = overrides;
  const metrics = new Metrics();
  if (config.metrics !== null) metrics.watchProcess();
  const base: AppBase = { stack, overrides, log, metrics, onStep, onWait, background: true };
  const documentRules = await createDocumentRules(config, base);
  const storage = await openStorage(config, base);
  const { clock, database, limiter } = storage;
  const providers = await createProviders(config, clock, base);
  await startTimeline(config, storage, providers.registry, base);
  const services = await createDomain(config, storage, providers, base);

  const { callerTokens } = config;
  const developmentToken = async (subject: string, lifetime: number) =>
    config.production || callerTokens.kind !== "secret"
      ? null
      : signToken(callerTokens, { subject, scopes: userScopes, lifetime }, clock);
  const hosts = new OwnHosts(config.publicUrl);
  const token = () => developmentToken("developer", developmentTokenLifetime);
  const pages = createPages(config, { providers, token, hosts, clock });
  const parts = { services, database, limiter, pages, hosts, ...documentRules };
  const transport = createTransport(config, parts, base);
  const { server } = transport;

  const owned = stack.move();
  void database.failed?.then((failure) => log.tell("database.failed", { reason: failure.reason, cure: failure.cure }));
  return {
    server,
    failed: database.failed,
    sandboxUrl: providers.sandbox === null ? null : `${providers.sandbox.origin}/`,
    developmentToken,
    listen: async () => {
      await listen(server, config);
      return (server.address() as AddressInfo).port;
    },
    [Symbol.asyncDispose]: async () => {
      await transport[Symbol.asyncDispose]();
      await owned.disposeAsync();
    },
  };
}
