import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/config.ts";
import type { ConfigFault } from "../../src/config/environment-reader.ts";
import {
  catalog,
  errorOf,
  faultsOf,
  keyBytes,
  load,
  requiredVariables,
  type Variables,
} from "../support/test-config.ts";

describe("without further variables", () => {
  test("development is open to this machine only", () => {
    expect(load()).toMatchObject({
      production: false,
      host: "127.0.0.1",
      port: 4000,
      publicUrl: "http://localhost:4000",
      databaseUrl: null,
      dataDir: resolve(".data"),
      allowedOrigins: ["http://localhost:4000", "http://127.0.0.1:4000"],
      refreshThreshold: 300,
      logLevel: "warn",
      graphiql: true,
      landingPage: true,
      introspection: true,
      getQueries: false,
      maxQueryCost: null,
      trustedDocuments: null,
    });
  });

  test("production listens to all and shows less", () => {
    expect(load({ NODE_ENV: "production", PUBLIC_URL: "https://auth.example.com/" })).toMatchObject({
      production: true,
      host: "0.0.0.0",
      port: 4000,
      publicUrl: "https://auth.example.com",
      allowedOrigins: ["https://auth.example.com"],
      logLevel: "info",
      graphiql: false,
      landingPage: false,
      introspection: false,
      getQueries: false,
    });
  });

  test("each provider has neither a key nor another address", () => {
    const { providers } = load();
    expect([...providers.keys()]).toEqual(catalog.map(({ name }) => name));
    for (const settings of providers.values()) expect(settings).toMatchObject({ apiKey: null, apiBaseUrl: null });
  });
});

test("MAX_QUERY_COST is a whole number", () => {
  expect(load({ MAX_QUERY_COST: "9000" }).maxQueryCost).toBe(9_000);
  for (const wrong of ["0", "-1", "1.5", "much", "1000001"]) {
    expect(faultsOf({ MAX_QUERY_COST: wrong })).toEqual(["MAX_QUERY_COST"]);
  }
});

test("an empty variable, or one of spaces, counts as absent", () => {
  const names = ["NODE_ENV", "PORT", "HOST", "PUBLIC_URL", "DATABASE_URL", "DATA_DIR", "AUTH_JWKS_URL", "AUTH_ISSUER"];
  names.push("ALLOWED_ORIGINS", "REFRESH_THRESHOLD", "LOG_LEVEL", "GRAPHIQL", "GOOGLE_API_KEY", "GOOGLE_API_BASE_URL");
  for (const empty of ["", "  "]) {
    expect(load(Object.fromEntries(names.map((name) => [name, empty])))).toEqual(load());
  }
});

test("spaces around a value are not part of it", () => {
  expect(load({ PORT: " 4100 ", HOST: "::1 " })).toMatchObject({ port: 4100, host: "::1" });
});

