import type { AuthMethod } from "./provider-auth.ts";
import type { Json, ProviderErrorBody } from "./provider-error.ts";

/** What an answer to the check of a credential says, and what the server does about it. */
export const verdicts = {
  valid: "It is accepted.",
  limited: "It is accepted, with a warning: its permissions do not cover the call that checks it.",
  unpaid: "It is accepted, with a warning: the account behind it has to pay, or has used up a limit.",
  invalid: "It is refused. A stored one needs to be connected again, after one refresh where that is possible.",
  consent: "It is refused: the sign-in lacks a permission. A stored one needs to be connected again.",
  disabled: "It is refused: the account behind it is disabled. A stored one stays as it is, with a warning.",
  blocked: "Nothing is known about it: the call was refused for where or how it was made. A stored one stays as it is.",
  busy: "Nothing is known about it: its account has made too many calls. A stored one stays as it is.",
  overloaded: "Nothing is known about it: the provider has too much to do, which counts against its health.",
} as const;

export type Verdict = keyof typeof verdicts;

/** The words of a rule: what follows the provider's name, and sentences of advice. */
interface Told {
  readonly what: string;
  readonly cure: string;
}

/** What a verdict tells where its rule has no words of its own. */
export const generalWords: Record<Exclude<Verdict, "valid" | "invalid">, Told> = {
  limited: {
    what: "accepts {it}, but does not let it make the call that checks it",
    cure: "It may still work for what it was made for.",
  },
  unpaid: {
    what: "accepts {it}, but the account behind it has no credit or has reached a limit",
    cure: "Calls may fail until its owner has settled that with the provider.",
  },
  disabled: {
    what: "has disabled the account behind {it}",
    cure: "Ask the provider to enable it again, or connect another account.",
  },
  consent: {
    what: "accepts {it}, but it does not include the permission to call the API",
    cure: "Connect again and allow it.",
  },
  blocked: {
    what: "refuses calls from the place that this server calls from",
    cure: "That says nothing about {it}, and nothing was changed. Tell the operator: a firewall or the provider's list of regions is in the way.",
  },
  busy: { what: "has counted too many calls of this account, so {it} could not be checked", cure: "" },
  overloaded: { what: "is overloaded, so {it} could not be checked", cure: "" },
};

/**
 * One answer that the vendor documents, and what it means. Every condition that is given has to hold; of `codes` and
 * `text` one is enough. In the words for the user `{it}` stands for "the key" or "the sign-in".
 */
export interface AnswerRule {
  readonly verdict: Verdict;
  /** The method that it is about; both unless it says otherwise. */
  readonly method?: AuthMethod;
  /** How the secret begins. A kind of key can be told by it only once the vendor has refused it. */
  readonly prefix?: string;
  /** Any 4xx unless it says otherwise, as vendors give one reason under several; with `field` any 2xx. */
  readonly status?: number;
  /** Any of these codes, types, statuses or reasons, wherever in the body it stands. */
  readonly codes?: readonly string[];
  /** Any of these pieces of the message, in upper or lower case. */
  readonly text?: readonly string[];
  /** A field at the top of the body, and its value. */
  readonly field?: { readonly name: string; readonly is: boolean | "list" };
  /** What follows the provider's name in the message for the user; each verdict has a general text. */
  readonly what?: string;
  /** What the user or the operator can do, as sentences. */
  readonly cure?: string;
  /** The vendor's page, or where the answer was seen. */
  readonly source: string;
}

/** What a provider answers to the check of a credential. The first rule that fits an answer decides. */
export interface ProviderAnswers {
  /** When the sources were read: a month, such as `November 2026`. */
  readonly asOf: string;
  readonly rules: readonly AnswerRule[];
}

/** The words of a rule for an answer to a call that came without the header that was sent. */
export const unseen = {
  what: "did not see {it} in the call",
  cure: "That says nothing about {it}, and nothing was changed. Tell the operator: something on the way to the provider removes the header.",
} as const;

/** For providers that describe no answers of their own: what HTTP itself says. */
export const standardAnswers: ProviderAnswers = {
  asOf: "June 2022",
  rules: [
    { verdict: "valid", status: 200, source: "https://www.rfc-editor.org/rfc/rfc9110#section-15.3.1" },
    { verdict: "invalid", status: 401, source: "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2" },
  ],
};

/** An answer that holds a JSON object. */
export interface ReadableAnswer {
  readonly status: number;
  readonly json: Json;
  readonly error: ProviderErrorBody;
}

/** The credential that was checked. */
export interface CheckedCredential {
  readonly method: AuthMethod;
  readonly secret: string;
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function fitsStatus(rule: AnswerRule, status: number): boolean {
  if (rule.status !== undefined) return status === rule.status;
  return rule.field === undefined ? status >= 400 && status < 500 : isSuccess(status);
}

function fitsWords({ codes, text }: AnswerRule, error: ProviderErrorBody): boolean {
  if (codes === undefined && text === undefined) return true;
  if (codes?.some((code) => error.codes.includes(code))) return true;
  // Where `error` is a text, it stands among the codes.
  const said = [error.message ?? "", ...error.codes].map((words) => words.toLowerCase());
  return text?.some((piece) => said.some((words) => words.includes(piece.toLowerCase()))) ?? false;
}

function fitsField({ field }: AnswerRule, json: Json): boolean {
  if (field === undefined) return true;
  const value = Object.hasOwn(json, field.name) ? json[field.name] : undefined;
  return field.is === "list" ? Array.isArray(value) : value === field.is;
}

function fits(
  rule: AnswerRule,
  { status, json, error }: ReadableAnswer,
  { method, secret }: CheckedCredential,
): boolean {
  const { prefix = "" } = rule;
  if (!fitsStatus(rule, status) || (rule.method ?? method) !== method || !secret.startsWith(prefix)) return false;
  // Some gateways report errors with status 200: that is no evidence for a credential.
  if (rule.verdict === "valid" && isSuccess(status) && json["error"] != null) return false;
  return fitsWords(rule, error) && fitsField(rule, json);
}

/** The first rule that fits; null where the vendor has documented nothing like it. */
export function findRule(
  rules: readonly AnswerRule[],
  answer: ReadableAnswer,
  credential: CheckedCredential,
): AnswerRule | null {
  return rules.find((rule) => fits(rule, answer, credential)) ?? null;
}
