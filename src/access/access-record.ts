import type { ServiceAccesses } from "../audit/service-accesses.ts";
import type { Caller } from "../callers/caller.ts";
import { outcomeOf } from "../errors/outcome.ts";
import type { AccessMetrics } from "../observability/metrics.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { AccessGrant, AccessRequest } from "./grants.ts";

/**
 * Notes what came of each `issueAccess`: all in the metrics, those of services in the audit log. Nobody waits for it.
 */
export class AccessRecord {
  readonly #registry: ProviderRegistry;
  readonly #accesses: ServiceAccesses;
  readonly #metrics: AccessMetrics;

  constructor(parts: {
    readonly registry: ProviderRegistry;
    readonly accesses: ServiceAccesses;
    readonly metrics: AccessMetrics;
  }) {
    this.#registry = parts.registry;
    this.#accesses = parts.accesses;
    this.#metrics = parts.metrics;
  }

  granted(caller: Caller, { provider: { name: provider }, source, credentialId }: AccessGrant): void {
    const access = { action: "credential.access", outcome: "succeeded", provider, credentialId } as const;
    // The server's own key is nobody's of its users: whoever gets it is on record.
    this.#accesses.record(caller, { ...access, isOwn: source === "stored" && caller.actor === caller.userId });
    this.#metrics.accessAnswered({ provider, source, outcome: "succeeded" });
  }

  refused(caller: Caller, request: AccessRequest, error: unknown): void {
    const outcome = outcomeOf(error);
    // A name that is no provider's may be a key in the wrong field.
    const provider = request.provider === null ? null : (this.#registry.find(request.provider)?.name ?? null);
    this.#accesses.record(caller, { action: "credential.access", outcome, provider, credentialId: null });
    this.#metrics.accessAnswered({ provider, source: null, outcome });
  }
}
