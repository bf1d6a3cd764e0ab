import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Writable } from "node:stream";
import { createApp } from "../../../src/app/app.ts";
import { openDatabase } from "../../../src/app/database.ts";
import { userScopes } from "../../../src/callers/scope.ts";
import { signToken } from "../../../src/callers/token-verifier.ts";
import { loadConfig } from "../../../src/config/config.ts";
import { schema } from "../../../src/graphql/schema.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { createLogger } from "../../../src/observability/logger.ts";
import { loadCatalog } from "../../../src/providers/registry.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { operationsOf } from "../schema-operations.ts";
import type { FuzzGround } from "./fuzz-request.ts";

/** A server to be fuzzed, in this process. */
export interface FuzzServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  readonly ground: FuzzGround;
  /** One for each user. */
  readonly tokens: readonly string[];
  /** What nobody has foreseen: lines that the server has logged as errors, and rejections that nobody awaits. */
  readonly faults: string[];
}

const users = 40;

/** A provider in one handler: it accepts one key, and refuses all else at once. */
async function startProvider(): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    const isGood = JSON.stringify(request.headers).includes("a-good-key");
    request.resume();
    response.writeHead(isGood ? 200 : 401, { "content-type": "application/json" });
    response.end(isGood ? '{"data":[]}' : '{"error":{"type":"authentication_error"}}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** Errors that the server logs, as they are written. */
function errorSink(faults: string[]): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      const line = chunk.toString();
      if (/"level":"(?:error|fatal)"/.test(line)) faults.push(line);
      done();
    },
  });
}

async function send<Result>(origin: string, token: string, query: string, variables: object): Promise<Result> {
  const response = await fetch(`${origin}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  return ((await response.json()) as { data: Result }).data;
}

/** What one user has, so that some of the requests are about something. */
async function settle(origin: string, token: string): Promise<Record<string, string>> {
  const { startSession } = await send<{ startSession: { session: { id: string } } }>(
    origin,
    token,
    "mutation { startSession(input: {}) { ... on StartSessionPayload { session { id } } } }",
    {},
  );
  const { authenticate } = await send<{ authenticate: { credential: { id: string } } }>(
    origin,
    token,
    "mutation ($input: AuthenticateInput!) { authenticate(input: $input) { ... on AuthenticatePayload { credential { id } } } }",
    { input: { provider: "anthropic", credential: { apiKey: "a-good-key" } } },
  );
  const [sessionId, credentialId] = [startSession.session.id, authenticate.credential.id];
  const ids = { id: credentialId, ids: credentialId, sessionId, session_id: sessionId, keepSessionId: sessionId };
  return { ...ids, credentialId, provider: "anthropic", name: "anthropic", label: "default", apiKey: "a-good-key" };
}

/**
 * Starts a server with a provider beside it; nothing that it does leaves the machine. The database is its own unless an
 * address is given.
 */
export async function startFuzzServer(databaseUrl: string | null = null): Promise<FuzzServer> {
  await using stack = new AsyncDisposableStack();
  const provider = stack.use(await startProvider());
  const folder = stack.use(await temporaryFolder());
  const database = stack.use(
    await openDatabase(databaseUrl === null ? { kind: "memory" } : { kind: "postgres", url: databaseUrl }),
  );
  const catalog = await loadCatalog();
  const addresses = catalog.map(({ name }) => [`${name.toUpperCase()}_API_BASE_URL`, provider.url]);
  const config = loadConfig(catalog, {
    NODE_ENV: "test",
    PORT: "0",
    HOST: "127.0.0.1",
    LOG_LEVEL: "warn",
    RATE_LIMITS: "off",
    DATA_DIR: folder.path,
    AUTH_JWT_SECRET: "a secret for fuzzing of at least 32 bytes",
    CREDENTIAL_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
    ANTHROPIC_OAUTH_CLIENT_ID: "a-client",
    ANTHROPIC_OAUTH_TOKEN_URL: `${provider.url}/token`,
    ANTHROPIC_OAUTH_AUTHORIZATION_URL: `${provider.url}/authorize`,
    ...Object.fromEntries(addresses),
  });
  const faults: string[] = [];
  const log = createLogger("warn", errorSink(faults));
  const connections = { socketsPerUser: 1_000, streamsPerUser: 1_000 };
  const app = stack.use(await createApp(config, { catalog, database, log, connections }));
  const origin = `http://127.0.0.1:${await app.listen()}`;
  const { callerTokens } = config;
  if (callerTokens.kind !== "secret") throw new Error("this server does not sign tokens");
  const sign = (user: number) =>
    signToken(callerTokens, { subject: `user-${user}`, scopes: userScopes, lifetime: 86_400 }, systemClock);
  const tokens = await Promise.all(Array.from({ length: users }, (_, user) => sign(user)));
  const unforeseen = (error: unknown) => void faults.push(`unhandled: ${String((error as Error)?.stack ?? error)}`);
  process.on("unhandledRejection", unforeseen);
  process.on("uncaughtException", unforeseen);
  stack.defer(() => void process.off("unhandledRejection", unforeseen).off("uncaughtException", unforeseen));
  const ground = { operations: operationsOf(schema), values: await settle(origin, tokens[0]!), users };
  const owned = stack.move();
  return { origin, ground, tokens, faults, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
