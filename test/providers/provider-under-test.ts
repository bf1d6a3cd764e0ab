import { loadConfig } from "../../src/config/config.ts";
import { type Clock, systemClock } from "../../src/lib/clock.ts";
import { Secret } from "../../src/lib/secret.ts";
import { HttpClient, type HttpClientOptions } from "../../src/providers/http-client.ts";
import type { ApiKeyCredentials, ProviderAccess, ProviderAuth } from "../../src/providers/provider-auth.ts";
import type { ProviderDefinition } from "../../src/providers/provider-definition.ts";
import { ProviderHealth } from "../../src/providers/provider-health.ts";
import { testEnvironment } from "../support/test-app.ts";

interface ProviderOptions {
  /** Of the API, instead of the vendor's. */
  readonly baseUrl?: string;
  /** The server's own key. */
  readonly apiKey?: string;
  readonly http?: Partial<HttpClientOptions>;
  readonly clock?: Clock;
}

/** A provider of the catalogue as the server makes it, configured by its environment variables. */
export function createProvider(
  definition: ProviderDefinition,
  { baseUrl = "", apiKey = "", http: httpOptions, clock = systemClock }: ProviderOptions = {},
): AsyncDisposable & { readonly provider: ProviderAuth } {
  const prefix = definition.name.toUpperCase().replaceAll("-", "_");
  const environment = { [`${prefix}_API_BASE_URL`]: baseUrl, [`${prefix}_API_KEY`]: apiKey };
  const settings = loadConfig([definition], { ...testEnvironment, ...environment }).providers.get(definition.name)!;
  const http = new HttpClient(httpOptions);
  const provider = definition.create({ http, health: new ProviderHealth(clock), settings, clock });
  return { provider, [Symbol.asyncDispose]: () => http[Symbol.asyncDispose]() };
}

export function apiKeyCredentials(key: string): ApiKeyCredentials {
  return { method: "api_key", apiKey: new Secret(key) };
}

/** The headers of a grant, in the clear. */
export function revealHeaders({ headers }: ProviderAccess): Record<string, string> {
  return Object.fromEntries(headers.map(({ name, value }) => [name, value.reveal()]));
}
