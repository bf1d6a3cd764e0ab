import type { Secret } from "../lib/secret.ts";
import type { ProviderHealth } from "./provider-health.ts";

export const authMethods = ["oauth", "api_key"] as const;

/** How a user authenticates to a provider; the order is that of the fallback chain. */
export type AuthMethod = (typeof authMethods)[number];

export type OAuthFlowKind = "redirect" | "loopback" | "paste" | "device";

/** What the provider's own terms say about a method, as of the catalogue entry's date. */
export type MethodPolicy = "supported" | "operator_only" | "prohibited";

export interface ProviderMethod {
  readonly method: AuthMethod;
  /** Configured on this server. */
  readonly available: boolean;
  readonly unavailableReason: string | null;
  /** Empty for `api_key`. */
  readonly flows: readonly OAuthFlowKind[];
  readonly policy: MethodPolicy;
  readonly policyNote: string | null;
  readonly policyUrl: string | null;
}

/** What a provider tells of the account behind a credential. */
export interface ProviderAccount {
  readonly id: string | null;
  readonly email: string | null;
  readonly organization: string | null;
  readonly plan: string | null;
}

/**
 * Whether two accounts are known to differ: by the provider's own id where both have one, else by the e-mail address.
 * What cannot be compared is not called different.
 */
export function isOtherAccount(previous: ProviderAccount | null, current: ProviderAccount | null): boolean {
  if (previous === null || current === null) return false;
  if (previous.id !== null && current.id !== null) return previous.id !== current.id;
  if (previous.email === null || current.email === null) return false;
  return previous.email.toLowerCase() !== current.email.toLowerCase();
}

/** What a provider accepted with a reservation. */
interface Accepted {
  /** What the check could not see, or what is wrong with the account, for the user; absent after a full check. */
  readonly warning?: string;
}

export interface ApiKeyCredentials extends Accepted {
  readonly method: "api_key";
  readonly apiKey: Secret;
}

/** The tokens of RFC 6749, section 5.1. */
export interface OAuthCredentials extends Accepted {
  readonly method: "oauth";
  readonly accessToken: Secret;
  readonly refreshToken: Secret | null;
  readonly expiresAt: Date | null;
  /**
   * Whole seconds that an access token lives, as the provider said last: a later answer that does not say is taken to
   * mean the same. 0: it says that its tokens have expired as they come. Null or absent: it has not said, or they do
   * not end.
   */
  readonly lifetime?: number | null;
  readonly scopes: readonly string[];
  readonly account: ProviderAccount | null;
  /** Before this time a refresh would be refused; absent where the provider does not say. */
  readonly earliestRefreshAt?: Date;
  /** The OAuth client for which the provider issued these tokens to this server; absent where they were imported. */
  readonly client?: string;
}

/** A provider's credential in the clear, for as long as a call needs it. */
export type ProviderCredentials = ApiKeyCredentials | OAuthCredentials;

/** What an application hands in to connect a provider; an OAuth code comes with what its flow remembers. */
export type AuthenticationRequest =
  { readonly method: "api_key"; readonly apiKey: Secret } | ({ readonly method: "oauth" } & OAuthCodeExchange);

/** A flow to begin. State, nonce and verifier are the caller's to make and to remember. */
export interface OAuthFlowRequest {
  readonly kind: OAuthFlowKind;
  /** Null for `device`, and for `paste` where the provider prescribes its own. */
  readonly redirectUri: string | null;
  /** Null for the provider's usual ones. */
  readonly scopes: readonly string[] | null;
  readonly state: string;
  /** OpenID Connect Core, section 3.1.2.1. */
  readonly nonce: string;
  /** RFC 7636, section 4.1. */
  readonly codeVerifier: Secret;
}

/** RFC 8628, section 3.2. */
export interface DeviceAuthorization {
  readonly deviceCode: Secret;
  readonly userCode: string;
  readonly verificationUri: string;
  /** Seconds between two polls. */
  readonly interval: number;
  /** Seconds until the codes end. */
  readonly expiresIn: number;
}

/** Where the user goes next: a URL to open, or a code to enter. */
export interface OAuthFlowStart {
  readonly authorizationUrl: string | null;
  /** The one that the code will come to; it must be sent again with the code. */
  readonly redirectUri: string | null;
  readonly scopes: readonly string[];
  readonly device: DeviceAuthorization | null;
}

export interface OAuthCodeExchange {
  readonly code: Secret;
  readonly state: string;
  /** RFC 9207. */
  readonly issuer: string | null;
  readonly redirectUri: string;
  readonly codeVerifier: Secret;
  readonly nonce: string;
}

/** RFC 8628, section 3.5: the user has not decided yet, or has. */
export type DeviceFlowAnswer =
  | { readonly status: "pending"; readonly slowDown: boolean }
  | { readonly status: "authorized"; readonly credentials: OAuthCredentials };

/** Everything that a backend needs to call the provider with a credential. */
export interface ProviderAccess {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly headers: readonly { readonly name: string; readonly value: Secret }[];
  readonly expiresAt: Date | null;
}

export interface CallOptions {
  /** Ends the call early; each call has a deadline of its own besides. */
  readonly signal?: AbortSignal;
}

/**
 * What the rest of the server knows of a provider: the six operations of the original design, and how to call it.
 * All of them reject with an AuthError when the provider refuses or does not answer.
 */
export interface ProviderAuth {
  /** The name used in inputs, such as `anthropic`: `[a-z][a-z0-9-]*`. */
  readonly name: string;
  readonly displayName: string;
  readonly documentationUrl: string | null;
  readonly health: ProviderHealth;
  /**
   * Seconds for which a refresh token may be sent again after its use without harm: 0 where a second use ends the
   * grant, infinite where it is not replaced.
   */
  readonly replayWindow: number;
  /** The id of the operator's OAuth client there; null where none is set. */
  readonly clientId: string | null;
  /** The methods that this provider has, available on this server or not. */
  getAvailableMethods(): readonly ProviderMethod[];
  /** Turns what the user handed in into credentials that the provider has accepted. */
  authenticate(request: AuthenticationRequest, options?: CallOptions): Promise<ProviderCredentials>;
  /** Asks the provider whether it still accepts the credentials. */
  validateCredentials(credentials: ProviderCredentials, options?: CallOptions): Promise<ProviderCredentials>;
  /** Exchanges the refresh token for new tokens (RFC 6749, section 6). */
  refreshCredentials(credentials: ProviderCredentials, options?: CallOptions): Promise<ProviderCredentials>;
  initiateOAuthFlow(request: OAuthFlowRequest, options?: CallOptions): Promise<OAuthFlowStart>;
  exchangeOAuthCode(exchange: OAuthCodeExchange, options?: CallOptions): Promise<ProviderCredentials>;
  /** Asks once whether the user has decided on a device flow. */
  pollDeviceFlow(deviceCode: Secret, codeVerifier: Secret, options?: CallOptions): Promise<DeviceFlowAnswer>;
  /** Ends the credentials at the provider. `null`: it offers no such thing; `false`: it did not confirm. */
  revokeCredentials(credentials: ProviderCredentials, options?: CallOptions): Promise<boolean | null>;
  /** The headers and address with which these credentials call the provider. Makes no request. */
  describeAccess(credentials: ProviderCredentials): ProviderAccess;
  /** The server's own key from its environment, if the operator set one. */
  environmentCredentials(): ProviderCredentials | null;
}
