import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Caller } from "../../callers/caller.ts";
import { readAuthorizationResponse, type AuthorizationResponse } from "../../connect/oauth/authorization-response.ts";
import type { OAuthFlowStore } from "../../connect/oauth/flow-store.ts";
import { flowStatus, type OAuthFlow } from "../../connect/oauth/flow.ts";
import type { OAuthFlows } from "../../connect/oauth/flows.ts";
import { AuthError, ProviderUnavailableError, RateLimitedError } from "../../errors/auth-error.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { AttemptLimits } from "../../rate-limits/attempt-limits.ts";
import type { ClientAddresses } from "../client-ip.ts";
import { setRateLimitHeaders } from "../rate-limit-headers.ts";
import { sendRefusal } from "../respond.ts";
import { readBindings } from "./binding-cookie.ts";
import { type CallbackPage, sendCallbackPage } from "./callback-page.ts";

export interface OAuthCallbackOptions {
  readonly flows: OAuthFlows;
  readonly store: OAuthFlowStore;
  readonly attempts: AttemptLimits;
  readonly addresses: ClientAddresses;
  readonly allowedOrigins: readonly string[];
  /** Whether browsers reach this server by https. */
  readonly isSecure: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

type Outcome = Omit<CallbackPage, "allowedOrigins">;

const providerBusy = "The provider cannot take the sign-in right now.";
const otherWindow = "Another window is completing this sign-in.";

/** How long a page waits for the request that is completing its flow, and how often it looks; milliseconds. */
const maxWaitMs = 5_000;
const lookIntervalMs = 100;

/**
 * A browser that loads ahead of its user (https://wicg.github.io/nav-speculation/prefetch.html, section on Sec-Purpose;
 * `Purpose`, `X-Purpose` and `X-Moz` are what older browsers send).
 */
function isSpeculative({ headers }: IncomingMessage): boolean {
  const purposes = [headers["sec-purpose"], headers["purpose"], headers["x-purpose"], headers["x-moz"]];
  return purposes.some((purpose) => /prefetch|prerender|preview/i.test(String(purpose ?? "")));
}

/**
 * Whether a browser opens the page for its user, as far as the request tells. Images, frames and scripts of other pages
 * come here as well, and count nothing (Fetch Metadata, sections 2.1 and 2.2).
 */
function isNavigation({ headers }: IncomingMessage): boolean {
  const { "sec-fetch-dest": destination = "document", "sec-fetch-mode": mode = "navigate" } = headers;
  return destination === "document" && mode !== "no-cors";
}

/**
 * `GET /auth/<provider>/callback`. It ends a flow by itself only in the browser that began it, which the flow's cookie
 * proves; anywhere else the consent could be somebody else's, so it exchanges nothing and hands the code to the
 * application, whose user then proves who they are. In that browser a repeated callback shows what became of the flow.
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
    if (isSpeculative(request)) {
      // Browsers drop a prefetched error and load the page again once its user goes there.
      sendRefusal(response, 503, "NOT_PREFETCHABLE", "This page cannot be loaded ahead. Nothing was done.");
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
    const isReload = parameters.size === 0;
    const flow = isReload
      ? await this.#lastEnded(request, provider)
      : authorization === null
        ? null
        : await store.findByState(provider, authorization.state);
    const isBound = flow !== null && this.#isBound(request, flow);
    if (isBound && (authorization !== null || isReload)) {
      sendCallbackPage(response, { ...(await this.#outcome(request, flow, authorization)), allowedOrigins });
    } else if (authorization !== null && flow?.status === "pending") {
      sendCallbackPage(response, { outcome: "handover", allowedOrigins, authorization });
    } else {
      if (isNavigation(request)) await attempts.unknownState(addresses.of(request));
      sendCallbackPage(response, { outcome: "unknown", allowedOrigins });
    }
  }

  /** The page takes its parameters out of the address: what is loaded again is the flow that has ended last here. */
  async #lastEnded(request: IncomingMessage, provider: string): Promise<OAuthFlow | null> {
    const { store, isSecure } = this.#options;
    const flows = await store.findEnded(provider, [...readBindings(request, isSecure).keys()]);
    return flows.find((flow) => this.#isBound(request, flow)) ?? null;
  }

  #isBound(request: IncomingMessage, flow: OAuthFlow): boolean {
    const binding = readBindings(request, this.#options.isSecure).get(flow.id);
    return binding !== undefined && this.#options.store.isBoundTo(flow, binding);
  }

  /**
   * Completes a flow that is pending; of one that is not, or that another request is completing, tells what became of
   * it.
   */
  async #outcome(
    request: IncomingMessage,
    flow: OAuthFlow,
    authorization: AuthorizationResponse | null,
  ): Promise<Outcome> {
    if (flow.status === "pending" && authorization !== null) {
      try {
        const ip = this.#options.addresses.of(request);
        await this.#options.flows.complete(callerOf(request, flow, ip), authorization, flow.provider);
      } catch (error) {
        if (error instanceof RateLimitedError) throw error;
        if (error instanceof ProviderUnavailableError && error.unprocessed) {
          return { outcome: "busy", reason: providerBusy, refreshAfter: Math.max(error.retryAfter ?? 0, 1) };
        }
        // An AuthError has ended the flow, or says that another request has taken it.
        if (!(error instanceof AuthError)) {
          this.#options.log.tell("callback.failed", { provider: flow.provider, err: error });
          return { outcome: "failed" };
        }
      }
    }
    return this.#settled(flow);
  }

  /** What became of a flow; while a request is completing it, this waits. */
  async #settled({ userId, id }: OAuthFlow): Promise<Outcome> {
    const { store, clock } = this.#options;
    for (const giveUpAt = Date.now() + maxWaitMs; ; await delay(lookIntervalMs)) {
      const flow = await store.find(userId, id);
      if (flow === null) return { outcome: "unknown" };
      const now = clock.now();
      const status = flowStatus(flow, now);
      if (status === "expired") return { outcome: "unknown" };
      if (status === "failed") return { outcome: "failed", reason: flow.errorMessage ?? undefined };
      if (status !== "pending") return { outcome: status };
      // Pending again: another request found the provider busy, and the same address can be loaded again.
      if (flow.status === "pending" || Date.now() > giveUpAt)
        return { outcome: "busy", reason: otherWindow, refreshAfter: 2 };
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
