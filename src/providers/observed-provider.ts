import type { Secret } from "../lib/secret.ts";
import type {
  AuthenticationRequest,
  CallOptions,
  OAuthCodeExchange,
  OAuthFlowRequest,
  ProviderAuth,
  ProviderCredentials,
} from "./provider-auth.ts";

/** What a provider was asked for, as metrics name it. */
export type ProviderOperation = "check" | "refresh" | "start" | "exchange" | "poll" | "revoke";

/** One operation at a provider: how long it took, and its error where it failed. */
export interface ProviderCall {
  readonly provider: string;
  readonly operation: ProviderOperation;
  readonly seconds: number;
  /** Undefined where the operation succeeded. */
  readonly error: unknown;
}

/**
 * A provider whose calls are told to an observer. An operation may take several requests, such as discovery before it.
 */
export function observedProvider(provider: ProviderAuth, onCall: (call: ProviderCall) => void): ProviderAuth {
  async function observe<T>(operation: ProviderOperation, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const tell = (error?: unknown) =>
      onCall({ provider: provider.name, operation, seconds: (performance.now() - startedAt) / 1000, error });
    try {
      const result = await work();
      tell();
      return result;
    } catch (error) {
      tell(error);
      throw error;
    }
  }

  return {
    name: provider.name,
    displayName: provider.displayName,
    documentationUrl: provider.documentationUrl,
    health: provider.health,
    get clientId() {
      return provider.clientId;
    },
    get replayWindow() {
      return provider.replayWindow;
    },
    getAvailableMethods: () => provider.getAvailableMethods(),
    describeAccess: (credentials) => provider.describeAccess(credentials),
    environmentCredentials: () => provider.environmentCredentials(),
    authenticate: (request: AuthenticationRequest, options?: CallOptions) =>
      observe(request.method === "api_key" ? "check" : "exchange", () => provider.authenticate(request, options)),
    validateCredentials: (credentials: ProviderCredentials, options?: CallOptions) =>
      observe("check", () => provider.validateCredentials(credentials, options)),
    refreshCredentials: (credentials: ProviderCredentials, options?: CallOptions) =>
      observe("refresh", () => provider.refreshCredentials(credentials, options)),
    initiateOAuthFlow: (request: OAuthFlowRequest, options?: CallOptions) =>
      observe("start", () => provider.initiateOAuthFlow(request, options)),
    exchangeOAuthCode: (exchange: OAuthCodeExchange, options?: CallOptions) =>
      observe("exchange", () => provider.exchangeOAuthCode(exchange, options)),
    pollDeviceFlow: (deviceCode: Secret, codeVerifier: Secret, options?: CallOptions) =>
      observe("poll", () => provider.pollDeviceFlow(deviceCode, codeVerifier, options)),
    revokeCredentials: (credentials: ProviderCredentials, options?: CallOptions) =>
      observe("revoke", () => provider.revokeCredentials(credentials, options)),
  };
}
