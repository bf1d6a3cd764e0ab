import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openDatabase } from "../../src/app/database.ts";
import { userScopes } from "../../src/callers/scope.ts";
import { signToken } from "../../src/callers/token-verifier.ts";
import { schema } from "../../src/graphql/schema.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { Secret } from "../../src/lib/secret.ts";
import { ProtocolSocket } from "../http/websocket/protocol-socket.ts";
import { startAuthorizationServer } from "../support/authorization-server.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { ExampleProcess, runProgram } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { TestClient } from "../support/test-client.ts";
import { createServerDatabase } from "../support/test-database.ts";
import { CanaryPlaces } from "./canary-places.ts";
import { byteCanary, CanaryWatch, newCanary } from "./canary.ts";
import { settle } from "./inhabitant.ts";

const crashHook = fileURLToPath(new URL("crash-on-signal.ts", import.meta.url));

/** The database of the run with a password in its address, or null where the server has one of its own. */
async function databaseWith(password: string): Promise<string | null> {
  const address = await createServerDatabase();
  if (address === null) return null;
  const url = new URL(address);
  url.password = password;
  return url.href;
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function portOf(server: ExampleProcess): Promise<string> {
  await expect.poll(() => server.output, { timeout: 100_000 }).toMatch(/localhost:\d+/);
  return /localhost:(\d+)/.exec(server.output)![1]!;
}

test.each([
  ["an error that nobody catches", "SIGWINCH"],
  ["a promise that nobody awaits", "SIGCONT"],
] as const)(
  "a server in production that %s ends has printed no secret, and left none in a file or a row",
  async (_name, signal) => {
    await using folder = await temporaryFolder();
    await using vendor = await startAuthorizationServer("anthropic");
    await using api = await startMockProvider("anthropic");
    const watch = new CanaryWatch();
    const plant = (name: string) => watch.add(newCanary(name)).secret;
    const jwtSecret = plant("the secret of callers' tokens");
    const password = plant("the database's password");
    const databaseUrl = await databaseWith(password);
    const crashSecret = plant("what was in a statement");
    await using server = new ExampleProcess("src/main.ts", {
      NODE_ENV: "production",
      NODE_OPTIONS: `--import=${crashHook}`,
      CRASH_SECRET: crashSecret,
      PORT: "0",
      HOST: "127.0.0.1",
      LOG_LEVEL: "trace",
      LOG_REQUESTS: "all",
      RATE_LIMITS: "off",
      DATA_DIR: folder.path,
      AUTH_JWT_SECRET: jwtSecret,
      CREDENTIAL_ENCRYPTION_KEY: watch.add(byteCanary("the encryption key", randomBytes(32))).secret,
      OPENAI_API_KEY: plant("the server's own key"),
      GOOGLE_OAUTH_CLIENT_ID: "a-client",
      GOOGLE_OAUTH_CLIENT_SECRET: plant("the client's secret"),
      ...vendor.environment("anthropic"),
      ANTHROPIC_API_BASE_URL: api.baseUrl,
      ...(databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }),
    });
    const baseUrl = `http://127.0.0.1:${await portOf(server)}`;
    const settings = { kind: "secret", secret: new Secret(jwtSecret), issuer: null, audience: null } as const;
    const token = (subject: string) =>
      signToken(settings, { subject, scopes: userScopes, lifetime: 3600 }, systemClock);
    const client = async (user: string) => new TestClient(baseUrl, await token(user));
    vendor.tokenOverrides = { access_token: plant("an access token"), refresh_token: plant("a refresh token") };
    const apiKey = plant("an API key");
    api.validKeys.add(apiKey);
    await settle(schema, { client, token, baseUrl, api }, "alice", { apiKey, sessions: 1 });

    await sendEverywhere(baseUrl, await token("alice"), plant);

    const places = new CanaryPlaces();
    for (const path of ["/", "/graphql", "/health", "/ready", "/metrics"]) {
      const response = await fetch(baseUrl + path, { headers: { accept: "text/html" }, redirect: "manual" });
      places.add(path, `${[...response.headers].join("\n")}\n${await response.text()}`);
    }
    const code = await server.end(signal);
    expect(code).toBe(1);
    expect(server.output).toContain("Unexpected failure");
    expect(server.output).toContain('"event":"request"');
    expect(server.output).toContain('"event":"caller.refused"');
    const lines = server.output.trim().split("\n");
    expect(lines.filter((line) => typeof (JSON.parse(line) as { event?: unknown }).event !== "string")).toEqual([]);
    places.add("what was printed", server.output);
    const files = await filesIn(folder.path);
    // The embedded database is some hundreds; beside PostgreSQL the folder holds what a refresh has spooled, if any.
    expect(files.length).toBeGreaterThanOrEqual(databaseUrl === null ? 500 : 0);
    for (const file of files) places.add(file.slice(folder.path.length), await readFile(file));
    if (databaseUrl !== null) {
      await using database = await openDatabase({ kind: "postgres", url: databaseUrl });
      await places.addDatabase(database);
    }
    expect(places.take(watch)).toEqual([]);
  },
);