describe("all faults are told at once", () => {
  const secret = "hunter2";
  /** Every variable wrong, and a secret in every one that may have one. */
  const wrong = {
    NODE_ENV: `${secret}-staging`,
    PORT: secret,
    PUBLIC_URL: `https://user:${secret}@auth.example.com`,
    DATABASE_URL: `mysql://user:${secret}@localhost/maestro`,
    CREDENTIAL_ENCRYPTION_KEY: `${secret},id:${secret}`,
    AUTH_JWT_SECRET: secret,
    ALLOWED_ORIGINS: `https://${secret}.example.com/path`,
    REFRESH_THRESHOLD: `-${secret}`,
    LOG_LEVEL: secret,
    AUDIT_RETENTION_DAYS: secret,
    METRICS: secret,
    METRICS_TOKEN: secret,
    GRAPHIQL: secret,
    INTROSPECTION: secret,
    GET_QUERIES: secret,
    OPENAI_API_KEY: `sk ${secret}`,
    GEMINI_API_KEY: `“${secret}”`,
    ANTHROPIC_API_BASE_URL: `https://user:${secret}@gateway.example.com`,
    GOOGLE_API_BASE_URL: `gateway/${secret}`,
    AUTH_JWKS_URL: `ftp://${secret}`,
    RATE_LIMITS: `${secret}=1/1`,
    TRUSTED_PROXY_HOPS: secret,
    STEP_UP_MAX_AGE: secret,
    STEP_UP_ACR_VALUES: `${secret} gold`,
    STEP_UP_AMR: `"${secret}"`,
  };

  /** A shell's `$(openssl rand -base64 32)`. */
  const expand = (example: string) =>
    example.replaceAll("$(openssl rand -base64 32)", () => randomBytes(32).toString("base64"));

  const follow = (faults: readonly ConfigFault[]): Variables =>
    Object.fromEntries(faults.map(({ name, example }) => [name, expand(example)]));

  test("every variable that is wrong is named", () => {
    const { faults } = errorOf(wrong);
    expect(new Set(faults.map(({ name }) => name))).toEqual(
      new Set([...Object.keys(wrong), "AUTH_ISSUER", "AUTH_AUDIENCE"]),
    );
  });

  test.each([
    ["in development", wrong],
    ["in production, where everything is missing", { NODE_ENV: "production" }],
    ["for a key of the wrong length", { ...requiredVariables, CREDENTIAL_ENCRYPTION_KEY: "YWJj" }],
    [
      "for two keys of one id",
      {
        ...requiredVariables,
        CREDENTIAL_ENCRYPTION_KEY: `a:${requiredVariables.CREDENTIAL_ENCRYPTION_KEY},`.repeat(2).slice(0, -1),
      },
    ],
    [
      "for http in production",
      { ...requiredVariables, NODE_ENV: "production", OPENAI_API_BASE_URL: "http://gateway.example.com" },
    ],
    ["for metrics in production", { ...requiredVariables, NODE_ENV: "production", METRICS: "true" }],
    [
      "for an identity provider at http",
      { ...requiredVariables, AUTH_JWT_SECRET: "", AUTH_JWKS_URL: "http://login.example.com" },
    ],
    [
      "for a base URL with a query",
      { ...requiredVariables, OPENAI_API_BASE_URL: "https://gateway.example.com/?key=1" },
    ],
  ])("following the examples mends it: %s", (_name, variables: Variables) => {
    expect(() => loadConfig(catalog, { ...variables, ...follow(errorOf(variables).faults) })).not.toThrow();
  });

  test("no value is repeated", () => {
    const error = errorOf(wrong);
    expect(`${error.message} ${inspect(error)} ${JSON.stringify(error)}`).not.toContain(secret);
  });

  test("the message reads as a list", () => {
    const { message } = errorOf({ ...requiredVariables, PORT: "http", LOG_LEVEL: "loud" });
    expect(message).toBe(
      [
        "The configuration has 2 faults:",
        "  PORT: expected a whole number from 0 to 65535.",
        "    For example: PORT=4000",
        "  LOG_LEVEL: expected one of trace, debug, info, warn, error, silent.",
        "    For example: LOG_LEVEL=warn",
      ].join("\n"),
    );
  });
});

describe("numbers and switches", () => {
  test.each([
    ["0", 0],
    ["1", 1],
    ["65535", 65_535],
  ])("PORT may be %s", (value, port) => {
    expect(load({ PORT: value }).port).toBe(port);
  });

  test.each(["65536", "-1", "1.5", "1e3", "0x50", "+80", "80a", "٨٠", "9".repeat(400)])(
    "PORT may not be %s",
    (value) => {
      expect(faultsOf({ PORT: value })).toEqual(["PORT"]);
    },
  );

  test.each(["yes", "1", "TRUE"])("a switch is true or false and not %s", (value) => {
    expect(faultsOf({ GRAPHIQL: value })).toEqual(["GRAPHIQL"]);
    expect(load({ GRAPHIQL: "false", GET_QUERIES: "true" })).toMatchObject({ graphiql: false, getQueries: true });
  });
});

describe("ALLOWED_ORIGINS", () => {
  test("is a list of origins", () => {
    const { allowedOrigins } = load({ ALLOWED_ORIGINS: "https://app.example.com, http://localhost:3000" });
    expect(allowedOrigins).toEqual(["https://app.example.com", "http://localhost:3000"]);
  });

  test.each([
    "*",
    "null",
    "app.example.com",
    "https://app.example.com/",
    "https://app.example.com/path",
    "https://APP.example.com",
    "https://app.example.com,",
    "https://app.example.com https://other.example.com",
  ])("is not %s", (value) => {
    expect(faultsOf({ ALLOWED_ORIGINS: value })).toEqual(["ALLOWED_ORIGINS"]);
  });

  test("is PUBLIC_URL's origin where nothing else is said", () => {
    expect(load({ PUBLIC_URL: "https://auth.example.com:8443/base" }).allowedOrigins).toEqual([
      "https://auth.example.com:8443",
    ]);
  });
});

