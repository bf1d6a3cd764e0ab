import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { Secret } from "./credentials/secret.ts";
import { type DevelopmentKeys, DevelopmentKeysError, readDevelopmentKeys } from "./development-keys.ts";
import { type ConfigFault, type Environment, EnvironmentReader } from "./environment-reader.ts";
import { type ConfigurableProvider, readProvider, readRedirectUris } from "./provider-environment.ts";
import { isLoopback } from "./providers/loopback.ts";
import type { ProviderSettings } from "./providers/provider-settings.ts";
import { sandboxName } from "./sandbox/name.ts";

/** One key-encryption key. `bytes` are 32 bytes. */
export interface KeyEncryptionKey {
  readonly id: string;
  readonly bytes: Secret;
}

/** How caller tokens are verified: by a shared secret (HS256), or by an identity provider's published keys. */
export type CallerTokenSettings =
  | {
      readonly kind: "secret";
      readonly secret: Secret;
      readonly issuer: string | null;
      readonly audience: string | null;
    }
  | { readonly kind: "jwks"; readonly url: URL; readonly issuer: string; readonly audience: string };

export interface Config {
  readonly production: boolean;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Without a trailing slash. */
  readonly publicUrl: string;
  /** `postgres://…`, or null for the embedded database in `dataDir`. */
  readonly databaseUrl: Secret | null;
  /** `redis://…`, over which processes tell each other of events; null where PostgreSQL carries that too. */
  readonly eventsUrl: Secret | null;
  readonly dataDir: string;
  /** The first one seals; the others only open. */
  readonly encryptionKeys: readonly KeyEncryptionKey[];
  readonly callerTokens: CallerTokenSettings;
  readonly allowedOrigins: readonly string[];
  /** Compared exactly; of a loopback address the port may vary. */
  readonly redirectUris: readonly string[];
  /** Seconds before expiry at which a credential counts as EXPIRING. */
  readonly refreshThreshold: number;
  /** Seconds of inactivity after which a session expires. */
  readonly sessionTimeout: number;
  readonly logLevel: string;
  readonly graphiql: boolean;
  readonly introspection: boolean;
  readonly getQueries: boolean;
  /** A provider within this process, for people without any account. */
  readonly sandbox: boolean;
  readonly providers: ReadonlyMap<string, ProviderSettings>;
}

/** All faults of the environment at once, each with an example value that would work. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    const lines = faults.map(
      (fault) => `  ${fault.name}: ${fault.problem}\n    for example: ${fault.name}=${fault.example}`,
    );
    super(`The configuration has ${faults.length === 1 ? "a fault" : `${faults.length} faults`}:\n${lines.join("\n")}`);
    this.name = "ConfigError";
    this.faults = faults;
  }
}

const exampleKey = "$(openssl rand -base64 32)";
const logLevels = ["trace", "debug", "info", "warn", "error", "silent"];

/** Reads 32 bytes written as hex or base64 (either alphabet). */
function decodeKey(text: string): Buffer | null {
  const bytes = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, "hex") : Buffer.from(text, "base64");
  // Buffer.from stops at the padding and takes whatever follows it.
  return bytes.length === 32 && /^[\w+/-]+={0,2}$/.test(text) ? bytes : null;
}

/** A key without a name is named after its content, so that a wrong key never passes for the right one. */
export function keyEncryptionKeyId(bytes: Uint8Array): string {
  return createHash("sha256").update("maestro-auth key id").update(bytes).digest("hex").slice(0, 8);
}

/** Where a key comes from that no variable gives. Null: from nowhere, and the fault is noted. */
interface KeyFallback {
  encryptionKey(): string | null;
  jwtSecret(): string | null;
}

function noFallback(reader: EnvironmentReader): KeyFallback {
  const refuse = (name: string, problem: string) => {
    reader.fault(name, problem, exampleKey);
    return null;
  };
  const keep = "32 random bytes that you keep as safely as a backup";
  return {
    encryptionKey: () => refuse("CREDENTIAL_ENCRYPTION_KEY", `is required in production: ${keep}.`),
    jwtSecret: () => refuse("AUTH_JWT_SECRET", "or AUTH_JWKS_URL is required in production."),
  };
}

/** Reads the folder when the first key is asked of it, so that a server with keys of its own needs no file. */
function developmentFallback(reader: EnvironmentReader, dataDir: string): KeyFallback {
  let keys: DevelopmentKeys | null | undefined;
  const read = () => {
    try {
      return readDevelopmentKeys(dataDir);
    } catch (error) {
      if (!(error instanceof DevelopmentKeysError)) throw error;
      reader.fault("DATA_DIR", error.message, ".data-new");
      return null;
    }
  };
  const get = () => (keys === undefined ? (keys = read()) : keys);
  return { encryptionKey: () => get()?.encryptionKey ?? null, jwtSecret: () => get()?.jwtSecret ?? null };
}

function readEncryptionKeys(reader: EnvironmentReader, fallback: KeyFallback): KeyEncryptionKey[] {
  const name = "CREDENTIAL_ENCRYPTION_KEY";
  const value = reader.text(name) ?? fallback.encryptionKey();
  if (value === null) return [];
  const keys: KeyEncryptionKey[] = [];
  for (const [index, part] of value
    .split(",")
    .map((text) => text.trim())
    .entries()) {
    const [, id, text] = /^(?:([\w-]{1,32}):)?(.*)$/s.exec(part)!;
    const bytes = decodeKey(text!);
    if (bytes === null) {
      reader.fault(name, `key ${index + 1} is not 32 bytes in base64 or hex.`, exampleKey);
      continue;
    }
    keys.push({ id: id ?? keyEncryptionKeyId(bytes), bytes: new Secret(bytes.toString("hex")) });
  }
  if (new Set(keys.map((key) => key.id)).size < keys.length) {
    reader.fault(name, "two keys have the same id.", `new:${exampleKey},old:${exampleKey}`);
  }
  return keys;
}

