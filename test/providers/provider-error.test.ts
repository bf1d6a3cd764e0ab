import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJsonObject, readProviderError, showableCodes } from "../../src/providers/provider-error.ts";

const nothing = { codes: [], message: null };

describe("the usual shapes", () => {
  test.each<[name: string, body: unknown, codes: string[], message: string | null]>([
    [
      "an OAuth error",
      { error: "invalid_grant", error_description: "Refresh token not found" },
      ["invalid_grant"],
      "Refresh token not found",
    ],
    ["a word", { error: "Unauthorized" }, ["Unauthorized"], null],
    [
      "Anthropic's",
      { type: "error", error: { type: "rate_limit_error", message: "Slow down" }, request_id: "req_1" },
      ["rate_limit_error"],
      "Slow down",
    ],
    [
      "OpenAI's",
      { error: { message: "Incorrect API key", type: "invalid_request_error", param: null, code: "invalid_api_key" } },
      ["invalid_request_error", "invalid_api_key"],
      "Incorrect API key",
    ],
    ["OpenAI's with a code alone", { error: { code: "refresh_token_reused" } }, ["refresh_token_reused"], null],
    [
      "Google's",
      {
        error: {
          code: 400,
          message: "API key not valid.",
          status: "INVALID_ARGUMENT",
          details: [{ "@type": "ErrorInfo", reason: "API_KEY_INVALID" }, { "@type": "LocalizedMessage" }],
        },
      },
      ["INVALID_ARGUMENT", "API_KEY_INVALID"],
      "API key not valid.",
    ],
    ["a code at the top", { code: "bad_key", error: "Incorrect key" }, ["Incorrect key", "bad_key"], null],
    [
      "ChatGPT's, below detail",
      { detail: { code: "token_expired", type: "invalid_request_error", message: "Sign in again." } },
      ["invalid_request_error", "token_expired"],
      "Sign in again.",
    ],
    ["detail", { detail: "Unauthorized" }, [], "Unauthorized"],
    ["message", { message: "No key", status: 401 }, [], "No key"],
    ["an error that came with status 200", { error: "bad_verification_code" }, ["bad_verification_code"], null],
  ])("%s", (_name, body, codes, message) => {
    expect(readProviderError(JSON.stringify(body))).toEqual({ codes, message });
  });

  test("the error's own message goes before those around it", () => {
    const body = { error: { message: "inner" }, error_description: "outer", message: "outer", detail: "outer" };
    expect(readProviderError(JSON.stringify(body)).message).toBe("inner");
  });
});

describe("what says nothing", () => {
  test.each([
    ["nothing", ""],
    ["a page", "<!doctype html><html><body>502 Bad Gateway</body></html>"],
    ["broken JSON", '{"error":{"message":"cut'],
    ["null", "null"],
    ["a number", "401"],
    ["a string", '"unauthorized"'],
    ["an array", '[{"error":{"code":"bad"}}]'],
    ["an empty object", "{}"],
    ["an error of null", '{"error":null}'],
    ["an error of numbers", '{"error":{"code":400,"status":400,"message":5,"details":7},"code":1,"message":[]}'],
    ["details of junk", '{"error":{"details":[null,1,"x",[],{"reason":5}]}}'],
    ["a list of details", '{"detail":[{"loc":["header"],"msg":"field required"}]}'],
    ["members of every object", '{"__proto__":{"error":"x","message":"x"}}'],
    ["deep arrays", "[".repeat(100_000)],
    ["deep objects", `${'{"error":'.repeat(100_000)}1${"}".repeat(100_000)}`],
  ])("%s", (_name, body) => {
    expect(readProviderError(body)).toEqual(nothing);
  });
});

/** Bodies near to the shapes above, with any JSON in their places. */
const nearlyAnError = fc.record(
  Object.fromEntries(
    ["error", "code", "message", "detail", "error_description"].map((name) => [
      name,
      fc.oneof(
        fc.jsonValue(),
        fc.record(
          { type: fc.jsonValue(), code: fc.jsonValue(), status: fc.jsonValue(), details: fc.jsonValue() },
          { requiredKeys: [] },
        ),
      ),
    ]),
  ),
  { requiredKeys: [] },
);

test("no body makes it fail, and what it finds is text", () => {
  const bodies = fc.oneof(
    fc.string(),
    fc.json(),
    nearlyAnError.map((body) => JSON.stringify(body)),
  );
  fc.assert(
    fc.property(bodies, (body) => {
      const { codes, message } = readProviderError(body);
      expect([...codes, message ?? ""].every((word) => typeof word === "string")).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test("a JSON object is read, and nothing else is", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
      const read = parseJsonObject(JSON.stringify(value));
      expect(read).toEqual(isObject ? JSON.parse(JSON.stringify(value)) : null);
    }),
  );
});

describe("of an answer's codes those are shown that cannot be a part of the secret", () => {
  const secret = "sk-proj-Vendor0123456789abcdefghij";

  test.each([
    ["invalid_api_key", true],
    ["API_KEY_INVALID", true],
    ["unsupported_country_region_territory", true],
    ["error.code-1000", true],
    ["forbidden", true],
    ["a", false],
    ["", false],
    ["has spaces in it", false],
    ["<script>", false],
    ["sk-proj-Vendor0123456789abcdefghij", false],
    ["sk-proj-V...ghij", false],
    ["sk-proj-", false],
    ["Vendor", false],
    ["key_Vendor0123456789", false],
    ["sk-ant-api03-SomebodyElses9Secret0Key", false],
    ["x".repeat(65), false],
    ["a_" + "b".repeat(25), false],
    ["line\nbreak", false],
    ["\u202ereversed", false],
  ])("%j: %s", (code, isShown) => {
    expect(showableCodes({ codes: [code], message: null }, secret)).toEqual(isShown ? [code] : []);
  });

  test("three at most, each once", () => {
    const codes = ["one_code", "one_code", "two_code", "three_code", "four_code"];
    expect(showableCodes({ codes, message: null }, secret)).toEqual(["one_code", "two_code", "three_code"]);
  });

  test("however long they are, they are read in time in proportion to their length", () => {
    const codes = Array.from({ length: 1_000 }, () => "a_".repeat(500));
    expect(showableCodes({ codes, message: null }, secret)).toEqual([]);
  });
});

test("an answer with more values than any provider's is none, and a long list of models is one", () => {
  const listOf = (count: number) => `{"data":[${Array.from({ length: count }, () => "1").join(",")}]}`;
  expect(parseJsonObject(listOf(60_000))).toBeNull();
  expect(readProviderError(listOf(60_000))).toEqual(nothing);
  expect(parseJsonObject(listOf(40_000))).not.toBeNull();
  // How deep it is costs nobody the rest of it.
  expect(parseJsonObject(`{"access_token":"a","x":${"[".repeat(1_000)}${"]".repeat(1_000)}}`)).not.toBeNull();
});