/** Secrets in every place that a client has for them, with a good token and as the token. */
async function sendEverywhere(baseUrl: string, token: string, plant: (name: string) => string): Promise<void> {
  const post = (headers: Record<string, string>, body: string, query = "") =>
    fetch(`${baseUrl}/graphql${query}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    }).then((response) => response.arrayBuffer());
  const authorization = `Bearer ${token}`;
  const viewer = JSON.stringify({ query: "{ viewer { userId } }" });
  const word = (name: string) => plant(name).replaceAll(/\W/g, "_");
  await post({ authorization: `Bearer ${plant("a bad token")}` }, viewer);
  await post({ authorization: plant("a token without its scheme") }, viewer);
  await post({ authorization: `Basic ${btoa(plant("a password"))}` }, viewer);
  await post({ authorization, cookie: `a=${plant("a cookie")}`, "x-request-id": plant("an id") }, viewer);
  await post({ authorization, "x-on-behalf-of": plant("a user") }, viewer);
  await post({ authorization, "user-agent": plant("an agent"), origin: `https://${word("an origin")}.test` }, viewer);
  await post({ authorization }, viewer, `?access_token=${plant("a token in a query")}`);
  await post({ authorization }, plant("a body that is no JSON"));
  const documents = [
    { query: `query ${word("a name")} { viewer { userId } }` },
    { query: `{ ${word("an alias")}: viewer { userId } }` },
    { query: `{ viewer { ${word("a field")} } }` },
    { query: `# ${plant("a comment")}\n{ viewer { userId } }` },
    { query: "{ viewer { userId } }", operationName: word("an operation") },
    { query: "{ viewer { userId } }", documentId: plant("a document id") },
    { query: "{ viewer { userId } }", extensions: { key: plant("an extension") } },
    { query: "query A($a: Int) { viewer { userId } }", variables: { a: plant("a variable") } },
    {
      query: `mutation { authenticate(input: { provider: "${plant("a provider")}", credential: { apiKey: "${plant("a literal")}" } }) { __typename } }`,
    },
  ];
  for (const document of documents) {
    await post({ authorization }, JSON.stringify(document));
    await post({ authorization, accept: "text/event-stream" }, JSON.stringify(document));
    await using socket = await ProtocolSocket.connect(baseUrl, token);
    socket.send({ type: "subscribe", id: "1", payload: document });
    await socket.until(({ type }) => type === "error" || type === "complete");
  }
  await ProtocolSocket.connect(baseUrl, plant("a bad token of a socket")).catch(() => {});
  const paths = [
    `/auth/anthropic/callback?code=${plant("an authorization code")}&state=${plant("a state")}`,
    `/auth/anthropic/callback?error=${plant("an error")}&error_description=${plant("a description")}`,
    `/auth/${plant("a provider of a path")}/callback`,
    `/${plant("a path")}`,
    `/graphql?query=${plant("a query")}`,
    `/metrics?token=${plant("a token for metrics")}`,
  ];
  for (const path of paths) await fetch(baseUrl + path).then((response) => response.arrayBuffer());
}

/** Variables that hold a secret, each with a fault that somebody may make. */
const faultyVariables: Record<string, (secret: string) => string> = {
  CREDENTIAL_ENCRYPTION_KEY: (secret) => `1:${secret}`,
  AUTH_JWT_SECRET: (secret) => secret.slice(13, 31),
  AUTH_JWKS_URL: (secret) => `htp://user:${secret}@example.test`,
  DATABASE_URL: (secret) => `postgres//user:${secret}@127.0.0.1:1/db`,
  EVENTS_URL: (secret) => `redis//:${secret}@127.0.0.1:1`,
  OAUTH_REDIRECT_URIS: (secret) => `${secret}://${secret}`,
  ANTHROPIC_API_KEY: (secret) => `${secret}\n`,
  ANTHROPIC_API_BASE_URL: (secret) => `https//${secret}`,
  GOOGLE_OAUTH_CLIENT_SECRET: (secret) => secret,
  PUBLIC_URL: (secret) => secret,
  ALLOWED_ORIGINS: (secret) => secret,
  PORT: (secret) => secret,
  LOG_LEVEL: (secret) => secret,
};

test("a configuration that is wrong is explained without its values", async () => {
  const watch = new CanaryWatch();
  const environment = Object.fromEntries(
    Object.entries(faultyVariables).map(([name, write]) => [name, write(watch.add(newCanary(name)).secret)]),
  );
  const { code, output } = await runProgram("src/main.ts", [], { NODE_ENV: "production", ...environment });
  expect(code).toBe(1);
  expect(output).toContain("DATABASE_URL");
  expect(watch.find(output)).toEqual([]);
});

test("a database that cannot be reached is explained without its password", async () => {
  const watch = new CanaryWatch();
  const { secret } = watch.add(newCanary("the database's password"));
  const addresses = [`postgres://user:${secret}@127.0.0.1:1/db`, `postgres://user:${secret}@localhost:1/${secret}`];
  for (const url of addresses) {
    const { code, output } = await runProgram("src/main.ts", [], {
      NODE_ENV: "production",
      AUTH_JWT_SECRET: watch.add(newCanary("the secret of callers' tokens")).secret,
      CREDENTIAL_ENCRYPTION_KEY: watch.add(byteCanary("the encryption key", randomBytes(32))).secret,
      DATABASE_URL: url,
      DATABASE_WAIT_SECONDS: "0",
    });
    expect(code).toBe(1);
    expect(output).toContain("PostgreSQL does not answer");
    expect(watch.find(output)).toEqual([]);
  }
});
