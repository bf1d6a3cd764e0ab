import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { importOrderViolations, wideComments } from "./style-rules.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const sources = globSync("{src,test,migrations}/**/*.ts", { cwd: root })
  .filter((path) => !/client.gql|__generated__/.test(path))
  .map((path) => [path, readFileSync(join(root, path), "utf8")] as const);

test("there are sources to check", () => {
  expect(sources.length).toBeGreaterThan(100);
});

test("imports are ordered: Node, packages, other folders, the own folder", () => {
  expect(sources.flatMap(([path, source]) => importOrderViolations(path, source))).toEqual([]);
});

test("lines of comments have at most 120 columns", () => {
  expect(sources.flatMap(([path, source]) => wideComments(path, source))).toEqual([]);
});

test.each([
  ["a package before a module of Node", 'import "zod";\nimport { join } from "node:path";', 0],
  ["a package before a module of Node", 'import { z } from "zod";\nimport { join } from "node:path";', 1],
  ["the own folder before another", 'import { a } from "./a.ts";\nimport { b } from "../b.ts";', 1],
  ["a near folder before a far one", 'import { a } from "../a.ts";\nimport { b } from "../../b.ts";', 1],
  ["names out of order", 'import { b } from "./b.ts";\nimport type { A } from "./A.ts";', 1],
  ["none", 'import { z } from "zod";\nimport { b } from "../../b.ts";\nimport { a } from "../a.ts";', 0],
])("violations of order are found: %s", (_what, source, count) => {
  expect(importOrderViolations("a.ts", source)).toHaveLength(count);
});

test("wide comments are found, and wide code and URLs are not", () => {
  const long = "word ".repeat(30);
  const url = `https://example.com/${"a".repeat(120)}`;
  const source = `// ${long}\n/**\n * short\n * ${long}\n */\nconst a = "${long}";\n// ${url}\n`;
  expect(wideComments("a.ts", source).map((line) => line.split(" ", 1)[0])).toEqual(["a.ts:1", "a.ts:4"]);
});
