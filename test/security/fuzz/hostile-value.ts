import fc from "fast-check";

/**
 * Texts that have broken programs before: control characters, halves of surrogates, names of prototypes, normal forms.
 */
const hostileTexts = [
  "",
  " ",
  "\0",
  "a\0b",
  "\u0001\u001f\u007f\u0085",
  "\ud800",
  "\udfff\ud800",
  "a\udc00",
  "\ufeff",
  "\ufffe\uffff",
  "\u202egnp.exe",
  "\u200b\u200d\u2060",
  "e\u0301",
  "\u00e9",
  "\ufb01\u1e9e\u0130\u0131",
  "Z̷͉̃a̵̙͝l̴̖̈g̶̤͝o̷̥̎",
  "👩‍👩‍👧‍👦🏳️‍🌈",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "then",
  "valueOf",
  "__typename",
  "$where",
  "null",
  "undefined",
  "NaN",
  "true",
  "' or '1'='1",
  "'; drop table sessions; --",
  '"}]}',
  "\\",
  "\\u0000",
  "%00%0a%0d",
  "\r\nset-cookie: a=b",
  "../../../../etc/passwd",
  "${7*7}{{7*7}}",
  "<script>alert(1)</script>",
  "-1",
  "0x7fffffff",
  "1e309",
  "2026-02-30T25:61:61Z",
  "9999-12-31T23:59:59.999Z",
  "-271821-04-20T00:00:00.000Z",
  "+275760-09-13T00:00:00.001Z",
  "1970-01-01T00:00:00+24:00",
  "VXNlcjo=",
  "Q3JlZGVudGlhbDo=",
  "U2Vzc2lvbjpub3QgYSB1dWlk",
  "ZTEuOTk5OTk5OTk5OTk5OTk5",
  "YzEuOTk5OTk5OTk5OTk5OTk5LjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMA",
  "ZzEuMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwLjk5OTk5OTk5OQ",
  "anthropic",
  "openai",
  "default",
  "https://platform.claude.com/oauth/code/callback?code=a&state=b",
  "http://127.0.0.1:1/callback",
  "code#state",
  "a".repeat(81),
  "a".repeat(256),
  "é".repeat(2_049),
  "x".repeat(20_000),
];

const hostileNumbers = [
  0,
  -0,
  1,
  -1,
  100,
  101,
  0.5,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31) - 1,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
  1e308,
  Number.MIN_VALUE,
];

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...hostileTexts) },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc.array(fc.constantFrom(...hostileTexts.slice(0, 40)), { maxLength: 5 }).map((parts) => parts.join("")),
  },
);

const leaf = fc.oneof(
  hostileText,
  fc.constantFrom<unknown>(...hostileNumbers),
  fc.constantFrom<unknown>(null, true, false),
);

function nested(depth: number): unknown {
  let value: unknown = "deep";
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { input: value };
  return value;
}

/** Anything that JSON can say: of the wrong type, too deep, too long, with keys that objects have of their own. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 12, arbitrary: leaf },
  { weight: 2, arbitrary: fc.array(leaf, { maxLength: 4 }) },
  {
    weight: 2,
    arbitrary: fc.array(fc.tuple(hostileText, leaf), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
  },
  { weight: 1, arbitrary: fc.integer({ min: 10, max: 2_000 }).map(nested) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 3_000 }).map((length) => Array.from({ length }, () => "x")) },
);
