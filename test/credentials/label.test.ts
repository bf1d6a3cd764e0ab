import fc from "fast-check";
import { expect, test } from "vitest";
import { labelFault, labelKey } from "../../src/credentials/label.ts";

test.each([
  ["a family, by zero-width joiners", "👨‍👩‍👧‍👦"],
  ["the flag of England, by tags", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"],
  ["a heart, by a variation selector", "❤️"],
  ["Persian with a zero-width non-joiner", "کلید کاری می\u200cخواهم"],
  ["Hebrew with a right-to-left mark", "עבודה\u200f (C++)\u200f"],
  ["a left-to-right mark", "C++\u200e"],
  ["an Arabic letter mark", "٣\u061c-٤"],
  ["Khmer with a zero-width space", "ការងារ\u200bខ្ញុំ"],
  ["German with a soft hyphen", "Donau\u00addampfschiff"],
  ["letters outside the first plane", "𠮷野家"],
  ["combining marks", "e\u0301"],
  ["Hangul by parts", "\u1112\u1161\u11ab"],
  ["a letter for private use", "\uf8ff"],
  ["80 characters of two UTF-16 units", "😀".repeat(80)],
])("%s can be a label", (_name, text) => {
  expect(labelFault(text)).toBeNull();
});

const hidden = /control characters/;

test.each([
  ["nothing", "", /empty/],
  ["81 characters", "x".repeat(81), /at most 80/],
  ["81 characters of two units", "😀".repeat(81), /at most 80/],
  ["a space at the beginning", " a", /white space/],
  ["a wide space at the end", "a\u3000", /white space/],
  ["NUL", "a\0b", hidden],
  ["a new line", "a\nb", hidden],
  ["an escape sequence", "a\u001b[2J", hidden],
  ["DEL", "a\u007f", hidden],
  ["C1", "a\u009b2J", hidden],
  ["the first half of a pair", "a\ud83d", hidden],
  ["the second half of a pair", "\ude00a", hidden],
  ["a noncharacter", "a\uffff", hidden],
  ["a line separator", "a\u2028b", hidden],
  ["a byte order mark", "a\ufeffb", hidden],
  ["an annotation", "a\ufff9b\ufffb", hidden],
  ...[0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069].map(
    (code) => [`U+${code.toString(16)}`, `a${String.fromCodePoint(code)}b`, hidden] as const,
  ),
  ["joiners alone", "\u200d\u200c", /can be seen/],
  ["a direction mark alone", "\u200f", /can be seen/],
  ["a Hangul filler alone", "\u3164", /can be seen/],
] as const)("%s is no label", (_name, text, words) => {
  expect(labelFault(text)).toMatch(words);
});

test("labels that are canonically equivalent have one key, and others do not", () => {
  expect(labelKey("Zoe\u0308")).toBe(labelKey("Zo\u00eb"));
  expect(labelKey("\u212b")).toBe(labelKey("A\u030a"));
  expect(labelKey("\u1112\u1161\u11ab")).toBe(labelKey("한"));
  expect(labelKey("ﬁ")).not.toBe(labelKey("fi"));
  expect(labelKey("Work")).not.toBe(labelKey("work"));
});

test("in whatever form a label is written, it is a label with the same key", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }), (text) => {
      fc.pre(labelFault(text) === null);
      expect(labelFault(text.normalize("NFC"))).toBeNull();
      expect(labelKey(text.normalize("NFD"))).toBe(labelKey(text));
    }),
  );
});
