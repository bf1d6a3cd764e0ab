import { MethodUnavailableError } from "../errors/auth-error.ts";
import type { Secret } from "../lib/secret.ts";
import { type ProviderAnswers, standardAnswers } from "./answer-rules.ts";
import { type ApiKeyDescription, ApiKeyMethod } from "./api-key-method.ts";
import { OAuthClient } from "./oauth/client.ts";
import type { OAuthDescription } from "./oauth/description.ts";
import { OAuthMethod } from "./oauth/method.ts";
import type {
  AuthenticationRequest,
  AuthMethod,
  CallOptions,
  DeviceFlowAnswer,
  OAuthCodeExchange,
  OAuthFlowRequest,
  OAuthFlowStart,
  ProviderAccess,
  ProviderAuth,
  ProviderCredentials,
  ProviderMethod,
} from "./provider-auth.ts";
import type { ProviderDefinition, ProviderDependencies } from "./provider-definition.ts";
import { settingName } from "./provider-settings.ts";

/** A vendor, as its file in the catalogue describes it. */
export interface ProviderDescription {
  readonly name: string;
  readonly displayName: string;
  readonly documentationUrl: string | null;
  /** Of the API that the credentials are for; without a trailing slash. */
  readonly baseUrl: string;
  /** What it answers to the check of a key or a sign-in; what HTTP says (RFC 9110) unless it says otherwise. */
  readonly answers?: ProviderAnswers;
  readonly apiKey?: ApiKeyDescription;
  readonly oauth?: OAuthDescription;
}

/** A provider, composed of the methods that its description has. */
class DescribedProvider implements ProviderAuth {
  readonly name: string;
  readonly displayName: string;
  readonly documentationUrl: string | null;
  readonly health: ProviderAuth["health"];
  readonly #apiKey: ApiKeyMethod | null;
  readonly #oauth: OAuthMethod | null;
  readonly #environmentKey: Secret | null;

  constructor(description: ProviderDescription, dependencies: ProviderDependencies) {
    const { name, displayName, documentationUrl, apiKey, oauth } = description;
    const { http, health, settings, log } = dependencies;
    this.name = name;
    this.displayName = displayName;
    this.documentationUrl = documentationUrl;
    this.health = health;
    const target = {
      name,
      displayName,
      baseUrl: settings.apiBaseUrl ?? description.baseUrl,
      baseUrlVariable: settings.apiBaseUrl === null ? null : settingName(name, "API_BASE_URL"),
      answers: description.answers ?? standardAnswers,
      http,
      health,
      ...(log === undefined ? {} : { log }),
    };
    this.#apiKey = apiKey === undefined ? null : new ApiKeyMethod(apiKey, target);
    const others: AuthMethod[] = this.#apiKey === null ? [] : ["api_key"];
    this.#oauth =
      oauth === undefined
        ? null
        : new OAuthMethod(new OAuthClient({ name, displayName, description: oauth, others, dependencies }), target);
    this.#environmentKey = this.#apiKey === null ? null : settings.apiKey;
  }

  get replayWindow(): number {
    return this.#oauth?.replayWindow ?? 0;
  }

  get clientId(): string | null {
    return this.#oauth?.clientId ?? null;
  }

  getAvailableMethods(): readonly ProviderMethod[] {
    return [this.#oauth?.method, this.#apiKey?.method].filter((method) => method !== undefined);
  }

  async authenticate(request: AuthenticationRequest, options?: CallOptions): Promise<ProviderCredentials> {
    return request.method === "api_key"
      ? this.#keys().check(request.apiKey, options)
      : this.exchangeOAuthCode(request, options);
  }

  async validateCredentials(credentials: ProviderCredentials, options?: CallOptions): Promise<ProviderCredentials> {
    return credentials.method === "api_key"
      ? this.#keys().check(credentials.apiKey, options)
      : this.#signIn().check(credentials, options);
  }

  async refreshCredentials(credentials: ProviderCredentials, options?: CallOptions): Promise<ProviderCredentials> {
    if (credentials.method === "oauth") return this.#signIn().refresh(credentials, options);
    throw new MethodUnavailableError("An API key cannot be refreshed.", this.#available());
  }

  async initiateOAuthFlow(request: OAuthFlowRequest, options?: CallOptions): Promise<OAuthFlowStart> {
    return this.#signIn().start(request, options);
  }

  async exchangeOAuthCode(exchange: OAuthCodeExchange, options?: CallOptions): Promise<ProviderCredentials> {
    return this.#signIn().exchange(exchange, options);
  }

  async pollDeviceFlow(deviceCode: Secret, _verifier: Secret, options?: CallOptions): Promise<DeviceFlowAnswer> {
    return this.#signIn().poll(deviceCode, options);
  }

  async revokeCredentials(credentials: ProviderCredentials, options?: CallOptions): Promise<boolean | null> {
    return credentials.method === "api_key" ? null : this.#signIn().revoke(credentials, options);
  }

  describeAccess(credentials: ProviderCredentials): ProviderAccess {
    return credentials.method === "api_key"
      ? this.#keys().describeAccess(credentials)
      : this.#signIn().describeAccess(credentials);
  }

  environmentCredentials(): ProviderCredentials | null {
    return this.#environmentKey === null ? null : { method: "api_key", apiKey: this.#environmentKey };
  }

  #available(): AuthMethod[] {
    return this.getAvailableMethods().flatMap(({ method, available }) => (available ? [method] : []));
  }

  #keys(): ApiKeyMethod {
    if (this.#apiKey !== null) return this.#apiKey;
    throw new MethodUnavailableError(`${this.displayName} has no API keys. Sign in by OAuth.`, this.#available());
  }

  #signIn(): OAuthMethod {
    if (this.#oauth !== null) return this.#oauth;
    throw new MethodUnavailableError(
      `${this.displayName} cannot be connected by OAuth. Use an API key.`,
      this.#available(),
    );
  }
}

/** The whole of a provider: what it offers is what its description has. */
export function defineProvider(description: ProviderDescription): ProviderDefinition {
  const { name, displayName, baseUrl, answers, apiKey, oauth } = description;
  const probe = apiKey?.probe ?? oauth?.check?.probe;
  return {
    name,
    displayName,
    apiKeyVariables: apiKey?.variables ?? [],
    ...(probe === undefined ? {} : { api: { baseUrl, probePath: probe.split("?", 1)[0]! } }),
    answers: answers ?? standardAnswers,
    create: (dependencies) => new DescribedProvider(description, dependencies),
  };
}

/** Stands for a provider that is no longer in the catalogue: it has no methods, so it refuses everything. */
export function retiredProvider(name: string): ProviderDefinition {
  return defineProvider({ name, displayName: `${name} (no longer offered here)`, documentationUrl: null, baseUrl: "" });
}
