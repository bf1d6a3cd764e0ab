import type { Secret } from "../lib/secret.ts";

/** The operator's own OAuth client at a provider, and where its servers are if not where the catalogue says. */
export interface OAuthSettings {
  readonly clientId: string | null;
  readonly clientSecret: Secret | null;
  readonly issuer: string | null;
  readonly authorizationUrl: string | null;
  readonly tokenUrl: string | null;
  readonly revocationUrl: string | null;
  readonly deviceUrl: string | null;
}

/** What the operator may set for one provider. */
export interface ProviderSettings {
  /** The server's own key: the last step of the fallback chain. */
  readonly apiKey: Secret | null;
  /** Replaces the catalogue's base URL; without a trailing slash. */
  readonly apiBaseUrl: string | null;
  readonly oauth: OAuthSettings;
}

/** The settings of a provider for which the operator has set nothing. */
export const noProviderSettings: ProviderSettings = {
  apiKey: null,
  apiBaseUrl: null,
  oauth: {
    clientId: null,
    clientSecret: null,
    issuer: null,
    authorizationUrl: null,
    tokenUrl: null,
    revocationUrl: null,
    deviceUrl: null,
  },
};

/** The name of a provider's environment variable, such as `ACME_API_KEY`. */
export function settingName(provider: string, suffix: string): string {
  return `${provider.toUpperCase().replaceAll("-", "_")}_${suffix}`;
}
