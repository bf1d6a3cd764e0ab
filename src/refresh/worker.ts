import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../observability/logger.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { ExpiryNotices } from "./expiry-notices.ts";
import type { ClaimSlots, RefreshClaims } from "./lease.ts";
import type { ProviderGates } from "./provider-gates.ts";
import type { RenewalKeeper } from "./recovery.ts";
import type { Refresher } from "./refresher.ts";

const housekeepingIntervalMs = 10_000;
/**
 * How long refreshes in flight may take to be stored when the server closes: the provider's deadline and a little more.
 */
const closeGraceMs = 12_000;

/** Refreshes what is due. Each process has one, and they share the work by claims alone. */
export class RefreshWorker implements AsyncDisposable {
  readonly #registry: ProviderRegistry;
  readonly #gates: ProviderGates;
  readonly #claims: RefreshClaims;
  readonly #refresher: Refresher;
  readonly #keeper: RenewalKeeper;
  readonly #notices: ExpiryNotices;
  readonly #log: Logger;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | null = null;
  readonly #noticing: NodeJS.Timeout;
  readonly #housekeeping: NodeJS.Timeout;
  #sendingNotices: Promise<void> | null = null;
  #keepingHouse: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: {
    readonly registry: ProviderRegistry;
    readonly gates: ProviderGates;
    readonly claims: RefreshClaims;
    readonly refresher: Refresher;
    readonly keeper: RenewalKeeper;
    readonly notices: ExpiryNotices;
    readonly log: Logger;
    /** Milliseconds between two looks when nothing was due. */
    readonly intervalMs: number;
  }) {
    this.#registry = parts.registry;
    this.#gates = parts.gates;
    this.#claims = parts.claims;
    this.#refresher = parts.refresher;
    this.#keeper = parts.keeper;
    this.#notices = parts.notices;
    this.#log = parts.log;
    this.#intervalMs = parts.intervalMs;
    this.#noticing = setInterval(() => this.#sendNotices(), this.#intervalMs).unref();
    this.#housekeeping = setInterval(() => this.#keepHouse(), housekeepingIntervalMs).unref();
    this.#schedule(this.#intervalMs);
  }

  #schedule(afterMs: number): void {
    if (this.#closed || this.#working !== null) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#working = this.#look().finally(() => {
        this.#working = null;
        // A provider that has come back is not kept waiting for the next look.
        const untilProbeMs = this.#gates.untilProbeMs || this.#intervalMs;
        this.#schedule(Math.min(untilProbeMs, this.#intervalMs));
      });
    }, afterMs).unref();
  }

  async #look(): Promise<void> {
    try {
      while (!this.#closed && (await this.#startDue()));
    } catch (error) {
      this.#log.tell("refresh.unclaimed", { err: error });
    }
  }

  /** Claims as much as there is room for. @returns whether there may be more, once there is room again. */
  async #startDue(): Promise<boolean> {
    const slots = this.#gates.slots(this.#registry);
    const claims = await this.#claims.claimDue(slots);
    const running = claims.map((claim) => this.#refresher.run(claim));
    const isFull = ({ provider, free }: ClaimSlots) =>
      claims.filter((claim) => claim.provider === provider).length >= free;
    if (!slots.some(isFull)) return false;
    // Half of them, so that the next claim is worth a statement; and no longer than a look when one provider hangs.
    const waiting = new AbortController();
    const interval = delay(this.#intervalMs, undefined, { signal: waiting.signal, ref: false }).catch(() => {});
    await Promise.race([settled(running, Math.ceil(running.length / 2)), interval]);
    waiting.abort();
    return true;
  }

  /** Beside the refreshes: after a long outage there may be very many, and they must not keep a token waiting. */
  #sendNotices(): void {
    this.#sendingNotices ??= this.#notices
      .send()
      .catch((error: unknown) => this.#log.tell("refresh.notices_unsent", { err: error }))
      .finally(() => (this.#sendingNotices = null));
  }

  #keepHouse(): void {
    this.#keepingHouse = this.#keepingHouse.then(async () => {
      try {
        await this.#keeper.recover({ all: false });
        await this.#notices.forgetEnded();
      } catch (error) {
        this.#log.tell("refresh.housekeeping_failed", { err: error });
      }
    });
  }

  /** Lets refreshes in flight finish and be stored. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#noticing);
    clearInterval(this.#housekeeping);
    this.#notices.stop();
    const timer = setTimeout(() => this.#keeper.giveUp(), closeGraceMs);
    await this.#working;
    await this.#refresher.close();
    await this.#sendingNotices;
    await this.#keepingHouse;
    clearTimeout(timer);
  }
}

/** Resolves when so many of the promises, none of which rejects, have come to an end. */
async function settled(work: readonly Promise<void>[], count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let ended = 0;
  for (const item of work) {
    void item.then(() => {
      ended += 1;
      if (ended >= count) resolve();
    });
  }
  await promise;
}
