import { describe, expect, test } from "vitest";
import {
  type AnswerRule,
  type CheckedCredential,
  findRule,
  standardAnswers,
} from "../../src/providers/answer-rules.ts";
import { parseJsonObject, readProviderError } from "../../src/providers/provider-error.ts";

const source = "https://vendor.example/errors";
const key: CheckedCredential = { method: "api_key", secret: "key-1" };
const signIn: CheckedCredential = { method: "oauth", secret: "token-1" };

function verdictOf(rules: readonly AnswerRule[], status: number, body: object, credential = key): string | null {
  const text = JSON.stringify(body);
  const answer = { status, json: parseJsonObject(text)!, error: readProviderError(text) };
  return findRule(rules, answer, credential)?.verdict ?? null;
}

describe("a rule fits where every condition that it gives holds", () => {
  test("without a status it takes any 4xx, and nothing else", () => {
    const rules: AnswerRule[] = [{ verdict: "disabled", codes: ["gone"], source }];
    const taken = [199, 200, 302, 399, 400, 401, 418, 429, 499, 500, 529].filter(
      (status) => verdictOf(rules, status, { error: { code: "gone" } }) !== null,
    );
    expect(taken).toEqual([400, 401, 418, 429, 499]);
  });

  test("with a status it takes that one", () => {
    const rules: AnswerRule[] = [{ verdict: "overloaded", status: 529, codes: ["overloaded"], source }];
    expect(verdictOf(rules, 529, { error: { type: "overloaded" } })).toBe("overloaded");
    expect(verdictOf(rules, 503, { error: { type: "overloaded" } })).toBeNull();
  });

  test("a code is the whole word, a text a piece of the message in any case; one of them is enough", () => {
    const rules: AnswerRule[] = [
      { verdict: "blocked", codes: ["forbidden"], text: ["not allowed", "no entry"], source },
    ];
    expect(verdictOf(rules, 403, { error: { type: "forbidden" } })).toBe("blocked");
    expect(verdictOf(rules, 401, { error: { message: "Request NOT ALLOWED." } })).toBe("blocked");
    expect(verdictOf(rules, 403, { error: "No entry here" })).toBe("blocked");
    expect(verdictOf(rules, 403, { error: { type: "forbidden_fruit", message: "Not." } })).toBeNull();
  });

  test("the method and the beginning of the secret", () => {
    const rules: AnswerRule[] = [{ verdict: "invalid", method: "api_key", prefix: "old-", codes: ["bad"], source }];
    const bad = { error: { code: "bad" } };
    expect(verdictOf(rules, 401, bad, { method: "api_key", secret: "old-1" })).toBe("invalid");
    expect(verdictOf(rules, 401, bad, { method: "api_key", secret: "new-old-1" })).toBeNull();
    expect(verdictOf(rules, 401, bad, { method: "oauth", secret: "old-1" })).toBeNull();
  });

  test("the first that fits decides", () => {
    const rules: AnswerRule[] = [
      { verdict: "limited", text: ["read only"], source },
      { verdict: "invalid", codes: ["bad"], source },
    ];
    expect(verdictOf(rules, 401, { error: { code: "bad", message: "Read only." } })).toBe("limited");
    expect(verdictOf(rules, 401, { error: { code: "bad" } })).toBe("invalid");
  });
});

describe("the body of a success can say no", () => {
  // As xAI and Cohere have it: a field of the body tells whether the key is blocked, or whether it is valid.
  const blockable: AnswerRule[] = [
    { verdict: "disabled", field: { name: "team_blocked", is: true }, source },
    { verdict: "invalid", field: { name: "api_key_blocked", is: true }, source },
    { verdict: "valid", field: { name: "acls", is: "list" }, source },
  ];
  const telling: AnswerRule[] = [
    { verdict: "valid", field: { name: "valid", is: true }, source },
    { verdict: "invalid", field: { name: "valid", is: false }, source },
  ];

  test.each<[rules: AnswerRule[], body: object, verdict: string | null]>([
    [blockable, { acls: [], team_blocked: true, api_key_blocked: false }, "disabled"],
    [blockable, { acls: [], team_blocked: false, api_key_blocked: true }, "invalid"],
    [blockable, { acls: [], team_blocked: false, api_key_blocked: false }, "valid"],
    [blockable, { acls: "all", team_blocked: "true" }, null],
    [telling, { valid: true }, "valid"],
    [telling, { valid: false }, "invalid"],
    [telling, { valid: "yes" }, null],
    [telling, {}, null],
  ])("%#", (rules, body, verdict) => {
    expect(verdictOf(rules, 200, body)).toBe(verdict);
    expect(verdictOf(rules, 403, body)).toBeNull();
  });

  test("an error that came with status 200 is never evidence for a credential", () => {
    const rules: AnswerRule[] = [{ verdict: "valid", field: { name: "data", is: "list" }, source }];
    expect(verdictOf(rules, 200, { data: [], error: { code: "bad" } })).toBeNull();
    expect(verdictOf(rules, 200, { data: [], error: null })).toBe("valid");
  });

  test("a field that every object has is no field of the body", () => {
    expect(verdictOf([{ verdict: "valid", field: { name: "toString", is: true }, source }], 200, {})).toBeNull();
  });
});

test("where an entry describes no answers, HTTP's own meaning of 200 and 401 counts and nothing else", () => {
  const meanings = [200, 201, 302, 400, 401, 402, 403, 404, 429, 500].map((status) => [
    status,
    verdictOf(standardAnswers.rules, status, {}, signIn),
  ]);
  expect(meanings.filter(([, verdict]) => verdict !== null)).toEqual([
    [200, "valid"],
    [401, "invalid"],
  ]);
});
