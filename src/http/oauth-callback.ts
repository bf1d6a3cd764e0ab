import type { IncomingMessage, ServerResponse } from "node:http";
import type { AttemptLimits } from "../auth/attempt-limits.ts";
import type { OAuthFlow } from "../auth/oauth-flow.ts";
import type { OAuthFlowStore } from "../auth/oauth-flow-store.ts";
import type { OAuthFlows } from "../auth/oauth-flows.ts";
import { readAuthorizationResponse, type AuthorizationResponse } from "../auth/pasted-code.ts";
import type { Caller } from "../callers/caller.ts";
import { AuthError, OAuthDeniedError, OAuthStateError, RateLimitedError } from "../errors.ts";
import type { Logger } from "../observability/logger.ts";
import { expiredBindingCookie, readBinding } from "./binding-cookie.ts";
import { type CallbackOutcome, sendCallbackPage } from "./callback-page.ts";
import type { ClientAddresses } from "./client-ip.ts";
import { setRateLimitHeaders } from "./rate-limit-headers.ts";
import { sendRefusal } from "./respond.ts";

export interface OAuthCallbackOptions {
  readonly flows: OAuthFlows;
  readonly store: OAuthFlowStore;
  readonly attempts: AttemptLimits;
  readonly addresses: ClientAddresses;
  readonly allowedOrigins: readonly string[];
  /** Whether browsers reach this server by https. */
  readonly isSecure: boolean;
  readonly log: Logger;
}

function outcomeOf(error: AuthError): CallbackOutcome {
  if (error instanceof OAuthDeniedError) return "denied";
  return error instanceof OAuthStateError ? "unknown" : "failed";
}

/**
 * `GET /auth/<provider>/callback`. It ends a flow by itself only in the browser that began it, which the flow's cookie
 * proves; anywhere else the consent could be somebody else's, so it exchanges nothing and hands the code to the
 * application, whose user then proves who they are.
 */
export class OAuthCallback {
  readonly #options: OAuthCallbackOptions;

  constructor(options: OAuthCallbackOptions) {
    this.#options = options;
  }

  async handle(request: IncomingMessage, response: ServerResponse, provider: string): Promise<void> {
    if (request.method !== "GET") {
      response.setHeader("allow", "GET");
      sendRefusal(response, 405, "METHOD_NOT_ALLOWED", "A provider sends the browser here by GET.");
      return;
    }
    try {
      await this.#answer(request, response, provider);
    } catch (error) {
      if (!(error instanceof RateLimitedError)) throw error;
      setRateLimitHeaders(response, error);
      sendCallbackPage(response, { outcome: "limited", allowedOrigins: this.#options.allowedOrigins });
    }
  }

  /** @throws RateLimitedError; a flow that it belongs to goes on then. */
  async #answer(request: IncomingMessage, response: ServerResponse, provider: string): Promise<void> {
    const { store, attempts, allowedOrigins, addresses } = this.#options;
    const parameters = new URL(request.url ?? "/", "http://callback").searchParams;
    const authorization = readAuthorizationResponse(parameters);
    const flow = authorization === null ? null : await store.findPending(provider, authorization.state);
    if (authorization === null || flow === null) {
      await attempts.unknownState(addresses.of(request));
      sendCallbackPage(response, { outcome: "unknown", allowedOrigins });
      return;
    }
    if (!this.#isBound(request, flow)) {
      sendCallbackPage(response, { outcome: "handover", allowedOrigins, authorization });
      return;
    }
    const outcome = await this.#complete(request, flow, authorization);
    response.appendHeader("set-cookie", expiredBindingCookie(flow.id, this.#options.isSecure));
    sendCallbackPage(response, { outcome, allowedOrigins });
  }

  #isBound(request: IncomingMessage, flow: OAuthFlow): boolean {
    const binding = readBinding(request, flow.id, this.#options.isSecure);
    return binding !== null && this.#options.store.isBoundTo(flow, binding);
  }

  async #complete(
    request: IncomingMessage,
    flow: OAuthFlow,
    authorization: AuthorizationResponse,
  ): Promise<CallbackOutcome> {
    try {
      const ip = this.#options.addresses.of(request);
      await this.#options.flows.complete(callerOf(request, flow, ip), authorization, flow.provider);
      return "completed";
    } catch (error) {
      if (error instanceof RateLimitedError) throw error;
      if (error instanceof AuthError) return outcomeOf(error);
      // The flow has ended as failed; whoever waits for it is told so by the page as well.
      this.#options.log.error({ err: error, provider: flow.provider }, "an OAuth callback failed unexpectedly");
      return "failed";
    }
  }
}

/** The cookie stands for the token of the user who began the flow. */
function callerOf(request: IncomingMessage, { userId, expiresAt }: OAuthFlow, ip: string | null): Caller {
  return {
    userId,
    actor: userId,
    scopes: new Set(),
    expiresAt,
    ip,
    userAgent: request.headers["user-agent"] ?? null,
  };
}
