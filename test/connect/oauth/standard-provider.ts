import { defineProvider } from "../../../src/providers/provider.ts";
import { setOAuthStage, type OAuthStage, type OAuthStageOptions } from "./oauth-stage.ts";

/** A vendor that keeps to RFC 8628. */
export const standard = defineProvider({
  name: "standard",
  displayName: "Standard",
  documentationUrl: "https://standard.example",
  baseUrl: "https://api.standard.example",
  oauth: {
    policy: { standing: "supported", note: "It is made up.", url: null, asOf: "November 2026" },
    flows: ["device"],
    issuer: "https://standard.example",
    discovery: true,
    device: { kind: "rfc8628" },
    scopes: ["openid", "email"],
    clientAuthentication: "none",
    refreshToken: { rotates: true },
  },
});

export const setStandardStage = (options: OAuthStageOptions = {}): Promise<OAuthStage> =>
  setOAuthStage("google", { provider: "standard", catalog: [standard], ...options });

/** The interval is the provider's wish, and as long as a test should not last. */
export async function pollNow({ database }: OAuthStage): Promise<void> {
  await database.em().execute("update oauth_flows set next_poll_at = now() where status = 'pending'");
}
