import { randomBytes } from "node:crypto";
import type { AuditTrail } from "../../audit/audit-trail.ts";
import type { Caller } from "../../callers/caller.ts";
import { InsufficientAuthenticationError, type StepUp } from "../../callers/step-up.ts";
import { defaultLabel } from "../../credentials/credential-store.ts";
import type { Database } from "../../db/database.ts";
import { AuthError, InvalidCredentialError, ProviderUnavailableError } from "../../errors/auth-error.ts";
import type { Doorbell } from "../../events/doorbell.ts";
import type { Clock } from "../../lib/clock.ts";
import { Secret } from "../../lib/secret.ts";
import type { Logger } from "../../observability/logger.ts";
import { describeRetry } from "../../providers/credential-probe.ts";
import { isClientRefusal } from "../../providers/oauth/failure.ts";
import type { OAuthCredentials, OAuthFlowKind, ProviderCredentials } from "../../providers/provider-auth.ts";
import type { ProviderRegistry } from "../../providers/registry.ts";
import type { AttemptLimits } from "../../rate-limits/attempt-limits.ts";
import type { Connected, CredentialConnector } from "../credential-connector.ts";
import type { SessionActivation } from "../session-activation.ts";
import type { AuthorizationResponse } from "./authorization-response.ts";
import { exchangeCode } from "./flow-exchange.ts";
import { defaultKind } from "./flow-kind.ts";
import type { FlowRedirects } from "./flow-redirects.ts";
import type { OAuthFlowStore } from "./flow-store.ts";
import type { OAuthFlow } from "./flow.ts";

/** Seconds until a code can be sent again, where the provider does not say. */
const usualRetryAfter = 5;

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

export interface CompletedFlow extends Connected {
  readonly flow: OAuthFlow;
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
  readonly #log: Logger;
  readonly #stepUp: StepUp;

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
    readonly log: Logger;
    readonly stepUp: StepUp;
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
    this.#log = parts.log;
    this.#stepUp = parts.stepUp;
  }

  /**
   * @throws ProviderNotFoundError, MethodUnavailableError, RedirectUriNotAllowedError, SessionNotFoundError,
   * RateLimitedError or ProviderUnavailableError.
   */
  async initiate(caller: Caller, command: InitiateCommand): Promise<StartedFlow> {
    const provider = this.#registry.get(command.provider);
    await this.#activation.require(caller.userId, command.sessionId);
    const kind = command.kind ?? defaultKind(provider);
    const label = command.label ?? defaultLabel;
    const key = { userId: caller.userId, provider: provider.name, authMethod: "oauth", label } as const;
    await this.#connector.expectMayStore(caller, key);
    const redirectUri = this.#redirects.choose(provider, kind, command.redirectUri);
    await this.#attempts.oauthStart(caller, provider.name);
    await this.#flows.expectRoom(caller.userId);
    const [state, nonce, codeVerifier] = [random(), random(), new Secret(random())];
    // An empty list is no scope parameter (RFC 6749, section 3.3).
    const scopes = command.scopes?.length === 0 ? null : command.scopes;
    const start = await provider
      .initiateOAuthFlow({ kind, redirectUri, scopes, state, nonce, codeVerifier })
      .catch((error: unknown) => {
        this.#tellOperator(provider.name, "start", error);
        throw error;
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
      label,
      sessionId: command.sessionId,
      mayReplace: this.#stepUp.isMetBy(caller),
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
   * Ends a flow of the caller's own with what the provider sent back. A code that the provider may have seen is not
   * sent again.
   * @throws ProviderNotFoundError, MethodUnavailableError, SessionNotFoundError, RateLimitedError, OAuthStateError or
   * an `unprocessed` ProviderUnavailableError (nothing has changed, and the flow goes on), OAuthDeniedError,
   * InvalidCredentialError, QuotaExceededError or another ProviderUnavailableError (the flow has ended).
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
    this.#tellOperator(flow.provider, flow.kind === "device" ? "poll" : "exchange", error);
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
      const connected = await this.#connector.connect(
        caller,
        key,
        credentials,
        "credential.authenticate",
        async (em, stored, emit) => {
          await this.#flows.complete(em, flow, stored.id);
          await activate(em, stored, emit);
        },
        flow.mayReplace || this.#stepUp.isMetBy(caller),
      );
      this.#registry.get(flow.provider).health.recover();
      const completed = await this.#flows.find(flow.userId, flow.id);
      return { flow: completed ?? flow, ...connected };
    } catch (error) {
      const later = error instanceof ProviderUnavailableError ? this.#goingOn(flow, error) : null;
      if (later !== null) {
        await this.#flows.release(flow);
        throw later;
      }
      await this.fail(caller, flow, error instanceof AuthError ? error : reasonOf(error));
      throw error;
    }
  }

  /** The refusal of a flow that can still be completed with the same code; null where it has to end. */
  #goingOn({ expiresAt }: OAuthFlow, error: ProviderUnavailableError): ProviderUnavailableError | null {
    const { unprocessed, detail, cause } = error;
    const retryAfter = error.retryAfter ?? usualRetryAfter;
    if (!unprocessed || this.#clock.now().getTime() + retryAfter * 1000 >= expiresAt.getTime()) return null;
    const message = `${detail} The authorization code was not used and can be sent again. ${describeRetry(retryAfter)}`;
    return new ProviderUnavailableError(message, { unprocessed, detail, cause, retryAfter });
  }

  /**
   * A refusal stands in the log. One of this server's own client, in the provider's own answer, is a complaint as well:
   * what a user brings back in the browser, or the scopes that they asked for, is not.
   */
  #tellOperator(name: string, step: "start" | "exchange" | "poll", error: unknown): void {
    if (!(error instanceof AuthError) || error.vendorCode === null) return;
    const { vendorCode, message } = error;
    this.#log.tell("provider.sign_in_refused", { provider: name, operation: step, vendorCode, reason: message });
    const isOfScopes = step === "start" && vendorCode === "invalid_scope";
    if (isClientRefusal(error) && !isOfScopes) {
      this.#registry.find(name)?.health.complain(`${message} The provider's error code is ${vendorCode}.`);
    }
  }
}

function reasonOf(error: unknown): AuthError {
  if (!(error instanceof InsufficientAuthenticationError)) return unexpected(error);
  const message =
    "Nothing was stored: to replace a credential, the user has to log in again first, and then start again.";
  return new InvalidCredentialError(message, { cause: error });
}

function unexpected(cause: unknown): ProviderUnavailableError {
  return new ProviderUnavailableError("The sign-in failed in this server. Start again.", { cause });
}
