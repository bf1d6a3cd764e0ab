import { randomUUID } from "node:crypto";
import type { AuditTrail } from "../audit/audit-trail.ts";
import type { CredentialSealer } from "../credentials/credential-sealer.ts";
import type { CredentialStore } from "../credentials/credential-store.ts";
import type { RefreshScheduler } from "../credentials/refresh-schedule.ts";
import type { Database } from "../db/database.ts";
import type { Doorbell } from "../events/doorbell.ts";
import type { Outbox } from "../events/outbox.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../observability/logger.ts";
import type { RefreshMetrics } from "../observability/metrics.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import { RefreshCycle } from "./cycle.ts";
import { ExpiryNotices } from "./expiry-notices.ts";
import { type FaultHandler, noFaults } from "./fault-point.ts";
import { RefreshClaims } from "./lease.ts";
import { RefreshRecord } from "./outcome.ts";
import { defaultGateLimits, type GateLimits } from "./provider-gate.ts";
import { ProviderGates } from "./provider-gates.ts";
import { RenewalKeeper } from "./recovery.ts";
import { Refresher } from "./refresher.ts";
import { RefusalJudge } from "./refusal-judge.ts";
import { RefreshSpool } from "./spool.ts";
import { RefreshWorker } from "./worker.ts";

/** What a test may choose about the refreshes of a process. */
export interface RefreshSettings {
  readonly limits?: GateLimits;
  /** Milliseconds between two looks for what is due. */
  readonly intervalMs?: number;
  readonly faults?: FaultHandler;
}

/** The refreshes of one process. Disposing lets those in flight finish. */
export interface Refreshing extends AsyncDisposable {
  readonly refresher: Refresher;
}

/** Stores what an earlier process has left in the spool, then starts to refresh what is due. */
export async function startRefreshing(
  parts: {
    readonly database: Database;
    readonly dataDir: string;
    readonly registry: ProviderRegistry;
    readonly store: CredentialStore;
    readonly sealer: CredentialSealer;
    readonly scheduler: RefreshScheduler;
    readonly outbox: Outbox;
    readonly audit: AuditTrail;
    readonly doorbell: Doorbell;
    readonly metrics: RefreshMetrics;
    readonly clock: Clock;
    readonly log: Logger;
    /** Told of the steps, in words for a person. */
    readonly onStep: (step: string) => void;
    /** Whether anything is refreshed that nobody asked for. */
    readonly background: boolean;
  },
  { limits = defaultGateLimits, intervalMs = 1_000, faults = noFaults }: RefreshSettings = {},
): Promise<Refreshing> {
  await using stack = new AsyncDisposableStack();
  const { database, registry, log } = parts;
  const gates = stack.use(new ProviderGates(limits));
  parts.metrics.observe(
    "maestro_provider_circuit_open",
    "1 while this process leaves a provider alone because it does not answer, or refuses the server's own client.",
    ["provider"],
    () => gates.list().map(([provider, { letsThrough }]) => [{ provider }, letsThrough ? 0 : 1]),
  );
  const claims = new RefreshClaims(database, randomUUID());
  const record = new RefreshRecord(parts);
  const spool = RefreshSpool.open(parts.dataDir, log);
  const keeper = new RenewalKeeper({ spool, record, claims, log, faults });
  // Beside a server that runs, what is in the spool may be what it has just put there.
  const recovered = parts.background ? await keeper.recover({ all: true }) : 0;
  if (recovered > 0) parts.onStep(`stored ${recovered} renewed tokens that the last run had left in the spool`);
  const judge = new RefusalJudge({ ...parts, gates });
  const cycle = new RefreshCycle({ ...parts, gates, record, judge, keeper, faults });
  const refresher = new Refresher({ registry, gates, claims, cycle, log });
  if (parts.background) {
    const notices = new ExpiryNotices(parts);
    stack.use(new RefreshWorker({ registry, gates, claims, refresher, keeper, notices, log, intervalMs }));
  } else {
    stack.defer(() => refresher.close());
  }
  const owned = stack.move();
  return { refresher, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
