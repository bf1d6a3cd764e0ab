/** The operator's client at every strict provider; it has no secret. */
export const clientId = "the-operators-client";

/** The operator's variables for a provider that is to use the strict provider at this address. */
export function operatorEnvironment(baseUrl: string, provider: string): Record<string, string> {
  const prefix = provider.toUpperCase().replaceAll("-", "_");
  return {
    [`${prefix}_API_BASE_URL`]: baseUrl,
    [`${prefix}_OAUTH_CLIENT_ID`]: clientId,
    [`${prefix}_OAUTH_ISSUER`]: baseUrl,
    [`${prefix}_OAUTH_AUTHORIZATION_URL`]: `${baseUrl}/oauth/authorize`,
    [`${prefix}_OAUTH_TOKEN_URL`]: `${baseUrl}/v1/oauth/token`,
    [`${prefix}_OAUTH_REVOCATION_URL`]: `${baseUrl}/v1/oauth/revoke`,
  };
}