function readCallerTokens(reader: EnvironmentReader, fallback: KeyFallback): CallerTokenSettings {
  const issuer = reader.text("AUTH_ISSUER");
  const audience = reader.text("AUTH_AUDIENCE");
  const given = reader.text("AUTH_JWT_SECRET");
  if (reader.text("AUTH_JWKS_URL") !== null) {
    const example = "https://login.example.com/.well-known/jwks.json";
    const url = reader.url("AUTH_JWKS_URL", ["https:", "http:"], example) ?? new URL(example);
    if (given !== null) reader.fault("AUTH_JWT_SECRET", "cannot stand beside AUTH_JWKS_URL; unset one of them.", "");
    if (url.protocol === "http:" && !isLoopback(url.hostname)) {
      reader.fault("AUTH_JWKS_URL", "needs https unless it is on this machine.", example);
    }
    if (issuer === null) reader.fault("AUTH_ISSUER", "is required with AUTH_JWKS_URL.", "https://login.example.com/");
    if (audience === null) reader.fault("AUTH_AUDIENCE", "is required with AUTH_JWKS_URL.", "maestro-auth");
    return { kind: "jwks", url, issuer: issuer ?? "", audience: audience ?? "" };
  }
  const secret = given ?? fallback.jwtSecret();
  if (secret !== null && Buffer.byteLength(secret) < 32) {
    reader.fault("AUTH_JWT_SECRET", "needs at least 32 bytes (RFC 7518, section 3.2).", exampleKey);
  }
  return { kind: "secret", secret: new Secret(secret ?? ""), issuer, audience };
}

/** On for whoever tries the server out; a production server must never trust what it hands out. */
function readSandbox(reader: EnvironmentReader, mode: string): boolean {
  const sandbox = reader.flag("SANDBOX", mode === "development");
  if (!sandbox || mode !== "production") return sandbox;
  reader.fault("SANDBOX", "cannot be true in production: it is never there.", "false");
  return false;
}

const exampleDatabaseUrl = "postgres://user@localhost:5432/maestro";

/** It may hold a password. */
function readDatabaseUrl(reader: EnvironmentReader): Secret | null {
  const url = reader.url("DATABASE_URL", ["postgres:", "postgresql:"], exampleDatabaseUrl);
  return url === null ? null : new Secret(url.href);
}

/** It may hold a password. */
function readEventsUrl(reader: EnvironmentReader): Secret | null {
  const url = reader.url("EVENTS_URL", ["redis:", "rediss:"], "redis://localhost:6379");
  if (url === null) return null;
  if (reader.text("DATABASE_URL") === null) {
    // The embedded database has no other processes to tell: somebody has forgotten the variable.
    reader.fault("DATABASE_URL", "is required with EVENTS_URL.", exampleDatabaseUrl);
  }
  return new Secret(url.href);
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

/**
 * Reads the whole configuration. Outside production, missing keys are generated once and kept in `DATA_DIR`.
 * @throws ConfigError with every fault.
 */
export function loadConfig(catalog: Iterable<ConfigurableProvider>, environment: Environment = process.env): Config {
  const reader = new EnvironmentReader(environment);
  const mode = reader.choice("NODE_ENV", "development", ["development", "production", "test"]);
  const production = mode === "production";
  const dataDir = resolve(reader.text("DATA_DIR") ?? ".data");
  const fallback = production ? noFallback(reader) : developmentFallback(reader, dataDir);
  const port = reader.integer("PORT", 4000, 0, 65_535);
  const publicUrl = reader.baseUrl("PUBLIC_URL", "https://auth.example.com") ?? new URL(`http://localhost:${port}`);
  const sandbox = readSandbox(reader, mode);
  const config: Config = {
    production,
    host: reader.text("HOST") ?? (production ? "0.0.0.0" : "127.0.0.1"),
    port,
    publicUrl: publicUrl.href.replace(/\/+$/, ""),
    databaseUrl: readDatabaseUrl(reader),
    eventsUrl: readEventsUrl(reader),
    dataDir,
    encryptionKeys: readEncryptionKeys(reader, fallback),
    callerTokens: readCallerTokens(reader, fallback),
    redirectUris: readRedirectUris(reader, publicUrl, sandbox ? [...catalog, { name: sandboxName }] : catalog),
    allowedOrigins: readOrigins(reader, publicUrl, production),
    refreshThreshold: reader.integer("REFRESH_THRESHOLD", 300, 0, 86_400),
    sessionTimeout: reader.integer("SESSION_TIMEOUT", 86_400, 1, 31_536_000),
    logLevel: reader.choice("LOG_LEVEL", production ? "info" : "warn", logLevels),
    graphiql: reader.flag("GRAPHIQL", !production),
    introspection: reader.flag("INTROSPECTION", !production),
    getQueries: reader.flag("GET_QUERIES", false),
    sandbox,
    providers: new Map(Array.from(catalog, (provider) => [provider.name, readProvider(reader, provider, production)])),
  };
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return config;
}
