import { setTimeout as delay } from "node:timers/promises";
import { InvalidCredentialError, OAuthDeniedError, ProviderUnavailableError } from "../../errors/auth-error.ts";
import { Secret } from "../../lib/secret.ts";
import { isConfigurationCode, refusedClient, toVendorCode } from "../../providers/oauth/failure.ts";
import type { ProviderAuth, ProviderCredentials } from "../../providers/provider-auth.ts";
import { settingName } from "../../providers/provider-settings.ts";
import type { ProviderRegistry } from "../../providers/registry.ts";
import type { AuthorizationResponse } from "./authorization-response.ts";
import type { OAuthFlowStore } from "./flow-store.ts";
import type { OAuthFlow } from "./flow.ts";

/** How long one request waits for a provider that has not taken the code yet, in milliseconds. */
const maxWaitMs = 5_000;
const maxAttempts = 3;
/** Seconds until a code is sent again where the provider does not say. */
const usualWait = 1;

/** The refusal that an authorization response tells of (RFC 6749, section 4.1.2.1). */
function refusalOf(error: string, { name, displayName }: ProviderAuth): Error {
  if (error === "access_denied") return new OAuthDeniedError();
  if (error === "server_error" || error === "temporarily_unavailable") {
    return new ProviderUnavailableError(`${displayName} could not complete the request. Start again later.`, {
      vendorCode: error,
    });
  }
  if (isConfigurationCode(error)) return refusedClient(displayName, [settingName(name, "OAUTH_CLIENT_ID")], error);
  return new InvalidCredentialError(
    `${displayName} refused the request. Start again. If it happens again, tell the operator of this server: its log has the reason.`,
    { vendorCode: toVendorCode(error) },
  );
}

/** Sends a code again, shortly after the provider has refused to process it. What may have arrived is sent once. */
async function sendCode<T>(send: () => Promise<T>): Promise<T> {
  const giveUpAt = Date.now() + maxWaitMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof ProviderUnavailableError && error.unprocessed) || attempt === maxAttempts) throw error;
      const waitMs = Math.max(error.retryAfter ?? usualWait, usualWait) * 1000;
      if (Date.now() + waitMs > giveUpAt) throw error;
      await delay(waitMs);
    }
  }
}

/**
 * Makes credentials of what a provider sent back to the redirect URI (RFC 6749, section 4.1.2).
 * @throws OAuthDeniedError, InvalidCredentialError, ProviderUnavailableError; where that is `unprocessed`, the code was
 * not used.
 */
export async function exchangeCode(
  flow: OAuthFlow,
  { code, error, issuer, state }: AuthorizationResponse,
  { registry, flows }: { readonly registry: ProviderRegistry; readonly flows: OAuthFlowStore },
): Promise<ProviderCredentials> {
  const provider = registry.get(flow.provider);
  if (error !== null) throw refusalOf(error, provider);
  const { redirectUri } = flow;
  if (code === null || redirectUri == null) {
    throw new InvalidCredentialError(`${provider.displayName} sent no authorization code. Start again.`);
  }
  const { codeVerifier, nonce } = await flows.openSecrets(flow);
  return sendCode(() =>
    provider.exchangeOAuthCode({ code: new Secret(code), state, issuer, redirectUri, codeVerifier, nonce }),
  );
}
