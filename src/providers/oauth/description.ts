import type { ProbeDescription } from "../credential-probe.ts";
import type { MethodPolicy, OAuthFlowKind, ProviderAccount } from "../provider-auth.ts";

/** What the provider's terms say about signing in from an app that is not its own. */
export interface OAuthPolicy {
  readonly standing: MethodPolicy;
  readonly note: string;
  /** Where the terms are. */
  readonly url: string | null;
  /** When they were read: a month, such as `November 2026`. */
  readonly asOf: string;
}

/** How the body of a request is written; RFC 6749 knows forms only. */
export type BodyEncoding = "form" | "json";

/** The requests whose bodies a provider may want in JSON. */
export type EncodedRequest = "exchange" | "refresh" | "revoke";

/**
 * RFC 8628, or the scheme whose device endpoint hands out an authorization code and its verifier instead of tokens.
 * The paths of the latter belong to the origin of the device URL.
 */
export type DeviceProtocol = {
  /** Where users or operators switch the flow on at the vendor, as a sentence; for a start that is refused. */
  readonly switchedOn?: string;
} & (
  | { readonly kind: "rfc8628" }
  | {
      readonly kind: "authorization_code";
      /** Where the user enters the code. */
      readonly verificationPath: string;
      /** The redirect URI that the handed-out code is bound to. */
      readonly redirectPath: string;
      /** Seconds until the code ends, where the answer does not say. */
      readonly expiresIn: number;
      /** The vendor's error codes of a poll, in terms of RFC 8628, section 3.5. Any other code ends the flow. */
      readonly errorCodes: Readonly<
        Record<string, "authorization_pending" | "slow_down" | "access_denied" | "expired_token">
      >;
      /** The statuses by which a poll without a word says that the user has not decided. */
      readonly pendingStatuses: readonly number[];
    }
);

/** A token endpoint's successful answer, with the claims of its ID token once that is verified. */
export interface TokenAnswer {
  readonly body: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** How users sign in at a provider. Everything in it is a wire fact; see the vendor's reference. */
export interface OAuthDescription {
  readonly policy: OAuthPolicy;
  readonly flows: readonly OAuthFlowKind[];
  /** Null where the provider names none. */
  readonly issuer?: string;
  /** The issuer publishes its endpoints (RFC 8414, OpenID Connect Discovery); the URLs below only fill gaps then. */
  readonly discovery?: true;
  readonly authorizationUrl?: string;
  readonly tokenUrl?: string;
  readonly revocationUrl?: string;
  readonly deviceUrl?: string;
  /** The usual scopes. With `openid` among them it is asked for always, and an ID token must come. */
  readonly scopes: readonly string[];
  /**
   * Of these the API needs one. A consent that leaves all of them out, as a person may where a provider asks for each,
   * is kept with a warning.
   */
  readonly apiScopes?: readonly string[];
  /** Sent in every authorization request. */
  readonly authorizationParameters?: Readonly<Record<string, string>>;
  /** RFC 8707. */
  readonly resource?: string;
  /** RFC 6749, section 2.3. A secret that the operator sets is sent in either case. */
  readonly clientAuthentication: "none" | "secret";
  /** Forms unless it says otherwise. */
  readonly bodyEncoding?: Readonly<Partial<Record<EncodedRequest, BodyEncoding>>>;
  /** The state is sent again with the code. */
  readonly stateInExchange?: true;
  /**
   * Whether a refresh replaces the refresh token, so that a second use of the old one ends the grant (RFC 9700, section
   * 4.14.2); and for how long after the first use the vendor still takes the old one, where it is known to.
   */
  readonly refreshToken: { readonly rotates: false } | { readonly rotates: true; readonly graceSeconds?: number };
  /** For PASTE: the page of the vendor that shows the code. */
  readonly pasteRedirectUri?: string;
  readonly device?: DeviceProtocol;
  /** What else, besides `invalid_grant`, says that a grant is over for good. */
  readonly terminalCodes?: readonly string[];
  /** The headers of calls with an access token; `Authorization: Bearer` (RFC 6750) unless it says otherwise. */
  readonly headers?: (accessToken: string) => Readonly<Record<string, string>>;
  /** How to check an access token; without it tokens are believed until they expire. */
  readonly check?: ProbeDescription;
  readonly account?: (answer: TokenAnswer) => Partial<ProviderAccount>;
}
