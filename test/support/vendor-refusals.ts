import type { RefusalSubject } from "../../src/providers/oauth/refresh-refusal.ts";

/** A refusal of a refresh, as a vendor's token endpoint or what stands before it has been seen to give it. */
export interface VendorRefusal {
  readonly name: string;
  readonly status: number;
  readonly body: object;
  /** What it speaks of. */
  readonly subject: RefusalSubject;
  /** The vendor's code that people are shown. */
  readonly code: string | null;
}

const openai = (status: number, code: string | null, type = "invalid_request_error") => ({
  status,
  body: { error: { message: "Your session has ended. Please log in again.", type, param: null, code } },
  code: code ?? type,
});

const anthropic = (status: number, type: string, message: string) => ({
  status,
  body: { type: "error", error: { type, message }, request_id: "req_011CZ" },
  code: type,
});

const standard = (status: number, error: string, description?: string) => ({
  status,
  body: { error, ...(description === undefined ? {} : { error_description: description }) },
  code: error,
});

/**
 * Answers of the vendors' token endpoints. Sources: OpenAI: https://github.com/openai/codex/issues/10617 and
 * https://github.com/decolua/9router/pull/1821 (401 with a code in an object),
 * https://github.com/openai/codex/issues/10466 (403 by country). Anthropic: https://docs.claude.com/en/api/errors (the
 * object and its types), https://github.com/ex-machina-co/opencode-anthropic-auth/issues/162 (the form of RFC 6749 on
 * the same endpoint). Google: https://developers.google.com/identity/protocols/oauth2/web-server#authorization-errors.
 * Microsoft: https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes and MSAL's
 * InteractionRequiredAuthErrorCodes. Else RFC 6749, section 5.2, and RFC 8707, section 2.
 */
export const vendorRefusals: readonly VendorRefusal[] = [
  { name: "OpenAI: the session of the app has expired", ...openai(400, "app_session_expired"), subject: "grant" },
  { name: "OpenAI: the session was ended", ...openai(401, "app_session_terminated"), subject: "grant" },
  { name: "OpenAI: the account was closed", ...openai(403, "account_deactivated"), subject: "grant" },
  {
    name: "OpenAI: a country",
    ...openai(403, "unsupported_country_region_territory", "request_forbidden"),
    subject: "block",
  },
  { name: "OpenAI: nothing was paid", ...openai(400, "billing_not_active"), subject: "account" },
  { name: "OpenAI: too many requests, with 400", ...openai(400, "rate_limit_exceeded"), subject: "pace" },
  {
    name: "Anthropic: the organization was disabled",
    ...anthropic(400, "invalid_request_error", "This organization has been disabled."),
    subject: "grant",
  },
  {
    name: "Anthropic: authentication",
    ...anthropic(401, "authentication_error", "OAuth authentication is not supported for this account."),
    subject: "grant",
  },
  { name: "Anthropic: a place", ...anthropic(403, "forbidden", "Request not allowed"), subject: "block" },
  { name: "Anthropic: permission", ...anthropic(403, "permission_error", "Not permitted."), subject: "block" },
  {
    name: "Anthropic: billing",
    ...anthropic(402, "billing_error", "Your credit balance is too low."),
    subject: "account",
  },
  { name: "Anthropic: an address", ...anthropic(404, "not_found_error", "Not Found"), subject: "address" },
  { name: "Anthropic: overloaded, with 400", ...anthropic(400, "overloaded_error", "Overloaded"), subject: "moment" },
  { name: "Google: the client is for the organization", ...standard(403, "org_internal"), subject: "grant" },
  { name: "Google: the administrator's policy", ...standard(400, "admin_policy_enforced"), subject: "grant" },
  { name: "Google: the client was deleted", ...standard(401, "deleted_client"), subject: "client" },
  {
    name: "Google: a place",
    status: 400,
    body: {
      error: { code: 400, message: "User location is not supported for the API use.", status: "FAILED_PRECONDITION" },
    },
    code: "FAILED_PRECONDITION",
    subject: "block",
  },
  {
    name: "Google: a reason within details",
    status: 403,
    body: {
      error: {
        code: 403,
        message: "The account was suspended.",
        status: "PERMISSION_DENIED",
        details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "CONSUMER_SUSPENDED" }],
      },
    },
    code: "CONSUMER_SUSPENDED",
    subject: "grant",
  },
  {
    name: "Microsoft: a second factor",
    status: 400,
    body: {
      error: "interaction_required",
      error_description: "AADSTS50076: Due to a configuration change made by your administrator, you must use MFA.",
      error_codes: [50076],
      suberror: "basic_action",
    },
    code: "interaction_required",
    subject: "grant",
  },
  { name: "Microsoft: consent", ...standard(400, "consent_required"), subject: "grant" },
  { name: "Microsoft: busy", ...standard(400, "temporarily_unavailable"), subject: "moment" },
  { name: "RFC 6749: the request", ...standard(400, "invalid_request"), subject: "grant" },
  { name: "RFC 6749: a scope", ...standard(400, "invalid_scope"), subject: "grant" },
  { name: "RFC 8707: a target", ...standard(400, "invalid_target"), subject: "grant" },
  { name: "RFC 6749: access denied", ...standard(400, "access_denied"), subject: "grant" },
  { name: "RFC 6749: the client", ...standard(401, "invalid_client"), subject: "client" },
  { name: "RFC 6749: another client's token", ...standard(400, "unauthorized_client"), subject: "client" },
  { name: "a gateway's 404 that names the session", ...standard(404, "session_not_found"), subject: "grant" },
  { name: "a gateway's 405", ...standard(405, "method_not_allowed"), subject: "address" },
  { name: "a firewall's JSON", ...standard(403, "Access denied"), code: null, subject: "block" },
  { name: "legal reasons", ...standard(451, "unavailable_for_legal_reasons"), subject: "block" },
  {
    name: "a sentence in place of a code",
    ...standard(400, "This organization has been disabled."),
    code: null,
    subject: "grant",
  },
];

/** Those that speak of something. */
export function refusalsOf(...subjects: readonly RefusalSubject[]): readonly VendorRefusal[] {
  return vendorRefusals.filter(({ subject }) => subjects.includes(subject));
}
