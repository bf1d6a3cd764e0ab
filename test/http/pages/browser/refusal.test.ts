import { expect, test } from "vitest";
import { readRefusal, readRetryAfter } from "../../../../src/http/pages/browser/refusal.js";

const error = (code: string, more: { readonly retryAfter?: number } = {}) => [
  { message: `It is ${code}.`, extensions: { code, ...more } },
];

test.each([
  [401, "UNAUTHENTICATED", "renew"],
  [200, "UNAUTHENTICATED", "renew"],
  [200, "CURSOR_EXPIRED", "restart"],
  [200, "CURSOR_INVALID", "restart"],
  [429, "RATE_LIMITED", "wait"],
  [200, "RATE_LIMITED", "wait"],
  [429, "TOO_MANY_OPERATIONS", "wait"],
  [503, "IDENTITY_PROVIDER_UNAVAILABLE", "retry"],
  [500, "INTERNAL_SERVER_ERROR", "retry"],
  [200, "INTERNAL_SERVER_ERROR", "retry"],
  [429, "TOO_MANY_STREAMS", "stop"],
  [403, "FORBIDDEN", "stop"],
  [401, "INSUFFICIENT_USER_AUTHENTICATION", "stop"],
  [400, "GRAPHQL_VALIDATION_FAILED", "stop"],
  [404, "NOT_FOUND", "stop"],
])("after HTTP %i with the code %s a page's reaction is %s, with the server's own words", (status, code, reaction) => {
  expect(readRefusal({ status, errors: error(code) })).toMatchObject({ reaction, message: `It is ${code}.` });
});

test.each([
  [429, "wait"],
  [502, "retry"],
  [504, "retry"],
  [404, "stop"],
  [401, "stop"],
  [200, "stop"],
])(
  "of HTTP %i without a word of this server's, as a proxy or another program sends it, the reaction is %s",
  (status, reaction) => {
    const refusal = readRefusal({ status, errors: [] });
    expect(refusal.reaction).toBe(reaction);
    expect(refusal.message).not.toBe("");
  },
);

test("the wait is the header's, else the error's, else half a minute", () => {
  const errors = error("RATE_LIMITED", { retryAfter: 12 });
  expect(readRefusal({ status: 429, retryAfter: "200", errors }).seconds).toBe(200);
  expect(readRefusal({ status: 429, errors }).seconds).toBe(12);
  expect(readRefusal({ status: 429, errors: error("RATE_LIMITED") }).seconds).toBe(30);
  expect(readRefusal({ status: 503, retryAfter: "7", errors: [] })).toMatchObject({ reaction: "wait", seconds: 7 });
});

test.each([
  ["7", 7],
  ["0", 1],
  ["86400", 3600],
  ["Tue, 01 Jan 2030 00:01:30 GMT", 90],
  ["Mon, 31 Dec 2029 00:00:00 GMT", 1],
  ["soon", null],
  ["", null],
  [null, null],
])("Retry-After %j is %j seconds", (value, seconds) => {
  expect(readRetryAfter(value, Date.UTC(2030, 0, 1))).toBe(seconds);
});
