import type { AuditedAction, AuditTrail } from "../audit/audit-trail.ts";
import type { Caller } from "../callers/caller.ts";
import { defaultLabel } from "../credentials/credential-store.ts";
import type { Secret } from "../lib/secret.ts";
import type { OAuthCredentials, ProviderCredentials } from "../providers/provider-auth.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { AttemptLimits } from "../rate-limits/attempt-limits.ts";
import type { Connected, CredentialConnector } from "./credential-connector.ts";
import { assertMethod, assertOAuthAvailable } from "./oauth/flow-kind.ts";
import type { SessionActivation } from "./session-activation.ts";

export interface ConnectKeyCommand {
  readonly provider: string;
  readonly label: string | null;
  readonly apiKey: Secret;
  /** The session in which it becomes active. */
  readonly sessionId: string | null;
}

/** Tokens that were obtained elsewhere. */
export interface ImportCommand {
  readonly provider: string;
  readonly label: string | null;
  readonly credentials: OAuthCredentials;
}

/** Credentials of another system, whose operator vouches for them. */
export interface AdoptCommand {
  readonly provider: string;
  readonly label: string | null;
  readonly credentials: ProviderCredentials;
}

/** Takes credentials in, by whichever door but OAuth they come. Each attempt counts, and a refused one is on record. */
export class CredentialIntake {
  readonly #registry: ProviderRegistry;
  readonly #audit: AuditTrail;
  readonly #attempts: AttemptLimits;
  readonly #connector: CredentialConnector;
  readonly #activation: SessionActivation;

  constructor(parts: {
    readonly registry: ProviderRegistry;
    readonly audit: AuditTrail;
    readonly attempts: AttemptLimits;
    readonly connector: CredentialConnector;
    readonly activation: SessionActivation;
  }) {
    this.#registry = parts.registry;
    this.#audit = parts.audit;
    this.#attempts = parts.attempts;
    this.#connector = parts.connector;
    this.#activation = parts.activation;
  }

  /** Checks an API key with its provider, then stores it. @throws AuthError */
  async connectKey(caller: Caller, command: ConnectKeyCommand): Promise<Connected> {
    const { provider, label, apiKey, sessionId } = command;
    const where = { userId: caller.userId, provider, label: label ?? defaultLabel };
    return this.#attempt(caller, "credential.authenticate", provider, async () => {
      await this.#activation.require(caller.userId, sessionId);
      const auth = this.#registry.get(provider);
      await this.#connector.expectMayStore(caller, { ...where, authMethod: "api_key" });
      const credentials = await auth.authenticate({ method: "api_key", apiKey });
      const key = { ...where, authMethod: credentials.method };
      const activate = this.#activation.within(sessionId);
      return this.#connector.connect(caller, key, credentials, "credential.authenticate", activate);
    });
  }

  /** Checks tokens with their provider, then stores them. @throws AuthError */
  async import(caller: Caller, { provider, label, credentials }: ImportCommand): Promise<Connected> {
    return this.#attempt(caller, "credential.import", provider, async () => {
      const auth = this.#registry.get(provider);
      assertOAuthAvailable(auth);
      const key = { userId: caller.userId, provider, authMethod: credentials.method, label: label ?? defaultLabel };
      await this.#connector.expectMayStore(caller, key);
      const accepted = await auth.validateCredentials(credentials);
      return this.#connector.connect(caller, key, accepted, "credential.import");
    });
  }

  /**
   * Stores credentials as they are. Their provider is not asked, since an access token may have ended whose refresh
   * token lives; the next use or renewal shows whether they work.
   * @throws ProviderNotFoundError, MethodUnavailableError
   */
  async adopt(caller: Caller, { provider, label, credentials }: AdoptCommand): Promise<Connected> {
    return this.#attempt(caller, "credential.import", provider, async () => {
      assertMethod(this.#registry.get(provider), credentials.method);
      const key = { userId: caller.userId, provider, authMethod: credentials.method, label: label ?? defaultLabel };
      return this.#connector.adopt(caller, key, credentials, "credential.import");
    });
  }

  async #attempt<T>(
    caller: Caller,
    action: AuditedAction["action"],
    provider: string,
    work: () => Promise<T>,
  ): Promise<T> {
    // A name that is no provider's may be a key in the wrong field.
    const attempt = { action, provider: this.#registry.find(provider)?.name ?? null };
    return this.#attempts.authentication(caller, attempt, () => this.#audit.attempt(caller, attempt, work));
  }
}
