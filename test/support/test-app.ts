import { Writable } from "node:stream";
import { type App, type AppOverrides, createApp } from "../../src/app/app.ts";
import { type Scope, userScopes } from "../../src/callers/scope.ts";
import { signToken } from "../../src/callers/token-verifier.ts";
import { type Config, loadConfig } from "../../src/config/config.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLogger } from "../../src/observability/logger.ts";
import { loadCatalog } from "../../src/providers/registry.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { TestClient } from "./test-client.ts";
import { createTestDatabase } from "./test-database.ts";

export interface TestAppOptions extends AppOverrides {
  /** Added to the environment that the configuration is read from. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface TestApp extends AsyncDisposable {
  readonly app: App;
  readonly config: Config;
  /** `http://127.0.0.1:<port>` */
  readonly baseUrl: string;
  /** Everything that was logged, at the most talkative level. */
  readonly logs: string[];
  /** A client that acts as a user, with all of a user's scopes unless others are given. */
  client(user: string, scopes?: readonly Scope[]): Promise<TestClient>;
  token(user: string, options?: { readonly scopes?: readonly Scope[]; readonly lifetime?: number }): Promise<string>;
}

export const testEnvironment = {
  NODE_ENV: "test",
  PORT: "0",
  HOST: "127.0.0.1",
  LOG_LEVEL: "trace",
  AUTH_JWT_SECRET: "a secret for tests of at least 32 bytes",
  CREDENTIAL_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
};

/** A whole server on a free port, over the worker's test database unless another is given. */
export async function startTestApp({ environment, ...overrides }: TestAppOptions = {}): Promise<TestApp> {
  const catalog = overrides.catalog ?? (await loadCatalog());
  // Of its own, so that no other server finds what this one has spooled.
  const folder = await temporaryFolder();
  const config = loadConfig(catalog, { ...testEnvironment, DATA_DIR: folder.path, ...environment });
  const logs: string[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      logs.push(chunk.toString());
      done();
    },
  });
  const app = await createApp(config, {
    log: createLogger(config.logLevel, sink),
    ...overrides,
    catalog,
    ...(environment?.["DATABASE_URL"] === undefined && environment?.["DATA_DIR"] === undefined
      ? { database: overrides.database ?? (await createTestDatabase()) }
      : {}),
  });
  const baseUrl = `http://127.0.0.1:${await app.listen()}`;
  const { callerTokens } = config;
  const token: TestApp["token"] = (user, { scopes = userScopes, lifetime = 3600 } = {}) => {
    if (callerTokens.kind !== "secret") throw new Error("this server does not sign tokens");
    return signToken(callerTokens, { subject: user, scopes, lifetime }, overrides.clock ?? systemClock);
  };
  return {
    app,
    config,
    baseUrl,
    logs,
    token,
    client: async (user, scopes = userScopes) => new TestClient(baseUrl, await token(user, { scopes })),
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
