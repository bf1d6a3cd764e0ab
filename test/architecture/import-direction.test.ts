import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { orderViolations, packageViolations, providerNames } from "./import-rules.ts";
import { importCycles, readModules } from "./module-graph.ts";
import { withSourceMap } from "./source-map.ts";
import { sourceOrder } from "./source-order.ts";

const outside = {
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

test("imports of values and types lead down the order", () => {
  expect(orderViolations(modules, sourceOrder)).toEqual([]);
});

test("the domain knows nothing of GraphQL, HTTP or WebSockets", () => {
  expect(packageViolations(modules, sourceOrder, outside)).toEqual([]);
});

test("no modules import each other in a circle, by values or types", () => {
  expect(importCycles(modules)).toEqual([]);
});

test("only the catalogue names a provider", () => {
  expect(providerNames(modules, "providers/catalog/", ["anthropic", "openai", "google"])).toEqual([]);
});

test("every part of the order has modules", () => {
  const parts = new Set(modules.map(({ path }) => path.split("/", 1)[0]));
  expect(sourceOrder.filter(({ name }) => !parts.has(name))).toEqual([]);
});

test("src/README.md shows the order that is checked here", async () => {
  const readme = await readFile(new URL("../../src/README.md", import.meta.url), "utf8");
  expect(readme).toBe(await withSourceMap(readme));
});
