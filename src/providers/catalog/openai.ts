import { type ProviderAnswers, unseen } from "../answer-rules.ts";
import { defineProvider } from "../provider.ts";

const errors = "https://developers.openai.com/api/docs/guides/error-codes";

const answers: ProviderAnswers = {
  asOf: "November 2026",
  rules: [
    {
      verdict: "valid",
      field: { name: "data", is: "list" },
      source: "https://developers.openai.com/api/reference/resources/models/methods/list",
    },
    {
      verdict: "valid",
      method: "oauth",
      field: { name: "models", is: "list" },
      source: "https://developers.openai.com/siwc/token-sharing-open-source/models-and-inference",
    },
    {
      verdict: "blocked",
      codes: ["ip_not_authorized"],
      text: ["IP not authorized", "IP is not authorized"],
      what: "refuses calls from this server's address: the project or organization of {it} allows other addresses only",
      cure: "{It} was left as it is. An owner can add the address of this server to the IP allowlist.",
      source: errors,
    },
    {
      verdict: "blocked",
      codes: ["unsupported_country_region_territory"],
      text: ["Country, region, or territory not supported"],
      source: errors,
    },
    { verdict: "blocked", text: ["You didn't provide an API key"], ...unseen, source: errors },
    {
      verdict: "disabled",
      codes: ["account_deactivated"],
      text: ["account has been deactivated", "associated with a deactivated account"],
      what: "has deactivated the account of {it}",
      cure: "Its owner finds the reason in an e-mail from OpenAI. Until then use another account.",
      source: "https://github.com/nat/openplayground/issues/143",
    },
    {
      verdict: "disabled",
      text: ["must be a member of an organization"],
      what: "says that the account of {it} belongs to no organization any more",
      cure: "Ask an owner of the organization or project for an invitation, or use a key of another one.",
      source: errors,
    },
    {
      verdict: "unpaid",
      codes: ["billing_not_active"],
      what: "accepts {it}, but billing is not active for its account",
      cure: "Calls will fail until its owner has checked the billing details at OpenAI.",
      source: "https://github.com/lifan0127/ai-research-assistant/issues/174",
    },
    {
      verdict: "unpaid",
      codes: [
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
      ],
      what: "accepts {it}, but its account has used up its credit or has reached a limit",
      cure: "Calls will fail until its owner adds credit or raises the limit at OpenAI.",
      source: errors,
    },
    // It is for the list of models only, so it says nothing of the calls that matter.
    {
      verdict: "limited",
      text: ["Missing scopes: api.model.read"],
      what: "accepts {it}, but its permissions do not include the list of models, so it could not be fully checked",
      cure: "It may still call the models that it was made for.",
      source: "https://github.com/microsoft/PowerToys/issues/32989",
    },
    {
      verdict: "consent",
      method: "oauth",
      codes: ["missing_scope", "insufficient_scope"],
      text: ["Missing scopes"],
      what: "accepts {it}, but you did not allow it to call models on your plan (chatgpt.tokens.use.direct)",
      cure: "Connect again and allow the use of your ChatGPT plan.",
      source: "https://github.com/openclaw/openclaw/issues/47372",
    },
    {
      verdict: "limited",
      method: "api_key",
      codes: ["missing_scope", "insufficient_permissions"],
      text: ["Missing scopes"],
      what: "accepts {it}, but its permissions do not cover the check, so it could not be fully checked",
      cure: "If calls fail, add the missing permissions to it at OpenAI, or make a key with all permissions.",
      source: "https://github.com/continuedev/continue/issues/10059",
    },
    {
      verdict: "invalid",
      codes: ["invalid_api_key"],
      text: ["Incorrect API key provided", "Invalid Authentication"],
      source: errors,
    },
    {
      verdict: "invalid",
      method: "oauth",
      codes: ["token_expired", "token_revoked", "token_invalidated"],
      source: "https://github.com/openai/codex/issues/13118",
    },
    { verdict: "busy", codes: ["rate_limit_exceeded", "slow_down"], source: errors },
  ],
};

const text = (value: unknown) => (typeof value === "string" ? value : null);

/** https://platform.openai.com/docs/api-reference/authentication and /docs/guides/error-codes, November 2026. */
export const provider = defineProvider({
  name: "openai",
  displayName: "OpenAI (ChatGPT)",
  documentationUrl: "https://platform.openai.com/docs/api-reference/authentication",
  baseUrl: "https://api.openai.com",
  answers,
  apiKey: { probe: "/v1/models", headers: (key) => ({ authorization: `Bearer ${key}` }) },
  oauth: {
    policy: {
      standing: "operator_only",
      note: "Open-source and self-hosted apps register a client themselves; hosted apps apply to OpenAI first. DEVICE is Codex CLI's own flow, which OpenAI does not document for other apps.",
      url: "https://developers.openai.com/siwc/token-sharing-open-source",
      asOf: "November 2026",
    },
    // The redirect URI is literally `http://127.0.0.1:<any port>/auth/callback`.
    flows: ["loopback", "device"],
    issuer: "https://auth.openai.com",
    discovery: true,
    authorizationUrl: "https://auth.openai.com/api/accounts/authorize",
    tokenUrl: "https://auth.openai.com/api/accounts/oauth/token",
    deviceUrl: "https://auth.openai.com/api/accounts/deviceauth/usercode",
    // Codex CLI's own flow. OpenAI's pages on "Sign in with ChatGPT" do not describe it, and discovery does not name
    // it, so its address stands here or in OPENAI_OAUTH_DEVICE_URL. It stays because it is the one way to sign in
    // without a browser on the same machine; `policy.note` says whose flow it is. Its answers are those that Codex CLI
    // (github.com/openai/codex, codex-rs/login/src/device_code_auth.rs) and its re-implementations know: 403 or 404,
    // with no body or with one of these codes.
    device: {
      kind: "authorization_code",
      verificationPath: "/codex/device",
      redirectPath: "/deviceauth/callback",
      expiresIn: 900,
      errorCodes: {
        deviceauth_authorization_pending: "authorization_pending",
        // "Device authorization is unknown. Please try again.": said of codes that nobody has entered yet.
        deviceauth_authorization_unknown: "authorization_pending",
        deviceauth_slow_down: "slow_down",
        deviceauth_access_denied: "access_denied",
        deviceauth_denied: "access_denied",
        deviceauth_expired: "expired_token",
        deviceauth_expired_token: "expired_token",
      },
      pendingStatuses: [403, 404],
      // github.com/openai/codex/issues/34817 and /9418.
      switchedOn:
        "In ChatGPT, turn on device code authorization for Codex under Settings, Security; in a workspace, its admin has to allow it.",
    },
    scopes: ["openid", "profile", "email", "offline_access", "resource.invoke", "chatgpt.tokens.use.direct"],
    // https://developers.openai.com/siwc/token-sharing-open-source/errors-and-recovery
    apiScopes: ["chatgpt.tokens.use.direct"],
    resource: "https://api.openai.com/v1",
    clientAuthentication: "none",
    refreshToken: { rotates: true },
    terminalCodes: [
      "invalid_refresh_token",
      "token_expired",
      "refresh_token_expired",
      "refresh_token_invalidated",
      "refresh_token_reused",
    ],
    check: { probe: "/v1/models" },
    account: ({ claims }) => {
      const details = claims["https://api.openai.com/auth"] as Record<string, unknown> | undefined;
      return {
        id: text(details?.["chatgpt_account_id"]) ?? text(claims["sub"]),
        email: text(claims["email"]),
        plan: text(details?.["chatgpt_plan_type"]),
      };
    },
  },
});
