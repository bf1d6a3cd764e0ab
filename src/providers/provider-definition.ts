import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../observability/logger.ts";
import type { ProviderAnswers } from "./answer-rules.ts";
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
  /** Told of answers that leave a question open; nobody is told without it. */
  readonly log?: Logger;
}

/** The API that a provider's credentials are for. */
export interface ProviderApi {
  /** The vendor's own address, without a trailing slash. */
  readonly baseUrl: string;
  /** Where credentials are checked, such as `/v1/models`: below the base URL, without a query. */
  readonly probePath: string;
}

/** What a file of the catalogue exports as `provider`. */
export interface ProviderDefinition {
  /** `[a-z][a-z0-9-]*`; its capitals begin the names of the provider's environment variables. */
  readonly name: string;
  readonly apiKeyVariables: readonly string[];
  /** Absent for a provider whose credentials cannot be checked. */
  readonly api?: ProviderApi;
  /** What it answers to the check of a credential. */
  readonly answers?: ProviderAnswers;
  readonly displayName?: string;
  create(dependencies: ProviderDependencies): ProviderAuth;
}
