import { expect, test } from "vitest";
import { isUserId } from "../../src/callers/user-id.ts";

test.each([
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

test.each(["alice", "auth0|507f1f77", "urn:example:user:1", "Jürgen", "山田", "a b", "😀"])("%s is one", (id) => {
  expect(isUserId(id)).toBe(true);
});
