import type { Answer } from "../mock-provider/answer.ts";
import type { FamilyTokens } from "./token-families.ts";

const texts = {
  invalid_client: "Client not found",
  invalid_grant: "Refresh token not found or invalid",
  invalid_request: "refresh_token: Field required",
  unsupported_grant_type: "Unsupported grant type",
};

/** What Anthropic answers to a refresh (RFC 6749, section 5.1), with the account beside the tokens. */
export function tokenAnswer({ user, accessToken, refreshToken, expiresIn }: FamilyTokens): Answer {
  const body = {
    token_type: "Bearer",
    access_token: accessToken,
    expires_in: expiresIn,
    refresh_token: refreshToken,
    scope: "org:create_api_key user:profile user:inference",
    account: { uuid: `account-of-${user}`, email_address: `${user}@example.test` },
    organization: { uuid: "organization-1", name: "Example" },
  };
  return { status: 200, headers: { "cache-control": "no-store" }, body };
}

/** RFC 6749, section 5.2. */
export function refusal(status: 400 | 401, error: keyof typeof texts): Answer {
  return { status, body: { error, error_description: texts[error] } };
}
