import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeUserId, isUserId } from "../../src/callers/user-id.ts";

test.each([
  ["nothing", ""],
  ["256 characters", "x".repeat(256)],
  ["256 characters of two UTF-16 units", "😀".repeat(256)],
  ["NUL", "a\0b"],
  ["an escape sequence", "a\u001b[2Jb"],
  ["a new line", "a\nb"],
  ["DEL", "a\u007fb"],
  ["a C1 control, which some terminals take for an escape sequence", "a\u009b2Jb"],
  ["a mark that turns the direction of text", "a\u202eb"],
  ["an isolate", "a\u2066b"],
  ["an invisible character", "a\u200bb"],
  ["half a surrogate pair", "a\ud800b"],
])("%s is in no user's id", (_name, id) => {
  expect(isUserId(id)).toBe(false);
});

test.each([undefined, null, 7, ["alice"], { toString: () => "alice" }])("%j, which is no text, is none", (value) => {
  expect(isUserId(value)).toBe(false);
});

test.each([
  "alice",
  "auth0|507f1f77",
  "urn:example:user:1",
  "Jürgen",
  "山田",
  "a b",
  "😀",
  "x".repeat(255),
  "😀".repeat(255),
])("%s is one", (id) => {
  expect(isUserId(id)).toBe(true);
});

test.each([
  ["alice", "alice"],
  ["100%25", "100%25"],
  ["UTF-8", "UTF-8"],
  ["UTF-8''alice", "alice"],
  ["UTF-8''J%C3%BCrgen", "Jürgen"],
  ["utf-8'de'J%c3%bcrgen", "Jürgen"],
  ["UTF-8''%20alice%20", " alice "],
  ["UTF-8''UTF-8%27%27alice", "UTF-8''alice"],
  ["UTF-8''", ""],
])("%s is the id %j", (value, id) => {
  expect(decodeUserId(value)).toBe(id);
});

test.each([
  ["a byte that is not UTF-8", "UTF-8''J%FCrgen"],
  ["half a character", "UTF-8''%C3"],
  ["an overlong form", "UTF-8''%C0%AF"],
  ["half a pair", "UTF-8''%ED%A0%80"],
  ["a percent sign alone", "UTF-8''100%"],
  ["a character that has to be encoded", "UTF-8''Jürgen"],
  ["a space that has to be encoded", "UTF-8''a b"],
])("%s is no encoded id", (_name, value) => {
  expect(decodeUserId(value)).toBeNull();
});

test("what encodeURIComponent makes of an id comes back as that id", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 6 }), (id) => {
      fc.pre(isUserId(id));
      expect(
        decodeUserId(
          `UTF-8''${encodeURIComponent(id).replaceAll(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)}`,
        ),
      ).toBe(id);
    }),
  );
});
