import { parse } from "graphql";
import { expect, test } from "vitest";
import { measureShape } from "../../../src/graphql/limits/document-shape.ts";

const shapes = [
  ["{ a }", { depth: 1, rootFields: 1 }],
  ["{ a { b { c } } d }", { depth: 3, rootFields: 2 }],
  ["{ ... { ... on T { a { b } } } c }", { depth: 2, rootFields: 2 }],
  ["{ ...F ...F } fragment F on T { a { ...G } } fragment G on T { b { c } }", { depth: 3, rootFields: 2 }],
  ["{ a: b c: d { e: f } }", { aliases: 3 }],
  ["query @x { a @y { b @z @z } ...F @w } fragment F on T @v { c }", { directives: 6 }],
  ["query A { a } query B { b { c } d }", { depth: 2, rootFields: 2 }],
  ["fragment F on T { a { b } }", { depth: 0, rootFields: 0 }],
] as const;

test.each(shapes)("%s is measured", (text, shape) => {
  expect(measureShape(parse(text))).toMatchObject(shape);
});

test("a fragment that is missing counts nothing", () => {
  expect(measureShape(parse("{ a ...Missing }"))).toEqual({ depth: 1, aliases: 0, rootFields: 1, directives: 0 });
});

const circles = [
  "{ ...F } fragment F on T { a ...F }",
  "{ ...F } fragment F on T { a { ...G } } fragment G on T { b { ...F } }",
  "{ ...F ...G } fragment F on T { ...G ...G a } fragment G on T { ...F ...F b }",
];

test.each(circles)("fragments that spread each other end: %s", (text) => {
  expect(measureShape(parse(text)).depth).toBeLessThanOrEqual(2);
});

/** Each fragment spreads the next one twice: the last one's fields are asked for 2^60 times. */
function doublingFragments(depth: number): string {
  const fragments = Array.from(
    { length: depth },
    (_, index) => `fragment F${index} on T { ...F${index + 1} ...F${index + 1} }`,
  );
  return ["{ ...F0 }", ...fragments, `fragment F${depth} on T { a }`].join("\n");
}

test("fragments that double sixty times are measured without walking over them all", () => {
  expect(measureShape(parse(doublingFragments(60)))).toMatchObject({ depth: 1, rootFields: 2 ** 60 });
});
