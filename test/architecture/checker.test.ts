import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { directionViolations, type ImportRules, packageViolations, providerNames } from "./import-rules.ts";
import { importCycles, type Module, parseModule, readModules } from "./module-graph.ts";

const rules: ImportRules = {
  parts: {
    top: { values: ["middle", "bottom.ts"] },
    middle: { values: ["bottom.ts"], types: ["top"] },
    "bottom.ts": { values: ["middle/leaf.ts"] },
    "middle/leaf.ts": { values: [] },
  },
  ownParts: ["middle/leaf.ts"],
  domainParts: ["middle"],
  outsidePackages: ["graphql", "@pothos/", "node:http"],
  typesAllowedFrom: ["node:http"],
};

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

describe("direction", () => {
  test("imports down the table and within a part are allowed", () => {
    const modules = graph({
      "top/a.ts":
        'import "./b.ts"; import "../middle/a.ts"; import "../bottom.ts"; import "zod"; import "../../outside.ts";',
      "middle/a.ts": 'import type { A } from "../top/a.ts"; import "../bottom.ts";',
      "bottom.ts": 'import "./middle/leaf.ts";',
    });
    expect(directionViolations(modules, rules)).toEqual([]);
  });

  test.each([
    ["upward", "bottom.ts", 'import "./top/a.ts";', "bottom.ts:1 imports ./top/a.ts: bottom.ts must not import top"],
    ["upward as a type", "bottom.ts", 'import type { A } from "./top/a.ts";', "bottom.ts must not import top"],
    ["a value where types are allowed", "middle/a.ts", 'import { a } from "../top/a.ts";', "only types from top"],
    ["by re-export", "bottom.ts", 'export * from "./top/a.ts";', "bottom.ts must not import top"],
    ["dynamically", "bottom.ts", 'await import("./top/a.ts");', "bottom.ts must not import top"],
    ["beside the one file that is allowed", "bottom.ts", 'import "./middle/a.ts";', "bottom.ts must not import middle"],
    ["out of a leaf", "middle/leaf.ts", 'import "./a.ts";', "middle/leaf.ts must not import middle"],
    ["from a part that the table does not know", "new/a.ts", "", "new/a.ts belongs to no part"],
  ])("refused: %s", (_what, path, source, violation) => {
    expect(directionViolations(graph({ [path]: source }), rules)).toEqual([expect.stringContaining(violation)]);
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
    rules,
  );
  expect(seen).toEqual([
    "middle/a.ts:3 imports node:http: middle knows nothing of it",
    "middle/a.ts:4 imports graphql: middle knows nothing of it",
    "middle/a.ts:5 imports graphql/language: middle knows nothing of it",
    "middle/a.ts:6 imports @pothos/core: middle knows nothing of it",
    "middle/leaf.ts:1 imports graphql: middle/leaf.ts knows nothing of it",
  ]);
});

test("a circle of values is found, one that types close is not", () => {
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
