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
    // Codex CLI's own flow. OpenAI's pages on "Sign in with ChatGPT" do not describe it, and discovery does not name it,
    // so its address stands here or in OPENAI_OAUTH_DEVICE_URL. It stays because it is the one way to sign in without a
    // browser on the same machine; `policy.note` says whose flow it is. Its answers are those that Codex CLI
    // (github.com/openai/codex, codex-rs/login/src/device_code_auth.rs) and its re-implementations know: 403 or 404, with
    // no body or with one of these codes.
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
