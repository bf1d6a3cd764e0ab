import { resolve } from "node:path";
import type { QuotaSettings } from "../callers/quota.ts";
import type { StepUpRequirement } from "../callers/step-up.ts";
import type { CallerTokenSettings } from "../callers/token-verifier.ts";
import type { KeyEncryptionKey } from "../credentials/sealing/key-wrapper.ts";
import type { ConnectionLimits } from "../http/connections/connection-limits.ts";
import { isLoopback } from "../lib/loopback.ts";
import { Secret } from "../lib/secret.ts";
import type { ProviderSettings } from "../providers/provider-settings.ts";
import type { RateLimitSettings } from "../rate-limits/limits.ts";
import { sandboxName } from "../sandbox/name.ts";
import { readDatabaseUrl, readEventsUrl, readListenUrl } from "./addresses.ts";
import { readCallerTokens } from "./caller-tokens.ts";
import { readConnectionLimits } from "./connection-limits.ts";
import { readCorsHeaders } from "./cors.ts";
import { explainDevelopmentToken, readDevelopmentToken, type TokenReaders } from "./development-token.ts";
import { readEncryptionKeys } from "./encryption-keys.ts";
import { type ConfigFault, type Environment, EnvironmentReader } from "./environment-reader.ts";
import { developmentFallback, noFallback } from "./key-fallback.ts";
import { type ListenAddress, readListenAddress } from "./listen-address.ts";
import { type LogSettings, readLog } from "./log.ts";
import { type MetricsSettings, readMetrics } from "./metrics.ts";
import { type ConfigurableProvider, readProvider, readRedirectUris } from "./provider-environment.ts";
import { readOperationQuota, readQuotas } from "./quotas.ts";
import { readRateLimits } from "./rate-limits.ts";
import { readStepUp } from "./step-up.ts";

export { loadLogFormat } from "./log.ts";
export { addressOf } from "./listen-address.ts";
export type { TokenReaders };
export { explainDevelopmentToken };

export interface Config extends LogSettings {
  readonly production: boolean;
  /** A name, or an address without brackets. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Without a trailing slash. */
  readonly publicUrl: string;
  /** `postgres://…`, or null for the embedded database in `dataDir`. */
  readonly databaseUrl: Secret | null;
  /** Seconds that the start waits for a PostgreSQL that is away, and for locks that others hold. */
  readonly databaseWaitSeconds: number;
  /** Seconds that a statement may take on PostgreSQL. */
  readonly databaseStatementTimeout: number;
  /** Seconds that a statement may wait for a lock on PostgreSQL. */
  readonly databaseLockTimeout: number;
  /** `postgres://…`, where this server listens for events if `databaseUrl` leads to a pooler; null for the same. */
  readonly databaseListenUrl: Secret | null;
  /** `redis://…`, over which processes tell each other of events; null where PostgreSQL carries that too. */
  readonly eventsUrl: Secret | null;
  readonly dataDir: string;
  /** The first one seals; the others only open. */
  readonly encryptionKeys: readonly KeyEncryptionKey[];
  readonly callerTokens: CallerTokenSettings;
  readonly rateLimits: RateLimitSettings;
  /** What one user may keep. */
  readonly quotas: QuotaSettings;
  /** Operations of one user that a process executes at the same moment. */
  readonly operationsPerUser: number;
  /** What sensitive operations need of a user's login; null for nothing. */
  readonly stepUp: StepUpRequirement | null;
  /** Proxies between clients and this server, each of which adds to `X-Forwarded-For`. */
  readonly trustedProxyHops: number;
  readonly allowedOrigins: readonly string[];
  /** Header fields that browsers may send from those origins, in lower case. */
  readonly corsAllowedHeaders: readonly string[];
  readonly connectionLimits: ConnectionLimits;
  /** Compared exactly; of a loopback address the port may vary. */
  readonly redirectUris: readonly string[];
  /** Seconds before expiry at which a credential counts as EXPIRING. */
  readonly refreshThreshold: number;
  /** Seconds of inactivity after which a session expires. */
  readonly sessionTimeout: number;
  /** Days that an entry of the audit log is kept. */
  readonly auditRetentionDays: number;
  /** Null where there is no `GET /metrics`. */
  readonly metrics: MetricsSettings | null;
  /** Who finds a token for development in the pages. */
  readonly developmentToken: TokenReaders;
  readonly graphiql: boolean;
  readonly landingPage: boolean;
  readonly introspection: boolean;
  readonly getQueries: boolean;
  /** What one operation may cost; null for the usual limit. */
  readonly maxQueryCost: number | null;
  /** What a user's open subscriptions may cost together; null for the usual limit. */
  readonly maxSubscriptionCost: number | null;
  /** The file with the only documents that run; null where any does. */
  readonly trustedDocuments: string | null;
  /** A provider within this process, for people without any account. */
  readonly sandbox: boolean;
  /** Whether `issueAccess` hands out the keys of the server's own environment. */
  readonly revealServerKeys: boolean;
  readonly providers: ReadonlyMap<string, ProviderSettings>;
}

/** In one line. */
export function cureOf({ name, example, cure }: ConfigFault): string {
  return cure ?? `For example: ${name}=${example}`;
}

