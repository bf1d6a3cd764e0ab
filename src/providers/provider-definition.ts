import type { Clock } from "../clock.ts";
import type { HttpClient } from "./http-client.ts";
import type { ProviderAuth } from "./provider-auth.ts";
import type { ProviderHealth } from "./provider-health.ts";
import type { ProviderSettings } from "./provider-settings.ts";

/** What a provider is given when the server starts. */
export interface ProviderDependencies {
  readonly http: HttpClient;
  readonly health: ProviderHealth;
  readonly settings: ProviderSettings;
  readonly clock: Clock;
}

/** What a file of the catalogue exports as `provider`. */
export interface ProviderDefinition {
  /** `[a-z][a-z0-9-]*`; its capitals begin the names of the provider's environment variables. */
  readonly name: string;
  readonly apiKeyVariables: readonly string[];
  create(dependencies: ProviderDependencies): ProviderAuth;
}
