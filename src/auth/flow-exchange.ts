import { Secret } from "../credentials/secret.ts";
import { InvalidCredentialError, OAuthDeniedError, ProviderUnavailableError } from "../errors.ts";
import type { ProviderCredentials } from "../providers/provider-auth.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { OAuthFlow } from "./oauth-flow.ts";
import type { OAuthFlowStore } from "./oauth-flow-store.ts";
import type { AuthorizationResponse } from "./pasted-code.ts";

/**
 * Makes credentials of what a provider sent back to the redirect URI (RFC 6749, section 4.1.2).
 * @throws OAuthDeniedError, InvalidCredentialError, ProviderUnavailableError
 */
export async function exchangeCode(
  flow: OAuthFlow,
  { code, error, issuer, state }: AuthorizationResponse,
  { registry, flows }: { readonly registry: ProviderRegistry; readonly flows: OAuthFlowStore },
): Promise<ProviderCredentials> {
  if (error === "access_denied") throw new OAuthDeniedError();
  const provider = registry.get(flow.provider);
  if (error === "server_error" || error === "temporarily_unavailable") {
    throw new ProviderUnavailableError(
      `${provider.displayName} could not complete the request. Start a new flow later.`,
    );
  }
  // A code beside an error is no answer that RFC 6749 knows.
  if (error !== null || code === null || flow.redirectUri == null) {
    throw new InvalidCredentialError(`${provider.displayName} refused the request. Tell the operator of this server.`);
  }
  const { codeVerifier, nonce } = await flows.openSecrets(flow);
  return provider.exchangeOAuthCode({
    code: new Secret(code),
    state,
    issuer,
    redirectUri: flow.redirectUri,
    codeVerifier,
    nonce,
  });
}
