import {
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  refreshTokenGrant,
  ResponseBodyError,
  tokenRevocation,
} from "openid-client";
import { AuthError, InvalidCredentialError } from "../../errors/auth-error.ts";
import type { Secret } from "../../lib/secret.ts";
import { generalWords } from "../answer-rules.ts";
import { secretHeaders } from "../api-key-method.ts";
import { CredentialProbe, type ProbeTarget } from "../credential-probe.ts";
import type {
  CallOptions,
  DeviceFlowAnswer,
  OAuthCodeExchange,
  OAuthCredentials,
  OAuthFlowRequest,
  OAuthFlowStart,
  ProviderAccess,
  ProviderMethod,
} from "../provider-auth.ts";
import type { OAuthClient } from "./client.ts";
import { exchangeCode } from "./code-exchange.ts";
import { OAuthDeviceMethod } from "./device-method.ts";

const bearer = (accessToken: string) => ({ authorization: `Bearer ${accessToken}` });

/** The operations of a provider that users sign in to. */
export class OAuthMethod {
  readonly #client: OAuthClient;
  readonly #device: OAuthDeviceMethod;
  readonly #probe: CredentialProbe | null;
  readonly #baseUrl: string;
  readonly #displayName: string;

  constructor(client: OAuthClient, target: ProbeTarget) {
    this.#client = client;
    this.#displayName = target.displayName;
    this.#device = new OAuthDeviceMethod(client);
    this.#baseUrl = target.baseUrl;
    const { check } = client.description;
    const words = { subject: "the sign-in", refusal: "no longer accepts this sign-in. Connect again." };
    this.#probe = check === undefined ? null : new CredentialProbe(check, target, "oauth", words);
  }

  get method(): ProviderMethod {
    return this.#client.availability.method;
  }

  /** See ProviderAuth. */
  get replayWindow(): number {
    const { refreshToken } = this.#client.description;
    return refreshToken.rotates ? (refreshToken.graceSeconds ?? 0) : Number.POSITIVE_INFINITY;
  }

  /** See ProviderAuth. */
  get clientId(): string | null {
    return this.#client.dependencies.settings.oauth.clientId;
  }

  /** @throws MethodUnavailableError, ProviderUnavailableError */
  async start(request: OAuthFlowRequest, options: CallOptions = {}): Promise<OAuthFlowStart> {
    this.#client.availability.require(request.kind);
    const scopes = this.#scopes(request.scopes);
    if (request.kind === "device") {
      const device = await this.#device.start(scopes, options);
      return { authorizationUrl: null, redirectUri: null, scopes, device };
    }
    const redirectUri = this.#redirectUri(request);
    const parameters = {
      ...this.#client.description.authorizationParameters,
      ...this.#client.resource,
      redirect_uri: redirectUri,
      scope: scopes.join(" "),
      state: request.state,
      ...(this.#client.isOpenId ? { nonce: request.nonce } : {}),
      code_challenge: await calculatePKCECodeChallenge(request.codeVerifier.reveal()),
      code_challenge_method: "S256",
    };
    const exchange = { answer: "document", signal: options.signal } as const;
    const url = await this.#client.run("start", exchange, async (to) => buildAuthorizationUrl(to, parameters));
    return { authorizationUrl: url.href, redirectUri, scopes, device: null };
  }

  /** @throws InvalidCredentialError, OAuthDeniedError, ProviderUnavailableError */
  async exchange(exchange: OAuthCodeExchange, options?: CallOptions): Promise<OAuthCredentials> {
    return this.#noted(await exchangeCode(this.#client, "exchange", { ...exchange, redirected: exchange }, options));
  }

  /**
   * @throws OAuthDeniedError, OAuthStateError where the code has expired, InvalidCredentialError,
   * ProviderUnavailableError
   */
  async poll(deviceCode: Secret, options: CallOptions = {}): Promise<DeviceFlowAnswer> {
    this.#client.availability.require("device");
    const answer = await this.#device.poll(deviceCode, options);
    return answer.status === "authorized" ? { ...answer, credentials: this.#noted(answer.credentials) } : answer;
  }

  /** The granted scopes may be fewer than those that were asked for (RFC 6749, section 3.3). */
  #noted(credentials: OAuthCredentials): OAuthCredentials {
    const { apiScopes = [] } = this.#client.description;
    if (apiScopes.length === 0 || credentials.scopes.some((scope) => apiScopes.includes(scope))) return credentials;
    const { what, cure } = generalWords.consent;
    const warning = `${this.#displayName} ${what} (${apiScopes.join(" or ")}). ${cure}`.replace("{it}", "the sign-in");
    return { ...credentials, warning };
  }

  /**
   * Keeps what the answer leaves out, above all the refresh token. @throws InvalidCredentialError where the grant is
   * over
   */
  async refresh(credentials: OAuthCredentials, { signal }: CallOptions = {}): Promise<OAuthCredentials> {
    const { refreshToken } = credentials;
    if (refreshToken === null) {
      throw new InvalidCredentialError(
        "This sign-in came without a refresh token and ends when it expires. Connect again.",
      );
    }
    const encoding = this.#client.description.bodyEncoding?.refresh ?? "form";
    // A refresh need not bring an ID token (OpenID Connect Core, section 12.2), and the account is known already.
    return this.#client.run("refresh", { answer: "tokens", encoding, ignoreIdToken: true, signal }, async (to) =>
      this.#client.read(await refreshTokenGrant(to, refreshToken.reveal(), this.#client.resource), credentials),
    );
  }

