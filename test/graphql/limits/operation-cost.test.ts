import { getIntrospectionQuery, getOperationAST, parse, validate } from "graphql";
import { expect, test } from "vitest";
import { documentLimits } from "../../../src/graphql/limits/document-limits.ts";
import { OperationCosts, type Variables } from "../../../src/graphql/limits/operation-cost.ts";
import { schema } from "../../../src/graphql/schema.ts";

const costs = new OperationCosts(schema, Number.MAX_SAFE_INTEGER);

function costOf(text: string, variables?: Variables, operationName?: string): number {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  return costs.charge(document, getOperationAST(document, operationName)!, variables).requested;
}

/** A field that asks the database. */
const read = 25;

/** viewer, the connection, and n times what is selected. */
const pageOf = (size: number, item: number) => 1 + read + size * item;

test.each([
  ["one for each field", "{ viewer { id userId } }", 3],
  ["25 for a field that asks the database", "{ viewer { eventCursor } }", 1 + read],
  ["a page by its size", "{ viewer { credentials(first: 7) { nodes { id label } } } }", pageOf(7, 2) + 1],
  ["a page from the end too", "{ viewer { credentials(last: 7) { nodes { id } } } }", pageOf(7, 1) + 1],
  ["a page without a size as one of 20", "{ viewer { sessions { nodes { id } } } }", pageOf(20, 1) + 1],
  [
    "a size that is refused as the largest one",
    "{ viewer { sessions(first: 9999) { nodes { id } } } }",
    pageOf(100, 1) + 1,
  ],
  ["a page of none", "{ viewer { sessions(first: 0) { nodes { id } } } }", pageOf(0, 1) + 1],
  ["the page's own fields once", "{ viewer { sessions(first: 9) { pageInfo { endCursor } } } }", 1 + read + 2],
  [
    "nodes and edges each",
    "{ viewer { sessions(first: 9) { nodes { id } edges { node { id } } } } }",
    pageOf(9, 3) + 2,
  ],
  ["lists within a page", "{ viewer { sessions(first: 9) { nodes { providers { status } } } } }", pageOf(9, 1 + 5) + 1],
  ["the catalogue as five", "{ providers { name methods { method } } }", 1 + 5 * (2 + 2)],
  ["nodes by their ids", '{ nodes(ids: ["a", "b", "c"]) { id } }', read + 3],
  ["a command as a read", "mutation { refreshCredentials { __typename } }", read + 1],
  [
    "an event as a read, and what it reads besides",
    "subscription { credentialEvents { cursor credential { id } } }",
    read + 1 + read + 1,
  ],
  [
    "fields of all types of a union",
    '{ node(id: "a") { id ... on Session { label } ... on Provider { name } } }',
    read + 3,
  ],
] as const)("%s", (_rule, text, cost) => {
  expect(costOf(text)).toBe(cost);
});

test.each<{ n: unknown }>([{ n: { toString: 1 } }, { n: [] }, { n: "50" }, { n: Number.NaN }, { n: true }])(
  "a size that is no number counts as none, and is refused where it is read: %j",
  ({ n }) => {
    const paged = "query ($n: Int) { viewer { credentials(first: $n) { nodes { id } } } }";
    expect(costOf(paged, { n })).toBe(pageOf(0, 1) + 1);
  },
);

test("a variable that is called as something that every object has is not taken for one that is given", () => {
  const paged = "query ($toString: Int) { viewer { credentials(first: $toString) { nodes { id } } } }";
  expect(costOf(paged, {})).toBe(pageOf(20, 1) + 1);
});

test("sizes and ids come from variables, and from their defaults", () => {
  const paged = "query ($n: Int = 3) { viewer { credentials(first: $n) { nodes { id } } } }";
  expect(costOf(paged)).toBe(pageOf(3, 1) + 1);
  expect(costOf(paged, { n: 50 })).toBe(pageOf(50, 1) + 1);
  expect(costOf(paged, { n: null })).toBe(pageOf(20, 1) + 1);
  expect(costOf(paged, { n: "many" })).toBe(pageOf(0, 1) + 1);
  const byIds = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
  expect(costOf(byIds, { ids: ["a", "b"] })).toBe(read + 2);
  expect(costOf(byIds, { ids: "a" })).toBe(read + 1);
});

test("of one document with different variables each time the cost is counted anew", () => {
  const document = parse("query ($n: Int) { viewer { credentials(first: $n) { nodes { id } } } }");
  const operation = getOperationAST(document)!;
  const requested = (variables: Variables) => costs.charge(document, operation, variables).requested;
  expect([1, 2, 1].map((n) => requested({ n }))).toEqual([1, 2, 1].map((n) => pageOf(n, 1) + 1));
});

test("what is skipped costs nothing", () => {
  const text = `query ($yes: Boolean!, $no: Boolean = false) {
    viewer { a: id @skip(if: $yes) b: id @include(if: $no) c: id @include(if: $yes) d: id @skip(if: true) ...F @skip(if: $yes) }
  }
  fragment F on User { userId }`;
  expect(costOf(text, { yes: true })).toBe(2);
  expect(costOf(text, { yes: false, no: true })).toBe(4);
});

test("a fragment counts wherever it is spread, by the page that it is spread in", () => {
  const text = `{ viewer { a: sessions(first: 2) { ...Page } b: sessions(first: 30) { ...Page ...Page } } }
  fragment Page on SessionConnection { nodes { ...Item } }
  fragment Item on Session { id label }`;
  expect(costOf(text)).toBe(1 + read + 1 + 2 * 2 + read + 2 * (1 + 30 * 2));
});

test("fragments that double forty times are counted without walking over them all", () => {
  const doubling = Array.from({ length: 40 }, (_, i) => `fragment F${i} on User { ...F${i + 1} ...F${i + 1} }`);
  const text = `{ viewer { ...F0 } } ${doubling.join(" ")} fragment F40 on User { id }`;
  const document = parse(text);
  expect(costs.charge(document, getOperationAST(document)!).requested).toBe(1 + 2 ** 40);
});

test("of several operations only the one that is run counts", () => {
  const text = "query A { viewer { id } } query B { viewer { id userId } }";
  expect(costOf(text, {}, "A")).toBe(2);
  expect(costOf(text, {}, "B")).toBe(3);
});

test("GraphiQL's introspection is allowed once in an operation, and not three times", () => {
  const introspection = getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true });
  expect(costOf(introspection)).toBeLessThan(documentLimits.cost);
  expect(costOf(introspection)).toBeGreaterThan(documentLimits.cost / 3);
});