/** All faults of the environment at once, each with an example value that would work. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    const lines = faults.map((fault) => `  ${fault.name}: ${fault.problem}\n    ${cureOf(fault)}`);
    super(`The configuration has ${faults.length === 1 ? "a fault" : `${faults.length} faults`}:\n${lines.join("\n")}`);
    this.name = "ConfigError";
    this.faults = faults;
  }
}

/** On for whoever tries the server out; a production server must never trust what it hands out. */
function readSandbox(reader: EnvironmentReader, mode: string): boolean {
  const sandbox = reader.flag("SANDBOX", mode === "development");
  if (!sandbox || mode !== "production") return sandbox;
  reader.fault("SANDBOX", "cannot be true in production: it is never there.", "false");
  return false;
}

function readOrigins(reader: EnvironmentReader, publicUrl: URL, production: boolean): string[] {
  const value = reader.text("ALLOWED_ORIGINS");
  if (value === null) {
    if (production || !isLoopback(publicUrl.hostname)) return [publicUrl.origin];
    const port = publicUrl.port === "" ? "" : `:${publicUrl.port}`;
    return [`${publicUrl.protocol}//localhost${port}`, `${publicUrl.protocol}//127.0.0.1${port}`];
  }
  const origins = value.split(",").map((text) => text.trim());
  if (origins.some((origin) => URL.parse(origin)?.origin !== origin)) {
    reader.fault(
      "ALLOWED_ORIGINS",
      "expected origins (scheme, host and port only), separated by commas.",
      publicUrl.origin,
    );
  }
  return origins;
}

function readMaxCost(reader: EnvironmentReader, name: string, example: number): number | null {
  return reader.text(name) === null ? null : reader.integer(name, example, 1, 1_000_000);
}

export interface ConfigOptions {
  /**
   * Called where development keys would be made in `DATA_DIR`. With it nothing is written: they are for this call only.
   */
  readonly onMissingKeys?: () => void;
}

/**
 * Reads the whole configuration. Outside production, missing keys are generated once and kept in `DATA_DIR`.
 * @throws ConfigError with every fault.
 */
export function loadConfig(
  catalog: Iterable<ConfigurableProvider>,
  environment: Environment = process.env,
  { onMissingKeys }: ConfigOptions = {},
): Config {
  const reader = new EnvironmentReader(environment);
  const mode = reader.choice("NODE_ENV", "development", ["development", "production", "test"]);
  const production = mode === "production";
  const dataDir = resolve(reader.text("DATA_DIR") ?? ".data");
  const fallback = production ? noFallback(reader) : developmentFallback(reader, dataDir, onMissingKeys ?? null);
  const { host, port } = readListenAddress(reader, production);
  const publicUrl = reader.baseUrl("PUBLIC_URL", "https://auth.example.com") ?? new URL(`http://localhost:${port}`);
  const sandbox = readSandbox(reader, mode);
  const config: Config = {
    production,
    host,
    port,
    publicUrl: publicUrl.href.replace(/\/+$/, ""),
    databaseUrl: readDatabaseUrl(reader),
    databaseWaitSeconds: reader.integer("DATABASE_WAIT_SECONDS", 60, 0, 3_600),
    databaseStatementTimeout: reader.integer("DATABASE_STATEMENT_TIMEOUT", 10, 1, 3_600),
    databaseLockTimeout: reader.integer("DATABASE_LOCK_TIMEOUT", 5, 1, 3_600),
    databaseListenUrl: readListenUrl(reader),
    eventsUrl: readEventsUrl(reader),
    dataDir,
    encryptionKeys: readEncryptionKeys(reader, fallback),
    callerTokens: readCallerTokens(reader, fallback),
    rateLimits: readRateLimits(reader),
    quotas: readQuotas(reader),
    operationsPerUser: readOperationQuota(reader),
    stepUp: readStepUp(reader),
    trustedProxyHops: reader.integer("TRUSTED_PROXY_HOPS", 0, 0, 16),
    redirectUris: readRedirectUris(reader, publicUrl, sandbox ? [...catalog, { name: sandboxName }] : catalog),
    allowedOrigins: readOrigins(reader, publicUrl, production),
    corsAllowedHeaders: readCorsHeaders(reader),
    connectionLimits: readConnectionLimits(reader),
    refreshThreshold: reader.integer("REFRESH_THRESHOLD", 300, 0, 86_400),
    sessionTimeout: reader.integer("SESSION_TIMEOUT", 86_400, 1, 31_536_000),
    ...readLog(reader, production),
    auditRetentionDays: reader.integer("AUDIT_RETENTION_DAYS", 400, 1, 36_500),
    metrics: readMetrics(reader, mode),
    developmentToken: readDevelopmentToken(reader, { production, host, publicUrl }),
    graphiql: reader.flag("GRAPHIQL", !production),
    landingPage: reader.flag("LANDING_PAGE", !production),
    introspection: reader.flag("INTROSPECTION", !production),
    getQueries: reader.flag("GET_QUERIES", false),
    maxQueryCost: readMaxCost(reader, "MAX_QUERY_COST", 5_000),
    maxSubscriptionCost: readMaxCost(reader, "MAX_SUBSCRIPTION_COST", 20_000),
    trustedDocuments: reader.text("TRUSTED_DOCUMENTS"),
    sandbox,
    revealServerKeys: reader.flag("REVEAL_SERVER_KEYS", !production),
    providers: new Map(Array.from(catalog, (provider) => [provider.name, readProvider(reader, provider, production)])),
  };
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return config;
}

/** Reads where the server listens, and nothing else: no key is generated. @throws ConfigError */
export function loadListenAddress(environment: Environment = process.env): ListenAddress {
  const reader = new EnvironmentReader(environment);
  const address = readListenAddress(reader, reader.text("NODE_ENV") === "production");
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return address;
}
