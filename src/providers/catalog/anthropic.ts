import { defineProvider } from "../provider.ts";

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
