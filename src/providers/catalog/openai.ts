import { defineProvider } from "../provider.ts";
import type { ProbeDescription } from "../credential-probe.ts";

const models: ProbeDescription = {
  probe: "/v1/models",
  // A used-up quota is the account's trouble, not the key's. 403 speaks of the server's region, not of the key.
  verdict: (status, { codes }) => {
    if (status === 429 && codes.includes("insufficient_quota")) return "valid";
    return status === 403 ? "unavailable" : null;
  },
};

const text = (value: unknown) => (typeof value === "string" ? value : null);

/** https://platform.openai.com/docs/api-reference/authentication and /docs/guides/error-codes, November 2026. */
export const provider = defineProvider({
  name: "openai",
  displayName: "OpenAI (ChatGPT)",
  documentationUrl: "https://platform.openai.com/docs/api-reference/authentication",
  baseUrl: "https://api.openai.com",
  apiKey: { ...models, headers: (key) => ({ authorization: `Bearer ${key}` }) },
  oauth: {
    policy: {
      standing: "operator_only",
      note: "Open-source and self-hosted apps register a client themselves; hosted apps apply to OpenAI first.",
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
    device: {
      kind: "authorization_code",
      verificationPath: "/codex/device",
      redirectPath: "/deviceauth/callback",
      expiresIn: 900,
    },
    scopes: ["openid", "profile", "email", "offline_access", "resource.invoke", "chatgpt.tokens.use.direct"],
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
    check: models,
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
