import fc from "fast-check";
import { expect, test } from "vitest";
import { readAuthorizationResponse, readPasted } from "../../src/auth/pasted-code.ts";
import { ValidationError } from "../../src/errors.ts";

test.each([
  ["https://platform.example/callback?code=abc&state=xyz", { code: "abc", state: "xyz", error: null, issuer: null }],
  [
    "http://127.0.0.1:8080/auth/callback?state=xyz&code=a%2Bb&iss=https%3A%2F%2Fas.example",
    { code: "a+b", state: "xyz", error: null, issuer: "https://as.example" },
  ],
  [
    "  https://x.example/cb?error=access_denied&state=xyz \n",
    { code: null, state: "xyz", error: "access_denied", issuer: null },
  ],
  ["abc#xyz", { code: "abc", state: "xyz", error: null, issuer: null }],
  [" abc#xyz\n", { code: "abc", state: "xyz", error: null, issuer: null }],
])("%j is read", (pasted, expected) => {
  expect(readPasted(pasted)).toEqual(expected);
});

test.each([
  "",
  "abc",
  "#xyz",
  "abc#",
  "abc#xyz#more",
  "abc def#xyz",
  "https://x.example/cb",
  "https://x.example/cb?code=abc",
  "https://x.example/cb?state=xyz",
  "https://x.example/cb?code=&state=xyz",
  "https://x.example/cb?code=a&code=b&state=xyz",
  "https://x.example/cb?code=a&state=x&state=y",
  "https://x.example/cb?code=a&state=x&error=access_denied&error=y",
  "https://x.example/cb?code=a&state=x&iss=https%3A%2F%2Fa.example&iss=https%3A%2F%2Fb.example",
  "https://x.example/cb#code=abc&state=xyz",
  "https://",
])("%j is refused as neither of the two forms", (pasted) => {
  expect(() => readPasted(pasted)).toThrow(ValidationError);
});

/** What the refusal says; empty where it is read. */
function refusalOf(pasted: string): string {
  try {
    readPasted(pasted);
    return "";
  } catch (error) {
    if (error instanceof ValidationError) return JSON.stringify([error.message, error.issues]);
    throw error;
  }
}

test("whatever is pasted is read or refused, and the refusal does not repeat it", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 8, unit: "binary" }), (pasted) => {
      expect(refusalOf(pasted)).not.toContain(JSON.stringify(pasted).slice(1, -1));
    }),
  );
});

test("a parameter that is longer than any provider's is no answer", () => {
  expect(readAuthorizationResponse(new URLSearchParams({ code: "a".repeat(4_097), state: "x" }))).toBeNull();
});
