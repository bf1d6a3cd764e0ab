import { randomBytes } from "node:crypto";
import type { Caller } from "../callers/caller.ts";
import type { Clock } from "../clock.ts";
import { defaultLabel } from "../credentials/credential-store.ts";
import type { ProviderCredential } from "../credentials/provider-credential.ts";
import { Secret } from "../credentials/secret.ts";
import type { Database } from "../db/database.ts";
import type { Doorbell } from "../events/doorbell.ts";
import { AuthError, ProviderUnavailableError } from "../errors.ts";
import type { OAuthCredentials, OAuthFlowKind, ProviderCredentials } from "../providers/provider-auth.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { AttemptLimits } from "./attempt-limits.ts";
import type { AuditTrail } from "../observability/audit-trail.ts";
import type { CredentialConnector } from "./credential-connector.ts";
import { defaultKind } from "./flow-kind.ts";
import { exchangeCode } from "./flow-exchange.ts";
import type { FlowRedirects } from "./flow-redirects.ts";
import type { OAuthFlow } from "./oauth-flow.ts";
import type { OAuthFlowStore } from "./oauth-flow-store.ts";
import type { AuthorizationResponse } from "./pasted-code.ts";
import type { SessionActivation } from "./session-activation.ts";

/** The life of a state, and of a flow that the provider gives no time of its own. */
const flowLifetimeMs = 600_000;

export interface InitiateCommand {
  readonly provider: string;
  readonly kind: OAuthFlowKind | null;
  readonly redirectUri: string | null;
  readonly scopes: readonly string[] | null;
  readonly label: string | null;
  /** The session in which the new credential becomes active. */
  readonly sessionId: string | null;
}

/** What an application may still decide when a flow ends; it goes before what the flow began with. */
export interface FlowEnd {
  readonly label?: string | null;
  readonly sessionId?: string | null;
}

/** A flow that has just begun: the only time that state, URL and binding are known. */
export interface StartedFlow {
  readonly flow: OAuthFlow;
  /** Null for a device flow: nothing brings it back. */
  readonly state: string | null;
  readonly authorizationUrl: string | null;
  /** Goes into a cookie of the browser that started the flow; null where no callback of this server is awaited. */
  readonly binding: string | null;
}

export interface CompletedFlow {
  readonly flow: OAuthFlow;
  readonly credential: ProviderCredential;
}

const random = () => randomBytes(32).toString("base64url");

/** Begins OAuth flows and ends them, each once. */
export class OAuthFlows {
  readonly #database: Database;
  readonly #registry: ProviderRegistry;
  readonly #flows: OAuthFlowStore;
  readonly #connector: CredentialConnector;
  readonly #audit: AuditTrail;
  readonly #attempts: AttemptLimits;
  readonly #activation: SessionActivation;
  readonly #redirects: FlowRedirects;
  readonly #doorbell: Doorbell;
  readonly #clock: Clock;

  constructor(parts: {
    readonly database: Database;
    readonly registry: ProviderRegistry;
    readonly flows: OAuthFlowStore;
    readonly connector: CredentialConnector;
    readonly audit: AuditTrail;
    readonly attempts: AttemptLimits;
    readonly activation: SessionActivation;
    readonly redirects: FlowRedirects;
    readonly doorbell: Doorbell;
    readonly clock: Clock;
  }) {
    this.#database = parts.database;
    this.#registry = parts.registry;
    this.#flows = parts.flows;
    this.#connector = parts.connector;
    this.#audit = parts.audit;
    this.#attempts = parts.attempts;
    this.#activation = parts.activation;
    this.#redirects = parts.redirects;
    this.#doorbell = parts.doorbell;
    this.#clock = parts.clock;
  }

