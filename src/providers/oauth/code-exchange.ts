import { authorizationCodeGrant } from "openid-client";
import type { CallOptions, OAuthCodeExchange, OAuthCredentials } from "../provider-auth.ts";
import type { OAuthClient } from "./client.ts";
import type { OAuthStep } from "./failure.ts";

/** A code to exchange. One that no redirect has brought has neither state, nonce nor issuer. */
export type CodeToExchange = Pick<OAuthCodeExchange, "code" | "redirectUri" | "codeVerifier"> & {
  readonly redirected: Pick<OAuthCodeExchange, "state" | "nonce" | "issuer"> | null;
};

/** Where no issuer is known by name, there is nothing to compare `iss` with. */
function hasIssuer({ description, dependencies }: OAuthClient): boolean {
  return description.issuer !== undefined || dependencies.settings.oauth.issuer !== null;
}

/** Exchanges an authorization code for tokens (RFC 6749, section 4.1.3; RFC 7636, section 4.5). @throws AuthError */
export async function exchangeCode(
  client: OAuthClient,
  step: OAuthStep,
  { code, redirectUri, codeVerifier, redirected }: CodeToExchange,
  { signal }: CallOptions = {},
): Promise<OAuthCredentials> {
  const { bodyEncoding, stateInExchange } = client.description;
  // The library sends the callback's URL without its query; the provider wants exactly what it was given before.
  const replace = { redirect_uri: redirectUri };
  const options = { answer: "tokens", encoding: bodyEncoding?.exchange ?? "form", replace, signal } as const;
  return client.run(step, options, async (configuration) => {
    const callback = new URL(redirectUri);
    callback.search = new URLSearchParams({ code: code.reveal() }).toString();
    callback.hash = "";
    // A code from the device endpoint comes from the issuer by itself (RFC 9207 is about redirects).
    const issuer = redirected === null ? configuration.serverMetadata().issuer : redirected.issuer;
    if (issuer !== null && hasIssuer(client)) callback.searchParams.set("iss", issuer);
    if (redirected !== null) callback.searchParams.set("state", redirected.state);
    const checks = {
      pkceCodeVerifier: codeVerifier.reveal(),
      ...(redirected === null ? {} : { expectedState: redirected.state }),
      ...(redirected !== null && client.isOpenId ? { expectedNonce: redirected.nonce } : {}),
    };
    const state = stateInExchange && redirected !== null ? { state: redirected.state } : {};
    return client.read(await authorizationCodeGrant(configuration, callback, checks, { ...client.resource, ...state }));
  });
}
