import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/config.ts";
import { loadCatalog } from "../../src/providers/registry.ts";

const compose = await readFile(new URL("../../compose.yaml", import.meta.url), "utf8");
const [, server = ""] = compose.split(/^ {2}server:$/m);

/** Settings that compose.yaml gives the server itself, whatever a user sets. */
const fixed = ["DATA_DIR", "HOST", "NODE_ENV", "PORT"];

/** Every variable that the configuration reads: a setting that is added to it is one of them at once. */
async function settings(): Promise<string[]> {
  const names = new Set<string>();
  const environment = new Proxy<Record<string, string>>({}, { get: (_none, name) => void names.add(String(name)) });
  try {
    loadConfig(await loadCatalog(), environment);
  } catch {
    // Nothing is set, which may be a fault; the names were asked for all the same.
  }
  return [...names];
}

/**
 * The values of `environment` as Compose makes them of the variables that it was given (compose-spec, interpolation).
 */
function interpolated(given: Readonly<Record<string, string>>): Record<string, string> {
  const [, block = ""] = /^ {4}environment:\n((?: {6}.*\n)+)/m.exec(server)!;
  const entries = [...block.matchAll(/^ {6}([A-Z_]+):(?: (.*))?$/gm)].flatMap(([, name = "", written]) => {
    if (written === undefined) return given[name] === undefined ? [] : [[name, given[name]]];
    const value = written.replace(/\$\{([A-Z_]+)(:?)-([^}]*)\}/g, (_all, variable: string, colon, fallback: string) => {
      const set = given[variable];
      return set === undefined || (colon === ":" && set === "") ? fallback : set;
    });
    return [[name, value]];
  });
  return Object.fromEntries(entries) as Record<string, string>;
}

/** What the server gets: of `.env` everything, and over it what stands under `environment`. */
function environmentOf(dotEnv: Readonly<Record<string, string>>): Record<string, string> {
  const isRead = /^ {4}env_file:\n {6}- \{ path: \.env, required: false \}$/m.test(server);
  return { ...(isRead ? dotEnv : {}), ...interpolated(dotEnv) };
}

test("every setting of the configuration can be set in .env", async () => {
  const names = await settings();
  expect(names).toEqual(expect.arrayContaining(["LOG_REQUESTS", "ANTHROPIC_API_KEY", "AUTH_JWT_SECRET_FILE"]));
  const lost = names.filter((name) => environmentOf({ [name]: "a-value" })[name] !== "a-value");
  expect(lost.toSorted()).toEqual(fixed);
});

test("as it stands it gives the server all that production needs, and one of its own secrets can be taken away", async () => {
  const catalog = await loadCatalog();
  const secrets = { DATABASE_URL_FILE: "", CREDENTIAL_ENCRYPTION_KEY_FILE: "", AUTH_JWT_SECRET_FILE: "" };
  const own = {
    DATABASE_URL: "postgres://maestro@db/maestro",
    CREDENTIAL_ENCRYPTION_KEY: "07".repeat(32),
    AUTH_JWT_SECRET: "x".repeat(32),
  };
  const config = loadConfig(catalog, environmentOf({ ...secrets, ...own, PORT: "8080", LOG_REQUESTS: "all" }));
  expect(config).toMatchObject({ production: true, host: "0.0.0.0", port: 4000, logRequests: "all", graphiql: true });
  for (const [name, file] of Object.entries(environmentOf({})).filter(([name]) => name.endsWith("_FILE"))) {
    expect([name, file]).toEqual([name, expect.stringMatching(/^\/secrets\//)]);
  }
});