describe("addresses", () => {
  test("PUBLIC_URL is where paths are added to", () => {
    expect(load({ PUBLIC_URL: "https://example.com/auth/" }).publicUrl).toBe("https://example.com/auth");
    expect(load({ PORT: "5000" }).publicUrl).toBe("http://localhost:5000");
  });

  test.each(["auth.example.com", "ftp://example.com", "https://example.com/?a=1", "https://me:pw@example.com"])(
    "PUBLIC_URL is not %s",
    (value) => {
      expect(faultsOf({ PUBLIC_URL: value })).toEqual(["PUBLIC_URL"]);
    },
  );

  test("DATABASE_URL is one of PostgreSQL", () => {
    const url = "postgres://user:pw@localhost:5432/maestro?sslmode=require";
    expect(load({ DATABASE_URL: url }).databaseUrl?.reveal()).toBe(url);
    expect(load({ DATABASE_URL: "postgresql://localhost/maestro" }).databaseUrl?.reveal()).toMatch(/^postgresql:/);
    expect(faultsOf({ DATABASE_URL: "mysql://localhost/maestro" })).toEqual(["DATABASE_URL"]);
  });

  test("EVENTS_URL is one of Redis", () => {
    const redis = "rediss://user:pw@localhost:6379/1";
    const variables = { DATABASE_URL: "postgres://localhost/maestro", EVENTS_URL: redis };
    expect(load(variables).eventsUrl?.reveal()).toBe(redis);
    expect(load().eventsUrl).toBeNull();
    expect(faultsOf({ ...variables, EVENTS_URL: "nats://localhost" })).toEqual(["EVENTS_URL"]);
  });

  test("EVENTS_URL needs a database that other processes can share", () => {
    expect(faultsOf({ EVENTS_URL: "redis://localhost" })).toEqual(["DATABASE_URL"]);
  });

  test("a configuration that is printed shows no password of a URL", () => {
    const config = load({ DATABASE_URL: "postgres://u:hidden@localhost/m", EVENTS_URL: "redis://u:hidden@localhost" });
    expect(inspect(config, { depth: null }) + JSON.stringify(config)).not.toContain("hidden");
  });

  test("DATA_DIR is taken from the working folder", () => {
    expect(load({ DATA_DIR: "folder/data" }).dataDir).toBe(resolve("folder/data"));
  });
});

describe("the server's own keys", () => {
  const keyOf = (provider: string, variables: Variables) => load(variables).providers.get(provider)!.apiKey?.reveal();

  test("are named after the provider", () => {
    expect(keyOf("anthropic", { ANTHROPIC_API_KEY: "one" })).toBe("one");
    expect(keyOf("openai", { ANTHROPIC_API_KEY: "one" })).toBeUndefined();
  });

  test("a provider with a dash has a variable with an underscore", () => {
    const { providers } = loadConfig([{ name: "my-cloud" }], { ...requiredVariables, MY_CLOUD_API_KEY: "mine" });
    expect(providers.get("my-cloud")!.apiKey?.reveal()).toBe("mine");
  });

  test("Google's may stand in GEMINI_API_KEY, and GOOGLE_API_KEY wins", () => {
    expect(keyOf("google", { GEMINI_API_KEY: "gemini" })).toBe("gemini");
    expect(keyOf("google", { GEMINI_API_KEY: "gemini", GOOGLE_API_KEY: "google" })).toBe("google");
    expect(keyOf("google", { GEMINI_API_KEY: "gemini", GOOGLE_API_KEY: "" })).toBe("gemini");
  });

  test.each(["with space", "“quoted”", "line\nbreak"])("cannot travel in a header: %j", (value) => {
    expect(faultsOf({ OPENAI_API_KEY: value })).toEqual(["OPENAI_API_KEY"]);
    expect(faultsOf({ GEMINI_API_KEY: value })).toEqual(["GEMINI_API_KEY"]);
  });

  test("are not shown by a configuration that is printed", () => {
    const config = load({ OPENAI_API_KEY: "sk-own" });
    const printed = inspect(config, { depth: null }) + JSON.stringify([config, ...config.providers]);
    for (const secret of [
      "sk-own",
      requiredVariables.AUTH_JWT_SECRET,
      keyBytes.toString("hex"),
      requiredVariables.CREDENTIAL_ENCRYPTION_KEY,
    ]) {
      expect(printed).not.toContain(secret);
    }
  });
});
