import { parse } from "graphql";
import { expect, test } from "vitest";
import { DocumentCache } from "../../../src/graphql/documents/document-cache.ts";
import { Documents } from "../../../src/graphql/documents/documents.ts";
import { documentLimits } from "../../../src/graphql/limits/document-limits.ts";

/** As heavy as a document of so many tokens. */
const documentOf = (tokens: number) => parse(`{ ${"a ".repeat(tokens - 2)} }`);

test("a document that is asked for again is not parsed again, and its errors are kept", () => {
  const documents = new Documents(documentLimits, null);
  const first = documents.find({ query: "{ viewer { id } }" });
  expect(documents.find({ query: "{ viewer { id } }" })).toBe(first);
  expect(documents.errorsOf(first)).toBeUndefined();
  documents.keepErrors(first, []);
  expect(documents.errorsOf(first)).toEqual([]);
});

test("when documents weigh too much, those go first that were not asked for the longest", () => {
  const cache = new DocumentCache(150_000);
  for (const text of ["a", "b", "c"]) cache.add(text, documentOf(90));
  expect(cache.get("a")).toBeDefined();
  cache.add("d", documentOf(90));
  expect(["a", "b", "c", "d"].filter((text) => cache.get(text) !== undefined)).toEqual(["a", "c", "d"]);
});

test("one large document takes the place of many small ones", () => {
  const cache = new DocumentCache(150_000);
  const names = Array.from({ length: 20 }, (_, index) => `small ${index}`);
  for (const name of names) cache.add(name, documentOf(10));
  expect(names.filter((name) => cache.get(name) !== undefined)).toHaveLength(20);
  cache.add("large", documentOf(280));
  expect(cache.get("large")).toBeDefined();
  expect(names.filter((name) => cache.get(name) !== undefined)).toHaveLength(1);
});

test("a long text weighs by its length", () => {
  const cache = new DocumentCache(150_000);
  cache.add("first", documentOf(10));
  cache.add(" ".repeat(70_000), documentOf(10));
  expect(cache.get("first")).toBeUndefined();
});