  /**
   * @throws ProviderNotFoundError, MethodUnavailableError, RedirectUriNotAllowedError, SessionNotFoundError,
   * RateLimitedError or ProviderUnavailableError.
   */
  async initiate(caller: Caller, command: InitiateCommand): Promise<StartedFlow> {
    const provider = this.#registry.get(command.provider);
    await this.#activation.require(caller.userId, command.sessionId);
    const kind = command.kind ?? defaultKind(provider);
    const redirectUri = this.#redirects.choose(provider, kind, command.redirectUri);
    await this.#attempts.oauthStart(caller, provider.name);
    const [state, nonce, codeVerifier] = [random(), random(), new Secret(random())];
    const start = await provider.initiateOAuthFlow({
      kind,
      redirectUri,
      // An empty list is no scope parameter (RFC 6749, section 3.3).
      scopes: command.scopes?.length === 0 ? null : command.scopes,
      state,
      nonce,
      codeVerifier,
    });
    const { device } = start;
    const binding = start.redirectUri === this.#redirects.callback(provider) ? random() : null;
    const lifetimeMs = device === null ? flowLifetimeMs : device.expiresIn * 1000;
    const flow = await this.#flows.create({
      userId: caller.userId,
      provider: provider.name,
      kind,
      redirectUri: start.redirectUri,
      scopes: [...start.scopes],
      label: command.label ?? defaultLabel,
      sessionId: command.sessionId,
      userCode: device?.userCode ?? null,
      verificationUri: device?.verificationUri ?? null,
      pollInterval: device?.interval ?? null,
      expiresAt: new Date(this.#clock.now().getTime() + lifetimeMs),
      state,
      binding,
      secrets: { codeVerifier, nonce, deviceCode: device?.deviceCode ?? null },
    });
    const { authorizationUrl } = start;
    return { flow, state: authorizationUrl === null ? null : state, authorizationUrl, binding };
  }

  /**
   * Ends a flow of the caller's own with what the provider sent back. The code is sent to the provider once.
   * @throws ProviderNotFoundError, MethodUnavailableError, SessionNotFoundError, RateLimitedError or OAuthStateError
   * (nothing has changed),
   * OAuthDeniedError, InvalidCredentialError or ProviderUnavailableError (the flow has ended).
   */
  async complete(
    caller: Caller,
    response: AuthorizationResponse,
    provider?: string,
    end: FlowEnd = {},
  ): Promise<CompletedFlow> {
    const known = await this.#providerOf(caller, response.state, provider);
    const attempt = { action: "credential.authenticate", provider: known } as const;
    return this.#attempts.authentication(caller, attempt, async () => {
      const flow = await this.#take(caller, response.state, provider, end.sessionId ?? null);
      return this.#finish(
        caller,
        flow,
        () => exchangeCode(flow, response, { registry: this.#registry, flows: this.#flows }),
        end,
      );
    });
  }

  /** The provider that an answer is for, as its flow has it where nobody names it; null where that is none. */
  async #providerOf({ userId }: Caller, state: string, named: string | undefined): Promise<string | null> {
    if (named === undefined) return this.#flows.providerOf(userId, state);
    // A name that is no provider's may be a key in the wrong field.
    return this.#registry.find(named)?.name ?? null;
  }

  /** Ends a flow with tokens that are there already, as a device flow does. */
  async completeWith(caller: Caller, flow: OAuthFlow, credentials: OAuthCredentials): Promise<CompletedFlow> {
    return this.#finish(caller, flow, () => Promise.resolve(credentials));
  }

  /** Ends a flow without a credential. One that is over already stays as it is. */
  async fail(caller: Caller, flow: OAuthFlow, error: AuthError): Promise<void> {
    const action = "credential.authenticate";
    const end = () =>
      this.#database.transaction(async (em) => {
        if (!(await this.#flows.fail(em, flow, error))) return;
        await this.#audit.write(em, caller, { action, outcome: error.code, provider: flow.provider });
      });
    await this.#audit.keepFailure(action, error, end);
    this.#doorbell.ring(flow.userId);
  }

  async #take(
    caller: Caller,
    state: string,
    provider: string | undefined,
    sessionId: string | null,
  ): Promise<OAuthFlow> {
    try {
      await this.#activation.require(caller.userId, sessionId);
      // A name that cannot have flows is told as such, not as a wrong state.
      if (provider !== undefined) defaultKind(this.#registry.get(provider));
      const claim = { state, userId: caller.userId };
      return await this.#flows.take(provider === undefined ? claim : { ...claim, provider });
    } catch (error) {
      // A name that is no provider's may be a key in the wrong field.
      const known = provider === undefined ? null : (this.#registry.find(provider)?.name ?? null);
      await this.#audit.writeFailure(caller, { action: "credential.authenticate", provider: known }, error);
      throw error;
    }
  }

  async #finish(
    caller: Caller,
    flow: OAuthFlow,
    obtain: () => Promise<ProviderCredentials>,
    end: FlowEnd = {},
  ): Promise<CompletedFlow> {
    try {
      const credentials = await obtain();
      const label = end.label ?? flow.label;
      const activate = this.#activation.within(end.sessionId ?? flow.sessionId ?? null);
      const key = { userId: flow.userId, provider: flow.provider, authMethod: credentials.method, label };
      const credential = await this.#connector.connect(
        caller,
        key,
        credentials,
        "credential.authenticate",
        async (em, stored, emit) => {
          await this.#flows.complete(em, flow, stored.id);
          await activate(em, stored, emit);
        },
      );
      const completed = await this.#flows.find(flow.userId, flow.id);
      return { flow: completed ?? flow, credential };
    } catch (error) {
      await this.fail(caller, flow, error instanceof AuthError ? error : unexpected(error));
      throw error;
    }
  }
}

function unexpected(cause: unknown): ProviderUnavailableError {
  return new ProviderUnavailableError("The flow failed in this server. Start a new one with `initiateOAuth`.", {
    cause,
  });
}
