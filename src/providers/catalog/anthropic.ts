import { type ProviderAnswers, unseen } from "../answer-rules.ts";
import { defineProvider } from "../provider.ts";

const errors = "https://platform.claude.com/docs/en/api/errors";
const seen = "https://github.com/anthropics/claude-code/issues";

const answers: ProviderAnswers = {
  asOf: "November 2026",
  rules: [
    {
      verdict: "valid",
      field: { name: "data", is: "list" },
      source: "https://platform.claude.com/docs/en/api/models/list",
    },
    {
      verdict: "blocked",
      text: ["Your IP address isn't in this organization's allowed range"],
      what: "refuses calls from this server's address: the organization of {it} allows other addresses only",
      cure: "{It} was left as it is. An admin of the organization can add the address of this server to its IP allowlist.",
      source: "https://platform.claude.com/docs/en/manage-claude/ip-allowlist",
    },
    // Seen with good keys and sign-ins, from regions that are not supported and behind firewalls.
    { verdict: "blocked", codes: ["forbidden"], text: ["Request not allowed"], source: `${seen}/1613` },
    {
      verdict: "blocked",
      method: "api_key",
      text: ["x-api-key header is required"],
      ...unseen,
      source: errors,
    },
    {
      verdict: "blocked",
      text: ["OAuth authentication is currently not supported"],
      what: "does not take sign-ins for this call at present",
      cure: "{It} was left as it is. Use an API key, or try again later.",
      source: `${seen}/6131`,
    },
    {
      verdict: "disabled",
      text: ["OAuth authentication is currently not allowed for this organization"],
      what: "does not let the organization of {it} use sign-ins: its subscription has ended, or an admin has switched them off",
      cure: "Renew the subscription, ask an admin of the organization, or use an API key.",
      source: `${seen}/65714`,
    },
    {
      verdict: "disabled",
      text: ["organization has been disabled"],
      what: "has disabled the organization of {it}",
      cure: "Its owner can appeal to Anthropic. Until then use a key or sign-in of another organization.",
      source: `${seen}/72457`,
    },
    {
      verdict: "invalid",
      text: ["OAuth token has been revoked"],
      what: "has revoked {it}",
      cure: "Connect again.",
      source: `${seen}/9635`,
    },
    {
      verdict: "consent",
      text: ["does not meet scope requirement"],
      what: "accepts {it}, but it does not include the scope to call models (user:inference)",
      cure: "Connect again and allow it.",
      source: "https://github.com/can1357/oh-my-pi/issues/38",
    },
    {
      verdict: "unpaid",
      text: [
        "credit balance is too low",
        "reached your specified API usage",
        "reached your specified workspace API usage",
      ],
      what: "accepts {it}, but its organization has no credit left or has reached its spend limit",
      cure: "Calls will fail until its owner adds credit or raises the limit in the Claude Console.",
      source: errors,
    },
    {
      verdict: "unpaid",
      codes: ["billing_error"],
      what: "accepts {it}, but has a problem with the payment of its organization",
      cure: "Calls will fail until its owner has checked the payment details in the Claude Console.",
      source: errors,
    },
    { verdict: "limited", codes: ["permission_error"], source: errors },
    { verdict: "invalid", codes: ["authentication_error"], source: errors },
    { verdict: "busy", codes: ["rate_limit_error"], source: errors },
    { verdict: "overloaded", status: 529, codes: ["overloaded_error"], source: errors },
  ],
};

interface Profile {
  readonly uuid?: string;
  readonly email_address?: string;
  readonly name?: string;
}

/** https://docs.claude.com/en/api/overview and /en/api/errors, November 2026. */
export const provider = defineProvider({
  name: "anthropic",
  displayName: "Anthropic (Claude)",
  documentationUrl: "https://docs.claude.com/en/api/overview",
  baseUrl: "https://api.anthropic.com",
  answers,
  apiKey: {
    headers: (key) => ({ "x-api-key": key, "anthropic-version": "2023-06-01" }),
    probe: "/v1/models?limit=1",
  },
  oauth: {
    policy: {
      standing: "prohibited",
      note: "Apps other than Anthropic's own need its approval; this works only with a client that Anthropic approved for you.",
      url: "https://code.claude.com/docs/en/legal-and-compliance",
      asOf: "November 2026",
    },
    flows: ["paste", "loopback"],
    authorizationUrl: "https://claude.ai/oauth/authorize",
    tokenUrl: "https://platform.claude.com/v1/oauth/token",
    revocationUrl: "https://platform.claude.com/v1/oauth/revoke",
    pasteRedirectUri: "https://platform.claude.com/oauth/code/callback",
    scopes: ["org:create_api_key", "user:profile", "user:inference"],
    apiScopes: ["user:inference"],
    // The page then shows `code#state` to copy.
    authorizationParameters: { code: "true" },
    clientAuthentication: "none",
    bodyEncoding: { exchange: "json", refresh: "json", revoke: "json" },
    stateInExchange: true,
    refreshToken: { rotates: true },
    headers: (accessToken) => ({
      authorization: `Bearer ${accessToken}`,
      "anthropic-version": "2023-06-01",
      "anthropic-beta": "oauth-2025-04-20",
    }),
    check: { probe: "/v1/models?limit=1" },
    account: ({ body }) => {
      const [account, organization] = [body["account"], body["organization"]] as (Profile | undefined)[];
      return {
        id: account?.uuid ?? null,
        email: account?.email_address ?? null,
        organization: organization?.name ?? null,
      };
    },
  },
});
