/**
 * What a well-formed refusal of a refresh speaks of. `grant`: this sign-in. `client`: the operator's client. `block`:
 * where the request came from. `account`: what its user has to settle with the provider. `address`: the endpoint.
 * `pace`: too many requests. `moment`: a trouble that passes.
 */
export type RefusalSubject = "grant" | "client" | "block" | "account" | "address" | "pace" | "moment";

/** A refusal in the form of RFC 6749, section 5.2. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly description: string | null;
}

/** RFC 6749, section 5.2, and what vendors say instead: no request of this client can succeed. */
export const clientCodes: ReadonlySet<string> = new Set([
  "invalid_client",
  "unauthorized_client",
  "unsupported_grant_type",
  "deleted_client",
  "disabled_client",
  "redirect_uri_mismatch",
]);

/**
 * RFC 6749, section 4.1.2.1, and what API gateways in front of a token endpoint say with a status of 4xx:
 * https://docs.claude.com/en/api/errors, https://platform.openai.com/docs/guides/error-codes,
 * https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow#error-codes-for-token-endpoint-errors.
 */
const passingCodes =
  /^(temporarily_unavailable|server_(error|busy)|(service_)?unavailable|api_error|internal_\w+|overloaded_\w+|timeout_error|request_timeout)$/;
const paceCodes = /rate_?limit|too_many|slow_down|throttl|resource_exhausted/;

/** Billing: the sign-in works again once its user has paid. */
const accountCodes = /billing|payment|(^|_)credits?(_|$)|quota/;

/**
 * Words for a place: blocks by country or network hit everybody alike. OpenAI's token endpoint says
 * `unsupported_country_region_territory` (https://github.com/openai/codex/issues/10466).
 */
const placeCodes =
  /country|region(?!al)|territor|location|(^|_)geo|(^|_)ip(_|$)|network|firewall|proxy|vpn|(^|_)waf|captcha/;
const placeWords = /\b(country|region|territory|location)\b/i;

/** Words for a person, an organization or what they have been given. */
const grantCodes =
  /token|session|grant|account|user|log_?in|sign|consent|org|workspace|tenant|project|member|policy|mfa|interaction|auth|password|suspend|disabled|deactivat|revoked|expired|banned/;

const addressStatuses: ReadonlySet<number> = new Set([404, 405, 406, 411, 413, 414, 415, 421, 426, 431]);
const passingStatuses: ReadonlySet<number> = new Set([408, 423, 425]);

/**
 * Reads what a refusal of a refresh speaks of. No list of codes is complete, so a code that nobody knows counts as a
 * refusal of the grant, unless the status is one that gateways and firewalls use too: then the code itself has to name
 * the grant or whoever gave it.
 */
export function subjectOf({ status, code: rawCode, description }: Refusal): RefusalSubject {
  const code = rawCode.toLowerCase().replace(/[^a-z0-9]+/g, "_");
  if (clientCodes.has(code)) return "client";
  if (paceCodes.test(code)) return "pace";
  if (passingStatuses.has(status) || passingCodes.test(code)) return "moment";
  const isVague = status === 403 || code === "failed_precondition";
  if (status === 451 || placeCodes.test(code) || (isVague && placeWords.test(description ?? ""))) return "block";
  if (status === 402 || accountCodes.test(code)) return "account";
  if (grantCodes.test(code)) return "grant";
  if (addressStatuses.has(status)) return "address";
  return status === 403 ? "block" : "grant";
}

/** A word in letters of one case, or in camel case, perhaps with a number: nothing that is random has this form. */
const word = "(?:[a-z]+|[A-Z]+|[A-Z]?[a-z]+(?:[A-Z][a-z]+)+|[A-Z][a-z]+)\\d{0,8}";
const codeForm = new RegExp(`^${word}(?:[_.:-]${word})*$`);
const maxCodeLength = 60;

/**
 * A provider's error code, for people and logs. Null for anything that does not look like one: providers put sentences
 * there, and one that echoes what it was sent would put a token there.
 */
export function showableCode(code: string): string | null {
  return code.length <= maxCodeLength && codeForm.test(code) ? code : null;
}
