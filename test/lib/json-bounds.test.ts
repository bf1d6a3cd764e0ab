import fc from "fast-check";
import { expect, test } from "vitest";
import { assertJsonBounds } from "../../src/lib/json-bounds.ts";

const check = (text: string) => () => assertJsonBounds(text, { depth: 3, values: 5 });

test.each([
  "null",
  "[[[1]]]",
  '{"a":{"b":{"c":1}}}',
  "[1,2,3,4,5]",
  '{"a":1,"b":2,"c":[3,4,5]}',
  '"[[[[[[,,,,,,,"',
  String.raw`["\"[[[[", "\\", "[[[["]`,
  "[[[]],[[]],[[]]]",
  "]]]][[[",
  '"never ends [[[[',
])("%s is within the bounds", (text) => {
  expect(check(text)).not.toThrow();
});

test.each([
  ["[[[[1]]]]", /3 levels/],
  ['{"a":[{"b":[]}]}', /3 levels/],
  [String.raw`["\\",[[[1]]]]`, /3 levels/],
  ["[".repeat(100_000), /3 levels/],
  ["[1,2,3,4,5,6]", /5 values/],
  ['{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}', /5 values/],
  ["[[1,2],[3,4],[5,6]]", /5 values/],
])("%.40s is not", (text, message) => {
  expect(check(text)).toThrow(message);
});

/** As a walk over the value finds it. */
function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function isTooDeep(text: string, depth: number): boolean {
  try {
    assertJsonBounds(text, { depth, values: Number.POSITIVE_INFINITY });
    return false;
  } catch {
    return true;
  }
}

test("the depth of any JSON is what a walk over it finds, whatever its texts hold", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(6), (value, depth) => {
      expect(isTooDeep(JSON.stringify(value), depth)).toBe(depthOf(value) > depth);
    }),
  );
});
