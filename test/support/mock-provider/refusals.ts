import type { Answer } from "./answer.ts";
import { anthropicError } from "./anthropic.ts";
import { googleError, googleReason } from "./google.ts";
import { openaiError } from "./openai.ts";

/**
 * What the vendors say to a good credential that is blocked, restricted, unpaid, of a disabled account or without a
 * scope, and to one that has ended. Each was documented or seen at the address beside it.
 */
export const refusals = {
  anthropic: {
    // https://github.com/anthropics/claude-code/issues/1613: from regions and networks that are not supported.
    region: { status: 403, body: { error: { type: "forbidden", message: "Request not allowed" } } },
    // https://platform.claude.com/docs/en/manage-claude/ip-allowlist
    ipAllowlist: anthropicError(403, "Your IP address isn't in this organization's allowed range."),
    // https://github.com/anthropics/claude-code/issues/6131: for hours, to good sign-ins.
    noSignIns: anthropicError(401, "OAuth authentication is currently not supported."),
    // https://platform.claude.com/docs/en/api/errors
    permission: anthropicError(403, "Your API key does not have permission to use the specified resource."),
    // https://github.com/anthropics/claude-code/issues/72457
    organizationDisabled: anthropicError(400, "This organization has been disabled."),
    // https://github.com/anthropics/claude-code/issues/65714 has it with 403, /6752 with 401.
    signInsNotAllowed: anthropicError(403, "OAuth authentication is currently not allowed for this organization."),
    // https://portkey.ai/error-library/account-billing-error-10155
    noCredit: anthropicError(
      400,
      "Your credit balance is too low to access the Claude API. Please go to Plans & Billing to upgrade or purchase credits.",
    ),
    // https://www.developersdigest.tech/errors/api/anthropic-api/400-spend-limit-reached
    spendLimit: anthropicError(
      400,
      "You have reached your specified API usage limits. You will regain access on 2026-12-01.",
    ),
    // https://platform.claude.com/docs/en/api/errors
    billing: anthropicError(402, "There's an issue with your billing or payment information."),
    // https://github.com/can1357/oh-my-pi/issues/38
    scope: anthropicError(
      403,
      "OAuth token does not meet scope requirement any_of(user:inference, user:ccr_inference, user:voice)",
    ),
    // https://github.com/anthropics/claude-code/issues/9635
    revoked: anthropicError(403, "OAuth token has been revoked. Please obtain a new token."),
    // https://github.com/anthropics/claude-code/issues/12879
    expired: anthropicError(401, "OAuth token has expired. Please obtain a new token or refresh your existing token."),
  },
  openai: {
    // https://github.com/openai/codex/issues/14215
    region: openaiError(
      403,
      "Country, region, or territory not supported",
      "request_forbidden",
      "unsupported_country_region_territory",
    ),
    // https://developers.openai.com/api/docs/guides/error-codes; the code as public clients know it.
    ipAllowlist: openaiError(
      401,
      "Your IP is not authorized to access this resource.",
      "invalid_request_error",
      "ip_not_authorized",
    ),
    // https://github.com/microsoft/PowerToys/issues/32989: with 401; with 403 elsewhere. The code is null.
    modelsNotListed: openaiError(
      403,
      "You have insufficient permissions for this operation. Missing scopes: api.model.read. Check that you have the correct role in your organization (Reader, Writer, Owner) and project (Member, Owner), and if you're using a restricted API key, that it has the necessary scopes.",
      "invalid_request_error",
      null,
    ),
    // https://github.com/openclaw/openclaw/issues/47372
    modelsNotCalled: openaiError(
      401,
      "You have insufficient permissions for this operation. Missing scopes: model.request.",
      "invalid_request_error",
      null,
    ),
    // https://github.com/nat/openplayground/issues/143
    deactivated: openaiError(
      401,
      "The OpenAI account associated with this API key has been deactivated. If you are the developer for this OpenAI app, please check your email for more information.",
      "invalid_request_error",
      "account_deactivated",
    ),
    // https://developers.openai.com/api/docs/guides/error-codes
    noOrganization: openaiError(
      401,
      "You must be a member of an organization to use the API. Please contact us through our help center at help.openai.com.",
      "invalid_request_error",
      null,
    ),
    // https://github.com/lifan0127/ai-research-assistant/issues/174
    billingNotActive: openaiError(
      429,
      "Your account is not active, please check your billing details on our website.",
      "billing_not_active",
      "billing_not_active",
    ),
    // https://developers.openai.com/api/docs/guides/error-codes
    noQuota: openaiError(
      429,
      "You exceeded your current quota, please check your plan and billing details.",
      "insufficient_quota",
      "insufficient_quota",
    ),
    // https://developers.openai.com/api/docs/guides/error-codes
    noCredit: openaiError(429, "Your credit balance is exhausted.", "insufficient_quota", "credit_balance_exhausted"),
    // https://github.com/openai/codex/issues/13118: the sign-in's own API has it below `detail`.
    revoked: {
      status: 401,
      body: {
        detail: {
          message: "Encountered invalidated oauth token for user.",
          type: "invalid_request_error",
          param: null,
          code: "token_revoked",
        },
      },
    },
  },
  google: {
    // https://github.com/google-gemini/gemini-cli/issues/24641
    region: {
      status: 400,
      body: {
        error: { code: 400, message: "User location is not supported for the API use.", status: "FAILED_PRECONDITION" },
      },
    },
    // https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto, as all reasons below.
    ipAddressBlocked: googleReason(
      403,
      "API_KEY_IP_ADDRESS_BLOCKED",
      "The provided API key has an IP address restriction.",
    ),
    referrerBlocked: googleReason(403, "API_KEY_HTTP_REFERRER_BLOCKED", "Requests from referer <empty> are blocked."),
    // https://github.com/continuedev/continue/issues/12781
    serviceBlocked: googleReason(
      403,
      "API_KEY_SERVICE_BLOCKED",
      "Requests to this API generativelanguage.googleapis.com method google.ai.generativelanguage.v1beta.ModelService.ListModels are blocked.",
    ),
    suspended: googleReason(
      403,
      "CONSUMER_SUSPENDED",
      "Permission denied: Consumer 'projects/123' has been suspended.",
    ),
    // https://github.com/poenl/gemini-api/issues/8: without a reason.
    projectDenied: googleError(403, "Your project has been denied access. Please contact support."),
    // https://github.com/continuedev/continue/issues/11541: without a reason.
    leaked: googleError(403, "Your API key was reported as leaked. Please use another API key."),
    serviceDisabled: googleReason(
      403,
      "SERVICE_DISABLED",
      "Generative Language API has not been used in project 123 before or it is disabled.",
    ),
    billingDisabled: googleReason(403, "BILLING_DISABLED", "This API method requires billing to be enabled."),
    // https://github.com/googleapis/js-genai/issues/569
    scope: googleReason(403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "Request had insufficient authentication scopes."),
    expired: googleReason(401, "ACCESS_TOKEN_EXPIRED", "Request had invalid authentication credentials."),
    // https://github.com/NousResearch/hermes-agent/pull/68285: to a standard key (AIza…), and to some good AQ. keys.
    endedKind: googleReason(
      401,
      "ACCESS_TOKEN_TYPE_UNSUPPORTED",
      "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
    ),
    // https://github.com/google-gemini/gemini-cli/issues/25607
    noPermission: googleError(403, "The caller does not have permission"),
  },
} as const satisfies Record<string, Readonly<Record<string, Answer>>>;

/** A fault that is exactly this answer. */
export function answering({ status, body }: Answer): {
  readonly kind: "status";
  readonly status: number;
  readonly body: unknown;
} {
  return { kind: "status", status, body };
}
