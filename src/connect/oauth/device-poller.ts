import type { Caller } from "../../callers/caller.ts";
import { AuthError, ProviderUnavailableError } from "../../errors/auth-error.ts";
import type { Logger } from "../../observability/logger.ts";
import type { ProviderRegistry } from "../../providers/registry.ts";
import type { OAuthFlowStore } from "./flow-store.ts";
import type { OAuthFlow } from "./flow.ts";
import type { OAuthFlows } from "./flows.ts";

const lookIntervalMs = 1_000;
const batchSize = 10;
/** Longer than a poll can take: after it another process takes over. */
const leaseSeconds = 30;
/** What `slow_down` adds to the interval, in seconds (RFC 8628, section 3.5). */
const slowDownSeconds = 5;
/** The longest wait, in seconds, that this server chooses itself after polls without an answer. */
const maxBackOffSeconds = 60;

/**
 * Seconds until the next poll after `failures` in a row brought no usable answer: twice as long each time
 * (RFC 8628, section 3.5), and never shorter than the provider asks for.
 */
export function backOffSeconds(interval: number, failures: number, retryAfter: number | null): number {
  const doubled = interval * 2 ** Math.min(failures, 10);
  return Math.max(Math.min(doubled, maxBackOffSeconds), interval, retryAfter ?? 0);
}

/** Asks providers whether users have decided on their device flows. Any number of processes share the work. */
export class DevicePoller implements AsyncDisposable {
  readonly #registry: ProviderRegistry;
  readonly #store: OAuthFlowStore;
  readonly #flows: OAuthFlows;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: {
    readonly registry: ProviderRegistry;
    readonly store: OAuthFlowStore;
    readonly flows: OAuthFlows;
    readonly log: Logger;
  }) {
    this.#registry = parts.registry;
    this.#store = parts.store;
    this.#flows = parts.flows;
    this.#log = parts.log;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#working = this.#pollDue().finally(() => this.#schedule());
    }, lookIntervalMs).unref();
  }

  async #pollDue(): Promise<void> {
    try {
      const due = await this.#store.claimDue(batchSize, leaseSeconds);
      await Promise.all(due.map((flow) => this.#poll(flow)));
    } catch (error) {
      this.#log.tell("device_flows.unpolled", { err: error });
    }
  }

  async #poll(flow: OAuthFlow): Promise<void> {
    const caller = callerOf(flow);
    const interval = flow.pollInterval ?? slowDownSeconds;
    try {
      const { deviceCode, codeVerifier } = await this.#store.openSecrets(flow);
      if (deviceCode === null) return;
      const answer = await this.#registry.get(flow.provider).pollDeviceFlow(deviceCode, codeVerifier);
      if (answer.status === "pending")
        await this.#store.postpone(flow, answer.slowDown ? interval + slowDownSeconds : interval);
      else await this.#flows.completeWith(caller, flow, answer.credentials);
    } catch (error) {
      // No answer says nothing of the user's decision; a refusal with a code ends the flow.
      if (error instanceof ProviderUnavailableError && error.vendorCode === null) {
        await this.#store.backOff(flow, backOffSeconds(interval, flow.pollFailures + 1, error.retryAfter));
      } else if (error instanceof AuthError) await this.#flows.fail(caller, flow, error);
      else throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#working;
  }
}

/** A device flow ends without a request of its user's. */
function callerOf({ userId, expiresAt }: OAuthFlow): Caller {
  return { userId, actor: userId, scopes: new Set(), expiresAt, ip: null, userAgent: null };
}
