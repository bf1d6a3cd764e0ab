import { defineProvider } from "../provider.ts";

const text = (value: unknown) => (typeof value === "string" ? value : null);

/** https://ai.google.dev/gemini-api/docs/api-key, /docs/oauth and /docs/troubleshooting, November 2026. */
export const provider = defineProvider({
  name: "google",
  displayName: "Google (Gemini)",
  documentationUrl: "https://ai.google.dev/gemini-api/docs/api-key",
  baseUrl: "https://generativelanguage.googleapis.com",
  apiKey: {
    headers: (key) => ({ "x-goog-api-key": key }),
    probe: "/v1beta/models?pageSize=1",
    // An invalid key is a 400. RESOURCE_EXHAUSTED is a quota, which only a key that Google knows can have.
    verdict: (status, { codes }) => {
      if (status === 400) return codes.includes("API_KEY_INVALID") ? "invalid" : "unavailable";
      return status === 429 && codes.includes("RESOURCE_EXHAUSTED") ? "valid" : null;
    },
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
    // Without consent a repeated sign-in brings no refresh token. It is never replaced afterwards.
    authorizationParameters: { access_type: "offline", prompt: "consent" },
    clientAuthentication: "secret",
    refreshToken: { rotates: false },
    // 403 speaks of the project that pays, not of the token.
    check: { probe: "/v1beta/models?pageSize=1", verdict: (status) => (status === 403 ? "valid" : null) },
    account: ({ claims }) => ({
      id: text(claims["sub"]),
      email: text(claims["email"]),
      organization: text(claims["hd"]),
    }),
  },
});
