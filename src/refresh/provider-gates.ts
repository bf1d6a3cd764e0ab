import type { ProviderAuth } from "../providers/provider-auth.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { ClaimSlots } from "./lease.ts";
import { type GateLimits, ProviderGate } from "./provider-gate.ts";

/** The gates of all providers, made when they are first needed. */
export class ProviderGates implements Disposable {
  readonly #limits: GateLimits;
  readonly #gates = new Map<string, ProviderGate>();

  constructor(limits: GateLimits) {
    this.#limits = limits;
  }

  of({ name, displayName }: ProviderAuth): ProviderGate {
    let gate = this.#gates.get(name);
    if (gate === undefined) this.#gates.set(name, (gate = new ProviderGate(displayName, this.#limits)));
    return gate;
  }

  /** The gates that were needed so far, by provider. */
  list(): [provider: string, gate: ProviderGate][] {
    return [...this.#gates];
  }

  /** Where refreshes could start now. */
  slots(registry: ProviderRegistry): ClaimSlots[] {
    return registry.list().flatMap((provider) => {
      const canRefresh = provider
        .getAvailableMethods()
        .some(({ method, available }) => method === "oauth" && available);
      if (!canRefresh) return [];
      const { free, perUser, busyUsers } = this.of(provider);
      const { name, replayWindow } = provider;
      return free === 0 ? [] : [{ provider: name, free, perUser, busyUsers, replayWindow }];
    });
  }

  /** Milliseconds until the first of the providers that are down may be tried again; null where none is. */
  get untilProbeMs(): number | null {
    const waits = [...this.#gates.values()].flatMap(({ untilProbeMs }) => untilProbeMs ?? []);
    return waits.length === 0 ? null : Math.min(...waits);
  }

  [Symbol.dispose](): void {
    for (const gate of this.#gates.values()) gate[Symbol.dispose]();
  }
}
