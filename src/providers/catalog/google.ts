import { type ProviderAnswers, unseen } from "../answer-rules.ts";
import { defineProvider } from "../provider.ts";

const errors = "https://ai.google.dev/gemini-api/docs/troubleshooting";
const keys = "https://ai.google.dev/gemini-api/docs/api-key";
const reasons = "https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto";
const statuses = "https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto";

const answers: ProviderAnswers = {
  asOf: "November 2026",
  rules: [
    { verdict: "valid", field: { name: "models", is: "list" }, source: "https://ai.google.dev/api/models" },
    {
      verdict: "blocked",
      codes: ["FAILED_PRECONDITION"],
      text: ["User location is not supported"],
      what: "does not offer the API, or not without payment, in the region that this server calls from",
      cure: "{It} was left as it is. Enable billing for its project in Google AI Studio; the operator can run this server in a supported region.",
      source: errors,
    },
    {
      verdict: "blocked",
      codes: [
        "API_KEY_IP_ADDRESS_BLOCKED",
        "API_KEY_HTTP_REFERRER_BLOCKED",
        "API_KEY_ANDROID_APP_BLOCKED",
        "API_KEY_IOS_APP_BLOCKED",
      ],
      what: "refuses calls from this server, because the application restrictions of {it} allow other places only",
      cure: "{It} was left as it is. Add the address of this server to its restrictions in the Google Cloud console, or make a key for servers.",
      source: reasons,
    },
    {
      verdict: "blocked",
      codes: ["CREDENTIALS_MISSING"],
      text: ["unregistered callers"],
      ...unseen,
      source: reasons,
    },
    {
      verdict: "blocked",
      codes: [
        "SECURITY_POLICY_VIOLATED",
        "LOCATION_POLICY_VIOLATED",
        "LOCATION_TAX_POLICY_VIOLATED",
        "ORG_RESTRICTION_VIOLATION",
      ],
      what: "refuses calls from this server, because a policy of the organization of {it} allows other places only",
      cure: "{It} was left as it is. An admin of the organization can allow the address of this server.",
      source: reasons,
    },
    {
      verdict: "disabled",
      text: ["has been suspended", "project has been denied access", "has been disabled in this account"],
      codes: ["CONSUMER_SUSPENDED", "ACCOUNT_STATE_INVALID", "USER_BLOCKED_BY_ADMIN", "GCP_SUSPENDED"],
      what: "has suspended the project or the account of {it}",
      cure: "Its owner can ask Google why, in the Google Cloud console. Until then use another project.",
      source: reasons,
    },
    {
      verdict: "invalid",
      text: ["API key was reported as leaked"],
      what: "has blocked {it}, because it was found in a public place",
      cure: "Make a new key in Google AI Studio and delete this one.",
      source: errors,
    },
    {
      verdict: "consent",
      method: "oauth",
      codes: ["ACCESS_TOKEN_SCOPE_INSUFFICIENT"],
      what: "accepts {it}, but you did not allow it to call the Gemini API (scope cloud-platform)",
      cure: "Connect again, and leave the boxes for Google Cloud and Generative Language ticked.",
      source: reasons,
    },
    {
      verdict: "unpaid",
      codes: ["SERVICE_DISABLED"],
      what: "accepts {it}, but the Gemini API is not enabled in its project",
      cure: "Calls will fail until somebody enables the Generative Language API there.",
      source: reasons,
    },
    {
      verdict: "unpaid",
      codes: ["BILLING_DISABLED", "USER_PROJECT_DENIED", "CONSUMER_INVALID", "RESOURCE_PROJECT_INVALID"],
      what: "accepts {it}, but the project that is to pay has no billing or may not be used",
      cure: "Calls will fail until its owner has checked the project and its billing in the Google Cloud console.",
      source: reasons,
    },
    {
      verdict: "limited",
      codes: ["API_KEY_SERVICE_BLOCKED", "IAM_PERMISSION_DENIED"],
      what: "accepts {it}, but its restrictions do not include the list of models, so it could not be fully checked",
      cure: "If calls fail, add the Generative Language API to its API restrictions in the Google Cloud console.",
      source: reasons,
    },
    // Only a project that Google knows has a quota.
    { verdict: "valid", status: 429, codes: ["RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED"], source: errors },
    // The exact answer to an ended key is not documented: these were seen.
    {
      verdict: "invalid",
      method: "api_key",
      prefix: "AIza",
      codes: ["API_KEY_INVALID", "ACCESS_TOKEN_TYPE_UNSUPPORTED", "UNAUTHENTICATED", "PERMISSION_DENIED"],
      what: "has ended the kind of key that begins with AIza, and did not accept this one",
      cure: "Make a new key at https://aistudio.google.com/apikey: it begins with AQ.",
      source: keys,
    },
    { verdict: "invalid", codes: ["API_KEY_INVALID"], source: errors },
    // Seen with good AQ. keys.
    {
      verdict: "blocked",
      method: "api_key",
      codes: ["ACCESS_TOKEN_TYPE_UNSUPPORTED"],
      what: "does not take {it} for this call",
      cure: "{It} was left as it is. Look at it in Google AI Studio: it has to be bound to a service account that may use the Gemini API.",
      source: "https://discuss.ai.google.dev/t/174585",
    },
    {
      verdict: "invalid",
      method: "oauth",
      codes: ["ACCESS_TOKEN_EXPIRED", "ACCESS_TOKEN_TYPE_UNSUPPORTED", "SESSION_COOKIE_INVALID"],
      source: reasons,
    },
    { verdict: "invalid", codes: ["UNAUTHENTICATED"], source: statuses },
    // Not used where the caller is unknown, says its definition.
    { verdict: "limited", codes: ["PERMISSION_DENIED"], source: statuses },
  ],
};

