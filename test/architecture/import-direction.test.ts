import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { directionViolations, type ImportRules, packageViolations, providerNames } from "./import-rules.ts";
import { importCycles, readModules } from "./module-graph.ts";

const domain = ["providers", "credentials", "events", "callers", "sessions", "auth"];
/** They import nothing themselves, and so any part may use them. */
const leaves = [
  "errors.ts",
  "clock.ts",
  "connection-share.ts",
  "fault-point.ts",
  "label.ts",
  "text-bytes.ts",
  "page.ts",
  "pasted-text.ts",
  "repeated-removal.ts",
  "turn-batch.ts",
  "write-behind.ts",
  "operator-error.ts",
  "credentials/secret.ts",
  "callers/rate-limit.ts",
  "callers/scope.ts",
  "http/connection-limits.ts",
  "bounded-bytes.ts",
  "json-bounds.ts",
];
const everywhere = [
  "observability",
  "connections",
  "quota.ts",
  "row-batch.ts",
  "writable-folder.ts",
  "callers/token-claims.ts",
  ...leaves,
];
const belowApp = ["http", "graphql", ...domain, ...everywhere];
/** The configuration and the database reach these parts as values that `app.ts` passes in. */
const passedIn = ["config.ts", "db"];

/**
 * Imports run down this table:
 * main | cli → app → http → graphql → auth → sessions, events, callers → credentials → providers → errors.
 */
const rules: ImportRules = {
  parts: {
    "main.ts": { values: ["cli", "app.ts", "config.ts", "db", ...belowApp] },
    // What the package offers: the command and the library.
    "bin.ts": { values: ["cli.ts"] },
    "index.ts": { values: ["app.ts", "config.ts", "observability", "providers"] },
    "cli.ts": { values: ["cli", "app.ts", "config.ts", "db", ...belowApp] },
    cli: { values: ["app.ts", "app", "config.ts", "db", ...belowApp] },
    "app.ts": { values: ["app", "config.ts", "db", "sandbox", ...belowApp] },
    app: { values: ["config.ts", "db", "sandbox", ...belowApp] },
    http: { values: ["graphql", ...domain, ...everywhere], types: passedIn },
    graphql: { values: [...domain, ...everywhere], types: passedIn },
    auth: { values: ["sessions", "events", "callers", "credentials", "providers", ...everywhere], types: passedIn },
    sessions: { values: ["events", "credentials", "providers", ...everywhere], types: passedIn },
    events: { values: ["providers", ...everywhere], types: passedIn },
    callers: { values: everywhere, types: passedIn },
    // Events stand above, and yet a credential's transaction ends by writing one.
    credentials: { values: ["events", "providers", ...everywhere], types: passedIn },
    providers: { values: everywhere, types: ["config.ts"] },

    // A vendor that happens to live in this process: it knows what a provider is, and nothing of the server.
    sandbox: { values: ["sandbox/name.ts", "providers", ...everywhere] },
    "sandbox/name.ts": { values: [] },

    // The ORM's configuration lists the entities.
    db: { values: ["auth", "callers", "credentials", "events", "sessions", ...everywhere], types: ["config.ts"] },
    "config.ts": { values: ["config", "providers", "sandbox/name.ts", ...everywhere] },
    config: { values: ["providers", ...everywhere] },
    observability: { values: leaves, types: passedIn },
    // How PostgreSQL and Redis are reached, by whoever reaches them.
    connections: { values: leaves },
    "callers/token-claims.ts": { values: ["callers/scope.ts"] },
    "quota.ts": { values: ["errors.ts"], types: passedIn },
    "row-batch.ts": { values: ["turn-batch.ts"] },
    "writable-folder.ts": { values: ["operator-error.ts"] },
    ...Object.fromEntries(leaves.map((leaf) => [leaf, { values: [] }])),
  },
  ownParts: [
    "callers/rate-limit.ts",
    "callers/scope.ts",
    "callers/token-claims.ts",
    "http/connection-limits.ts",
    "credentials/secret.ts",
    "sandbox/name.ts",
  ],
  domainParts: domain,
  outsidePackages: [
    "graphql",
    "graphql-yoga",
    "@graphql-yoga/",
    "@pothos/",
    "graphql-ws",
    "ws",
    "node:http",
    "node:https",
  ],
  typesAllowedFrom: ["node:http"],
};

const modules = readModules(fileURLToPath(new URL("../../src", import.meta.url)));

test("imports run one way", () => {
  expect(directionViolations(modules, rules)).toEqual([]);
});

test("the domain knows nothing of GraphQL, HTTP or WebSockets", () => {
  expect(packageViolations(modules, rules)).toEqual([]);
});

test("no modules import each other in a circle", () => {
  expect(importCycles(modules)).toEqual([]);
});

test("only the catalogue names a provider", () => {
  expect(providerNames(modules, "providers/catalog/", ["anthropic", "openai", "google"])).toEqual([]);
});
