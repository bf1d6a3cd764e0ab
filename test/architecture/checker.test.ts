import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { orderViolations, packageViolations, providerNames } from "./import-rules.ts";
import { importCycles, type Module, parseModule, readModules } from "./module-graph.ts";
import type { Part } from "./source-order.ts";

const order: Part[] = [
  { name: "entry.ts", question: "?", begin: "entry.ts", importedBy: [] },
  { name: "top", question: "?", begin: "top/a.ts" },
  { name: "middle", question: "?", begin: "middle/a.ts", isDomain: true },
  { name: "store", question: "?", begin: "store/a.ts", valuesImportedBy: ["top"] },
  { name: "bottom", question: "?", begin: "bottom/a.ts" },
];
const outside = { outsidePackages: ["graphql", "@pothos/", "node:http"], typesAllowedFrom: ["node:http"] };

function graph(sources: Record<string, string>): Module[] {
  return Object.entries(sources).map(([path, source]) => parseModule(path, source));
}

describe("reading", () => {
  test("every form of import is seen, comments and texts are not", () => {
    const source = `
      import "./effect.ts";
      import { a, type A } from "../middle/a.ts";
      import { type B } from "./b.ts";
      import type { C } from "./c.ts";
      export { d } from "./d.ts";
      export type { E } from "./e.ts";
      export * from "./f.ts";
      type G = typeof import("./g.ts");
      const h = await import("./h.ts");
      // import "./comment.ts";
      const text = 'import "./text.ts"';
      export { a, h };
    `;
    const [module] = graph({ "top/index.ts": source });
    expect(module?.imports.map(({ target, typeOnly }) => [target, typeOnly])).toEqual([
      ["top/effect.ts", false],
      ["middle/a.ts", false],
      ["top/b.ts", false],
      ["top/c.ts", true],
      ["top/d.ts", false],
      ["top/e.ts", true],
      ["top/f.ts", false],
      ["top/g.ts", true],
      ["top/h.ts", false],
    ]);
    expect(module?.imports[0]?.line).toBe(2);
  });

  test("a folder without modules is a fault, and so is a module that cannot be parsed", () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "maestro-auth-test-"));
    expect(() => readModules(folder.path)).toThrow("No modules were read");
    writeFileSync(join(folder.path, "broken.ts"), "import {");
    expect(() => readModules(folder.path)).toThrow("broken.ts cannot be parsed");
  });
});

describe("order", () => {
  test("imports down the order and within a part are allowed", () => {
    const modules = graph({
      "top/a.ts":
        'import "./b.ts"; import "../bottom/a.ts"; import "../store/a.ts"; import "zod"; import "../../out.ts";',
      "middle/a.ts": 'import type { A } from "../store/a.ts"; import "../bottom/a.ts";',
    });
    expect(orderViolations(modules, order)).toEqual([]);
  });

  test.each([
    ["upward", "bottom/a.ts", 'import "../top/a.ts";', "bottom/a.ts:1 imports ../top/a.ts: top is above bottom"],
    ["upward as a type", "bottom/a.ts", 'import type { A } from "../top/a.ts";', "top is above bottom"],
    ["upward by re-export", "bottom/a.ts", 'export * from "../top/a.ts";', "top is above bottom"],
    ["upward and dynamically", "bottom/a.ts", 'await import("../top/a.ts");', "top is above bottom"],
    ["upward in the type of an import", "bottom/a.ts", 'type A = typeof import("../top/a.ts");', "top is above bottom"],
    ["a value where types are allowed", "middle/a.ts", 'import { a } from "../store/a.ts";', "only types from store"],
    ["from a part that the order does not know", "new/a.ts", "", "new/a.ts belongs to no part"],
  ])("refused: %s", (_what, path, source, violation) => {
    expect(orderViolations(graph({ [path]: source }), order)).toEqual([expect.stringContaining(violation)]);
  });

  test("a part that nothing may import is refused to those above it", () => {
    const closed = [{ name: "outer", question: "?", begin: "outer/a.ts" }, ...order];
    const seen = orderViolations(graph({ "outer/a.ts": 'import "../entry.ts";' }), closed);
    expect(seen).toEqual([expect.stringContaining("outer must not import entry.ts")]);
  });
});

test("outside packages are refused in the domain, but for the types that are allowed", () => {
  const source = `
    import type { IncomingMessage } from "node:http";
    import { createServer } from "node:http";
    import type { GraphQLError } from "graphql";
    import { parse } from "graphql/language";
    import core from "@pothos/core";
    import other from "graphql-like";
  `;
  const seen = packageViolations(
    graph({ "middle/a.ts": source, "middle/leaf.ts": 'import "graphql"', "top/a.ts": source }),
    order,
    outside,
  );
  expect(seen).toEqual([
    "middle/a.ts:3 imports node:http: middle knows nothing of it",
    "middle/a.ts:4 imports graphql: middle knows nothing of it",
    "middle/a.ts:5 imports graphql/language: middle knows nothing of it",
    "middle/a.ts:6 imports @pothos/core: middle knows nothing of it",
    "middle/leaf.ts:1 imports graphql: middle knows nothing of it",
  ]);
});

test("a circle is found, whether values or types close it", () => {
  const modules = graph({
    "entry.ts": 'import "./a.ts";',
    "a.ts": 'import "./b.ts"; import "./d.ts";',
    "b.ts": 'export * from "./c.ts";',
    "c.ts": 'const a = await import("./a.ts");',
    "d.ts": 'import type { A } from "./a.ts";',
    "self.ts": 'import "./self.ts";',
  });
  expect(importCycles(modules)).toEqual([
    ["a.ts", "b.ts", "c.ts", "a.ts"],
    ["a.ts", "d.ts", "a.ts"],
    ["self.ts", "self.ts"],
  ]);
});

test("a provider's name is found as a text, not in comments or longer texts", () => {
  const source = `
    // acme
    const label = "Such as acme.";
    const named = provider === "acme";
    const shouted = \`ACME\`;
    type Name = 'acme';
  `;
  const modules = graph({ "core/a.ts": source, "catalog/acme.ts": source });
  expect(providerNames(modules, "catalog/", ["acme"])).toEqual([
    'core/a.ts:4 names the provider "acme"',
    'core/a.ts:5 names the provider "ACME"',
    'core/a.ts:6 names the provider "acme"',
  ]);
});