const text = (value: unknown) => (typeof value === "string" ? value : null);

/** https://ai.google.dev/gemini-api/docs/api-key, /docs/oauth and /docs/troubleshooting, November 2026. */
export const provider = defineProvider({
  name: "google",
  displayName: "Google (Gemini)",
  documentationUrl: "https://ai.google.dev/gemini-api/docs/api-key",
  baseUrl: "https://generativelanguage.googleapis.com",
  answers,
  apiKey: {
    headers: (key) => ({ "x-goog-api-key": key }),
    probe: "/v1beta/models?pageSize=1",
    variables: ["GEMINI_API_KEY"],
  },
  oauth: {
    policy: {
      standing: "supported",
      note: "With a client that you registered in the Google Cloud console. While its consent screen is in testing, sign-ins end after seven days.",
      url: "https://ai.google.dev/gemini-api/docs/oauth",
      asOf: "November 2026",
    },
    flows: ["redirect", "loopback"],
    issuer: "https://accounts.google.com",
    discovery: true,
    authorizationUrl: "https://accounts.google.com/o/oauth2/v2/auth",
    tokenUrl: "https://oauth2.googleapis.com/token",
    revocationUrl: "https://oauth2.googleapis.com/revoke",
    scopes: [
      "openid",
      "https://www.googleapis.com/auth/cloud-platform",
      "https://www.googleapis.com/auth/generative-language.retriever",
      "https://www.googleapis.com/auth/userinfo.email",
      "https://www.googleapis.com/auth/userinfo.profile",
    ],
    // https://ai.google.dev/gemini-api/docs/oauth; each has a box of its own on the consent page.
    apiScopes: [
      "https://www.googleapis.com/auth/cloud-platform",
      "https://www.googleapis.com/auth/generative-language.retriever",
    ],
    // Without consent a repeated sign-in brings no refresh token. It is never replaced afterwards.
    authorizationParameters: { access_type: "offline", prompt: "consent" },
    clientAuthentication: "secret",
    refreshToken: { rotates: false },
    check: { probe: "/v1beta/models?pageSize=1" },
    account: ({ claims }) => ({
      id: text(claims["sub"]),
      email: text(claims["email"]),
      organization: text(claims["hd"]),
    }),
  },
});
