import type { Configuration } from "openid-client";
import type { AuthMethod, OAuthCredentials } from "../provider-auth.ts";
import type { ProviderDependencies } from "../provider-definition.ts";
import { OAuthAvailability } from "./availability.ts";
import { readOAuthCredentials } from "./credentials.ts";
import type { OAuthDescription } from "./description.ts";
import type { TokenResponse } from "./device-flow.ts";
import { OAuthFailures, type OAuthStep } from "./failure.ts";
import type { OAuthExchange } from "./fetch.ts";
import { OAuthServer } from "./server.ts";

interface OAuthClientOptions {
  readonly name: string;
  readonly displayName: string;
  readonly description: OAuthDescription;
  /** The provider's other methods. */
  readonly others: readonly AuthMethod[];
  readonly dependencies: ProviderDependencies;
}

/** How far a call came: whether its own request had its turn, and whether that brought a success. */
interface CallProgress {
  wasSent: boolean;
  wasAnswered: boolean;
}

/** The operator's client at one authorization server: makes calls, and turns their failures into refusals. */
export class OAuthClient {
  readonly displayName: string;
  readonly description: OAuthDescription;
  readonly dependencies: ProviderDependencies;
  readonly availability: OAuthAvailability;
  readonly server: OAuthServer;
  readonly #failures: OAuthFailures;

  constructor({ name, displayName, description, others, dependencies }: OAuthClientOptions) {
    const { oauth: settings } = dependencies.settings;
    this.displayName = displayName;
    this.description = description;
    this.dependencies = dependencies;
    this.server = new OAuthServer(description, settings, dependencies);
    const canAskForCodes = this.server.deviceUrl !== null || description.device?.kind === "rfc8628";
    const flows = description.flows.filter((kind) => kind !== "device" || canAskForCodes);
    this.availability = new OAuthAvailability({ name, displayName, description, settings, flows, others });
    const { terminalCodes = [] } = description;
    this.#failures = new OAuthFailures({ displayName, variables: this.availability.variables, terminalCodes });
  }

  /** ID tokens come (OpenID Connect Core, section 3.1.2.1). */
  get isOpenId(): boolean {
    return this.description.scopes.includes("openid");
  }

  /** The parameter of RFC 8707, for providers that want it. */
  get resource(): { readonly resource?: string } {
    const { resource } = this.description;
    return resource === undefined ? {} : { resource };
  }

  /** Makes one call with a configuration for it. @throws AuthError */
  async run<T>(step: OAuthStep, exchange: OAuthExchange, call: (to: Configuration) => Promise<T>): Promise<T> {
    return this.translated(step, async (progress) => {
      const { isKnownCode } = this.#failures;
      const onAnswer = () => (progress.wasAnswered = true);
      const ignoreIdToken = exchange.ignoreIdToken ?? !this.isOpenId;
      const configuration = await this.server.configuration({ ...exchange, isKnownCode, ignoreIdToken, onAnswer });
      progress.wasSent = true;
      try {
        return await call(configuration);
      } finally {
        this.server.keepKeys(configuration);
      }
    });
  }

  /** @throws AuthError instead of what a library or the network throws. */
  async translated<T>(step: OAuthStep, call: (progress: CallProgress) => Promise<T>): Promise<T> {
    this.availability.require();
    const progress = { wasSent: false, wasAnswered: false };
    try {
      return await call(progress);
    } catch (error) {
      throw this.#failures.translate(error, step, progress.wasSent, progress.wasAnswered);
    }
  }

  /** `previous` is what stays as it was where the answer leaves it out. */
  read(answer: TokenResponse, previous?: OAuthCredentials): OAuthCredentials {
    const before = previous ?? { refreshToken: null, account: null, scopes: this.description.scopes, lifetime: null };
    const credentials = readOAuthCredentials(answer, before, this.description, this.dependencies.clock);
    const { clientId } = this.dependencies.settings.oauth;
    return clientId === null ? credentials : { ...credentials, client: clientId };
  }
}
