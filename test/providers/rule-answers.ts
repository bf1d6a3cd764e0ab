import type { AnswerRule } from "../../src/providers/answer-rules.ts";
import type { AuthMethod } from "../../src/providers/provider-auth.ts";
import type { Answer } from "../support/mock-provider/answer.ts";

/** The status that most vendors give a verdict, where a rule takes any. */
const usualStatuses = [400, 401, 402, 403, 429];

/** A code and a message in each of the usual shapes. */
function shapes(code: string, message: string): object[] {
  return [
    { error: { message, type: code, param: null, code: null } },
    { error: { message, type: "some_error", param: null, code } },
    { error: { code: 400, message, status: code } },
    { error: { code: 400, message, status: "SOME_STATUS", details: [{ "@type": "ErrorInfo", reason: code }] } },
    { type: "error", error: { type: code, message }, request_id: "req_1" },
    { code, message },
    { detail: { code, message } },
  ];
}

/** Answers that a rule is for, under every status that it takes and in every shape that a body may have. */
export function answersFor(rule: AnswerRule): Answer[] {
  const { codes = [], text = [], field, status } = rule;
  if (field !== undefined) {
    const value = field.is === "list" ? [] : field.is;
    return [{ status: status ?? 200, body: { [field.name]: value, other: 1 } }];
  }
  const bodies = [
    ...codes.flatMap((code) => shapes(code, "A text that says nothing.")),
    ...text.flatMap((piece) => shapes("some_code", `Sorry. ${piece.toUpperCase()}! See our page.`)),
    ...(codes.length + text.length === 0 ? [{}] : []),
  ];
  const statuses = status === undefined ? usualStatuses : [status];
  return bodies.flatMap((body) => statuses.map((each) => ({ status: each, body })));
}

/** The methods that a rule is about. */
export function methodsOf({ method }: AnswerRule): AuthMethod[] {
  return method === undefined ? ["api_key", "oauth"] : [method];
}

/** A secret that a rule is about. */
export function secretFor({ prefix = "zq9" }: AnswerRule): string {
  return `${prefix}${"Zq9".repeat(8)}`;
}

/** What a provider of these rules answers to a good credential. */
export function acceptance(rules: readonly AnswerRule[]): Answer {
  const rule = rules.find(({ verdict, method }) => verdict === "valid" && method !== "oauth")!;
  return answersFor(rule)[0]!;
}

/** What it answers to an invented one. */
export function refusal(rules: readonly AnswerRule[]): Answer {
  const rule = rules.find(
    ({ verdict, method, prefix }) => verdict === "invalid" && method !== "oauth" && prefix === undefined,
  )!;
  return answersFor(rule).find(({ status }) => status === 401) ?? answersFor(rule)[0]!;
}
