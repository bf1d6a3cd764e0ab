import {
  allowInsecureRequests,
  ClientSecretPost,
  Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  getJwksCache,
  type JWKS,
  None,
  type ServerMetadata,
  setJwksCache,
} from "openid-client";
import type { Clock } from "../../lib/clock.ts";
import { isLoopback } from "../../lib/loopback.ts";
import { type HttpClient, NoAnswerError } from "../http-client.ts";
import type { ProviderHealth } from "../provider-health.ts";
import type { OAuthSettings } from "../provider-settings.ts";
import { UnusableAnswerError } from "./answer.ts";
import type { OAuthDescription } from "./description.ts";
import { type OAuthExchange, oauthFetch } from "./fetch.ts";

interface OAuthServerDependencies {
  readonly http: HttpClient;
  readonly health: ProviderHealth;
  readonly clock: Clock;
}

type JwksCache = Parameters<typeof setJwksCache>[1];

const discoveryLifetimeMs = 3_600_000;
/** Seconds. The library fetches keys again that are older than 300. */
const keysLifetime = 240;

/**
 * Keys as the library has to see them: it reads keys anew for one that is not among them only once a minute has passed,
 * and an ID token that fails for it costs the user an authorization code. Only the issuer itself can bring one here, in
 * its answer to a code, so nobody else can make this server ask.
 */
function olderKeys(keys: JwksCache): JwksCache {
  return { ...keys, uat: Math.min(keys.uat, Math.floor(Date.now() / 1000) - 60) };
}

function definedOnly(urls: Readonly<Record<string, string | null | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(urls).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** A provider's authorization server: where its endpoints are, and how this server is known there. */
export class OAuthServer {
  readonly #description: OAuthDescription;
  readonly #settings: OAuthSettings;
  readonly #dependencies: OAuthServerDependencies;
  /** Whether the operator has put something on this machine, by http. */
  readonly #insecure: boolean;
  #discovered: { readonly metadata: Promise<ServerMetadata>; readonly until: number } | null = null;
  #keys: JwksCache | undefined;

  constructor(description: OAuthDescription, settings: OAuthSettings, dependencies: OAuthServerDependencies) {
    this.#description = description;
    this.#settings = settings;
    this.#dependencies = dependencies;
    const { issuer, authorizationUrl, tokenUrl, revocationUrl, deviceUrl } = settings;
    this.#insecure = [issuer, authorizationUrl, tokenUrl, revocationUrl, deviceUrl].some((text) => {
      const url = text === null ? null : URL.parse(text);
      return url !== null && url.protocol === "http:" && isLoopback(url.hostname);
    });
  }

  /** Null where it is not known without asking the issuer. */
  get deviceUrl(): string | null {
    return this.#settings.deviceUrl ?? this.#catalogue.deviceUrl ?? null;
  }

  /** The catalogue's URLs are the vendor's own: another issuer must never be mixed with them. */
  get #catalogue(): Partial<OAuthDescription> {
    return this.#description.discovery && this.#settings.issuer !== null ? {} : this.#description;
  }

  /**
   * A configuration for one call.
   * @throws what openid-client throws where the issuer cannot be asked for its endpoints; NoAnswerError or
   * UnusableAnswerError where it cannot be asked for the keys that an ID token will be checked with.
   */
  async configuration(exchange: OAuthExchange): Promise<Configuration> {
    const { clientId, clientSecret } = this.#settings;
    if (clientId === null) throw new TypeError("there is no OAuth client");
    const metadata = await this.#metadata(clientId);
    const authentication = clientSecret === null ? None() : ClientSecretPost(clientSecret.reveal());
    const configuration = new Configuration(metadata, clientId, {}, authentication);
    configuration[customFetch] = oauthFetch(this.#dependencies, exchange);
    // The HTTP client has a deadline of its own.
    configuration.timeout = 0;
    if (this.#insecure) allowInsecureRequests(configuration);
    if (metadata.jwks_uri !== undefined) enableNonRepudiationChecks(configuration);
    if (exchange.answer === "tokens" && exchange.ignoreIdToken !== true) await this.#fetchKeys(metadata.jwks_uri);
    if (this.#keys !== undefined) setJwksCache(configuration, olderKeys(this.#keys));
    return configuration;
  }

  /** Keeps the issuer's keys that a call has fetched for the next one. */
  keepKeys(configuration: Configuration): void {
    this.#keys = getJwksCache(configuration) ?? this.#keys;
  }

  /** Before the code is sent: once it is spent, keys that cannot be fetched would cost the tokens that came for it. */
  async #fetchKeys(url: string | undefined): Promise<void> {
    const now = Math.floor(Date.now() / 1000);
    if (url === undefined || now - (this.#keys?.uat ?? 0) < keysLifetime) return;
    const options = { method: "GET", headers: { accept: "application/json" }, body: null, redirect: "manual" } as const;
    try {
      const response = await oauthFetch(this.#dependencies, { answer: "document" })(url, options);
      this.#keys = { jwks: (await response.json()) as JWKS, uat: now };
    } catch (error) {
      // Anything else is told with the token, by the library.
      if (error instanceof NoAnswerError || error instanceof UnusableAnswerError) throw error;
    }
  }

  async #metadata(clientId: string): Promise<ServerMetadata> {
    const { issuer, authorizationUrl, tokenUrl, revocationUrl, deviceUrl } = this.#settings;
    const catalogue = this.#catalogue;
    const fromCatalogue = definedOnly({
      authorization_endpoint: catalogue.authorizationUrl,
      token_endpoint: catalogue.tokenUrl,
      revocation_endpoint: catalogue.revocationUrl,
      device_authorization_endpoint: catalogue.deviceUrl,
    });
    const fromOperator = definedOnly({
      authorization_endpoint: authorizationUrl,
      token_endpoint: tokenUrl,
      revocation_endpoint: revocationUrl,
      device_authorization_endpoint: deviceUrl,
    });
    const known = { ...fromCatalogue, ...fromOperator };
    const name = issuer ?? this.#description.issuer ?? new URL(known["token_endpoint"]!).origin;
    const discovered = this.#description.discovery ? await this.#discover(name, clientId) : { issuer: name };
    return { ...fromCatalogue, ...discovered, ...fromOperator };
  }

  async #discover(issuer: string, clientId: string): Promise<ServerMetadata> {
    const now = this.#dependencies.clock.now().getTime();
    if (this.#discovered !== null && this.#discovered.until > now) return this.#discovered.metadata;
    // Not the caller's signal: others may be waiting for the same answer.
    const metadata = discovery(new URL(issuer), clientId, {}, None(), {
      [customFetch]: oauthFetch(this.#dependencies, { answer: "document" }),
      execute: this.#insecure ? [allowInsecureRequests] : [],
    }).then((configuration) => ({ ...configuration.serverMetadata() }));
    const entry = { metadata, until: now + discoveryLifetimeMs };
    this.#discovered = entry;
    try {
      return await metadata;
    } catch (error) {
      if (this.#discovered === entry) this.#discovered = null;
      throw error;
    }
  }
}
