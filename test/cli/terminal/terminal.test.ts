import { expect, test } from "vitest";
import { printable, printableJson } from "../../../src/cli/terminal/terminal.ts";

/**
 * What reaches a terminal otherwise: C0, DEL, C1, bidirectional marks and isolates, separators of another plane, halves
 * of pairs.
 */
const hostile = ["\u001b[31m", "\u007f", "\u0085", "\u009b31m", "\u200f", "\u202e", "\u2066", "\u{e0041}", "\ud800"];

test.each(hostile)("JSON for a terminal has an escape for %j, and means the same", (text) => {
  const value = { userAgent: `before${text}after`, [`name${text}`]: [text] };
  const json = printableJson(value);
  expect(json).not.toMatch(/\p{C}/u);
  expect(JSON.parse(json)).toEqual(value);
});

test.each(["می‌خواهم", "👨‍👩‍👧", "naïve", "日本"])("a table shows %s as it is", (text) => {
  expect(printable(text)).toBe(text);
});

test.each(hostile)("a table shows another character for %j", (text) => {
  expect(printable(`before${text}after`)).not.toMatch(/\p{C}/u);
});
