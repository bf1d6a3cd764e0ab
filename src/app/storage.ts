import { startUseRetention } from "../access/use-retention.ts";
import { startAuditRetention } from "../audit/audit-retention.ts";
import type { Config } from "../config/config.ts";
import { KeyWatch } from "../credentials/rotation/key-watch.ts";
import { openVault, type Vault } from "../credentials/vault.ts";
import { openClock } from "../db/configured-database.ts";
import type { Database } from "../db/database.ts";
import { assertMigrated, migrate } from "../db/migrate.ts";
import { OperatorError } from "../errors/operator-error.ts";
import { openDoorbell } from "../events/configured-doorbell.ts";
import type { Doorbell } from "../events/doorbell.ts";
import { EventStream } from "../events/event-stream.ts";
import { Outbox } from "../events/outbox.ts";
import { startEventRetention } from "../events/retention.ts";
import { StreamWatch } from "../events/stream-watch.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../observability/logger.ts";
import type { StatementMetrics } from "../observability/metrics.ts";
import { OutageLog } from "../observability/outage-log.ts";
import { openRateLimitStore } from "../rate-limits/configured-store.ts";
import { RateLimiter } from "../rate-limits/limiter.ts";
import { openConfiguredDatabase } from "./database.ts";
import type { AppBase } from "./overrides.ts";

/** The database and what stands directly on it: the vault of credentials and the stream of events. */
export interface Storage extends Vault {
  readonly database: Database;
  readonly clock: Clock;
  readonly doorbell: Doorbell;
  readonly watch: StreamWatch;
  readonly outbox: Outbox;
  readonly stream: EventStream;
  readonly limiter: RateLimiter;
}

const dayMs = 86_400_000;

async function openMigratedVault(
  config: Config,
  { database, clock }: { database: Database; clock: Clock },
  { onStep, onWait, background }: AppBase,
): Promise<Vault> {
  const waitMs = config.databaseWaitSeconds * 1_000;
  const applied = background ? await migrate(database, { waitMs, onWait }) : await assertMigrated(database);
  onStep(applied.length === 0 ? "schema is up to date" : `schema migrated: ${applied.join(", ")}`);
  const vault = await openVault(database, config, clock);
  onStep(`encryption keys opened; sealing with key ${vault.keyring.active.id}`);
  return vault;
}

/** Seconds after which a statement is worth a line in the log. */
const slowSeconds = 1;

/** @param metrics null where they are off */
function observeDatabase(
  database: Database,
  { log, metrics }: { readonly log: Logger; readonly metrics: StatementMetrics | null },
): void {
  const outage = new OutageLog(log, { lost: "database.lost", regained: "database.regained" });
  database.observe({
    statementEnded: (text, seconds) => {
      metrics?.statementEnded(database.labelOf(text), seconds);
      if (seconds >= slowSeconds) log.tell("database.slow", { statement: database.labelOf(text), seconds });
    },
    connected: () => outage.regained(),
    connectFailed: (error) => {
      const { code } = error as { readonly code?: unknown };
      const { reason, cure } =
        error instanceof OperatorError ? error : { reason: "The connection failed.", cure: "Look into its log." };
      outage.lost(reason, { reason, cure, code });
    },
  });
}

/** @throws KeyringError, FolderInUseError, or whatever keeps the database from opening. */
export async function openStorage(config: Config, base: AppBase): Promise<Storage> {
  const { stack, overrides, log, metrics, onStep, onWait, background } = base;
  // A command is tried again by whoever has typed it.
  const waits = {
    onStep,
    onWait,
    waitMs: background ? config.databaseWaitSeconds * 1_000 : 0,
    isForWriting: background,
  };
  const database = overrides.database ?? stack.use(await openConfiguredDatabase(config, waits));
  if (background) observeDatabase(database, { log, metrics: config.metrics === null ? null : metrics });
  metrics.observe(
    "maestro_database_connections",
    "Connections to PostgreSQL by state, and callers that wait for one.",
    ["state"],
    () => Object.entries(database.connections() ?? {}).map(([state, count]) => [{ state }, count]),
  );
  const clock = overrides.clock ?? stack.use(await openClock(database, log));
  const vault = await openMigratedVault(config, { database, clock }, base);
  // No other process can make keys in an embedded database while this one has it.
  if (background && database.url !== null) {
    const intervalMs = overrides.keyringIntervalMs ?? 2_000;
    stack.use(await KeyWatch.start({ database, keyring: vault.keyring, log, intervalMs }));
  }
  const pollIntervalMs = overrides.pollIntervalMs ?? 1_000;
  const doorbell = overrides.doorbell ?? stack.use(await openDoorbell(config, database, log));
  const watch = stack.use(new StreamWatch(database, doorbell, log, pollIntervalMs));
  const outbox = new Outbox(database, doorbell);
  const stream = new EventStream(database, watch, log);
  if (background) stack.use(startEventRetention(database, log, overrides.retention));
  const limits = stack.use(await openRateLimitStore(config, database, log));
  const settings = { ...config.rateLimits, ...overrides.rateLimits };
  const limiter = new RateLimiter(settings, limits, config.encryptionKeys[0]!.bytes);
  const retention = { keepMs: config.auditRetentionDays * dayMs, ...overrides.auditRetention };
  if (background) {
    stack.use(startAuditRetention(database, log, retention));
    stack.use(startUseRetention(database, log, retention));
  }
  return { ...vault, database, clock, doorbell, watch, outbox, stream, limiter };
}
