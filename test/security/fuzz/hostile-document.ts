import fc from "fast-check";
import type { SchemaOperation } from "../schema-operations.ts";
import { hostileText } from "./hostile-value.ts";

function repeat(count: number, write: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => write(index)).join(" ");
}

/** Documents that grow by one number: deep, wide, or in circles. */
const growing: readonly ((size: number) => string)[] = [
  (size) => `{ ${"viewer { ".repeat(size)}userId${" }".repeat(size)} }`,
  (size) => `{ ${repeat(size, (index) => `a${index}: viewer { userId }`)} }`,
  (size) => `{ viewer { ${repeat(size, () => "userId")} } }`,
  (size) => `{ viewer ${repeat(size, () => "@include(if: true)")} { userId } }`,
  (size) => `query (${repeat(size, (index) => `$v${index}: ID`)}) { viewer { userId } }`,
  (size) => `{ nodes(ids: [${repeat(size, (index) => `"${index}"`)}]) { id } }`,
  (size) => `{ node(id: ${"[".repeat(size)}${"]".repeat(size)}) { id } }`,
  (size) =>
    `{ viewer { ...f0 } } ${repeat(size, (index) => `fragment f${index} on User { ...f${(index + 1) % size} }`)}`,
  (size) =>
    `{ viewer { ...f0 } } ${repeat(size, (index) => `fragment f${index} on User { userId ...f${index + 1} ...f${index + 1} }`)} fragment f${size} on User { userId }`,
  (size) => repeat(size, (index) => `query q${index} { __typename }`),
  (size) =>
    `mutation { ${repeat(size, (index) => `m${index}: touchSession(input: { sessionId: "${index}" }) { __typename }`)} }`,
  (size) => `{ viewer { ${"... on User { ".repeat(size)}userId${" }".repeat(size)} } }`,
  (size) => `{ ${"__schema { types { fields { type { ".repeat(size)}name${" } } } }".repeat(size)} }`,
  (size) => `{ provider(name: "${"\\u0000".repeat(size)}") { id } }`,
  (size) => `{ provider(name: """${'\n"'.repeat(size)} """) { id } }`,
  (size) => `subscription { ${repeat(size, (index) => `s${index}: events { __typename }`)} }`,
  (size) => `# ${"x".repeat(size)}\n{ __typename }`,
  (size) => " ,\ufeff".repeat(size),
  (size) => "{".repeat(size),
  (size) => `{ viewer { credentials(first: ${"9".repeat(size)}) { nodes { id } } } }`,
];

const grown = fc
  .tuple(fc.constantFrom(...growing), fc.constantFrom(1, 2, 10, 40, 150, 600))
  .map(([write, size]) => write(size));

const tokens = [
  "{",
  "}",
  "(",
  ")",
  "[",
  "]",
  "!",
  "$",
  "@",
  "...",
  ":",
  "=",
  "|",
  "&",
  '"',
  '"""',
  "#",
  "\\",
  "on",
  "null",
  "fragment",
  "query",
  "mutation",
  "subscription",
  "__typename",
  "__proto__",
  "constructor",
  "\0",
  "-",
  "1e999",
  "é",
];

/** A good document in which something is cut out, or put in. */
function broken(operations: readonly SchemaOperation[]): fc.Arbitrary<string> {
  return fc
    .record({
      operation: fc.constantFrom(...operations),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.constantFrom(0, 1, 5, 50),
      put: fc.oneof(
        fc.constantFrom(...tokens),
        hostileText.map((text) => text.slice(0, 200)),
      ),
    })
    .map(({ operation: { query }, at, cut, put }) => {
      const place = Math.floor(at * query.length);
      return `${query.slice(0, place)}${put}${query.slice(place + cut)}`;
    });
}

export function hostileDocument(operations: readonly SchemaOperation[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: broken(operations) },
    { weight: 4, arbitrary: grown },
    { weight: 1, arbitrary: hostileText },
  );
}
