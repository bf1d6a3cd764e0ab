import { Secret } from "../lib/secret.ts";
import { CredentialProbe, type ProbeDescription, type ProbeTarget } from "./credential-probe.ts";
import type { ApiKeyCredentials, CallOptions, ProviderAccess, ProviderMethod } from "./provider-auth.ts";

/** How users connect by an API key. Everything in it is a wire fact; see the vendor's reference. */
export interface ApiKeyDescription extends ProbeDescription {
  /** The headers of every call with a key. */
  readonly headers: (key: string) => Readonly<Record<string, string>>;
  /** Further variables under which the server's own key is commonly found. */
  readonly variables?: readonly string[];
}

/** Headers as a backend gets them; each value may be a secret. */
export function secretHeaders(headers: Readonly<Record<string, string>>): ProviderAccess["headers"] {
  return Object.entries(headers).map(([name, value]) => ({ name, value: new Secret(value) }));
}

/** The operations of a provider with API keys. */
export class ApiKeyMethod {
  readonly method: ProviderMethod = {
    method: "api_key",
    available: true,
    unavailableReason: null,
    flows: [],
    policy: "supported",
    policyNote: null,
    policyUrl: null,
  };
  readonly #description: ApiKeyDescription;
  readonly #baseUrl: string;
  readonly #probe: CredentialProbe;

  constructor(description: ApiKeyDescription, target: ProbeTarget) {
    this.#description = description;
    this.#baseUrl = target.baseUrl;
    this.#probe = new CredentialProbe(description, target, "api_key", {
      subject: "the key",
      refusal: "did not accept this API key. Check that it was copied whole, is not revoked, and may use the API.",
    });
  }

  /** @throws InvalidCredentialError, ProviderUnavailableError */
  async check(apiKey: Secret, options?: CallOptions): Promise<ApiKeyCredentials> {
    const key = apiKey.reveal();
    const warning = await this.#probe.check(key, this.#description.headers(key), options);
    return { method: "api_key", apiKey, ...(warning === null ? {} : { warning }) };
  }

  describeAccess({ apiKey }: ApiKeyCredentials): ProviderAccess {
    return {
      baseUrl: this.#baseUrl,
      headers: secretHeaders(this.#description.headers(apiKey.reveal())),
      expiresAt: null,
    };
  }
}