  /** Ends the grant at the provider (RFC 7009). Null: it is not known how; false: the provider did not confirm it. */
  async revoke({ refreshToken, accessToken }: OAuthCredentials, { signal }: CallOptions = {}): Promise<boolean | null> {
    const hint = { token_type_hint: refreshToken === null ? "access_token" : "refresh_token" };
    const encoding = this.#client.description.bodyEncoding?.revoke ?? "form";
    try {
      return await this.#client.run("revoke", { answer: "confirmation", encoding, signal }, async (to) => {
        if (to.serverMetadata().revocation_endpoint === undefined) return null;
        await tokenRevocation(to, (refreshToken ?? accessToken).reveal(), hint).catch((error: unknown) => {
          // What is unknown there is over; RFC 7009 answers 200 then, and not everyone does.
          if (!(error instanceof ResponseBodyError && error.error === "invalid_token")) throw error;
        });
        return true;
      });
    } catch (error) {
      if (error instanceof AuthError) return false;
      throw error;
    }
  }

  /** @throws InvalidCredentialError, ProviderUnavailableError */
  async check(credentials: OAuthCredentials, options?: CallOptions): Promise<OAuthCredentials> {
    const secret = credentials.accessToken.reveal();
    const warning = (await this.#probe?.check(secret, this.#headers(credentials), options)) ?? null;
    return warning === null ? credentials : { ...credentials, warning };
  }

  describeAccess(credentials: OAuthCredentials): ProviderAccess {
    const headers = secretHeaders(this.#headers(credentials));
    return { baseUrl: this.#baseUrl, headers, expiresAt: credentials.expiresAt };
  }

  #headers({ accessToken }: OAuthCredentials): Readonly<Record<string, string>> {
    return (this.#client.description.headers ?? bearer)(accessToken.reveal());
  }

  #scopes(asked: readonly string[] | null): readonly string[] {
    if (asked === null) return this.#client.description.scopes;
    return this.#client.isOpenId ? [...new Set(["openid", ...asked])] : asked;
  }

  #redirectUri({ kind, redirectUri }: OAuthFlowRequest): string {
    const uri = redirectUri ?? (kind === "paste" ? this.#client.description.pasteRedirectUri : undefined);
    if (uri === undefined) throw new TypeError(`a ${kind} flow needs a redirect URI`);
    return uri;
  }
}
