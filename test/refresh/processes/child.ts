/**
 * A process that does nothing but refresh: the parts of a server that matter for it, and none that take long to load.
 * Its task comes as JSON in the first argument. It says `ready`, answers `renew`, and ends when it is told to `stop`.
 */
import { subscribe } from "node:diagnostics_channel";
import { flushCompileCache } from "node:module";
import { setTimeout as delay } from "node:timers/promises";
import { openDatabase } from "../../../src/app/database.ts";
import { AuditTrail } from "../../../src/audit/audit-trail.ts";
import { loadConfig } from "../../../src/config/config.ts";
import { openVault } from "../../../src/credentials/vault.ts";
import { DatabaseClock } from "../../../src/db/database-clock.ts";
import { Outbox } from "../../../src/events/outbox.ts";
import { postgresLine } from "../../../src/events/postgres-doorbell.ts";
import { SharedDoorbell } from "../../../src/events/shared-doorbell.ts";
import { createLogger } from "../../../src/observability/logger.ts";
import { Metrics } from "../../../src/observability/metrics.ts";
import { HttpClient } from "../../../src/providers/http-client.ts";
import { createRegistry } from "../../../src/providers/registry.ts";
import type { FaultPoint } from "../../../src/refresh/fault-point.ts";
import type { RefreshTarget } from "../../../src/refresh/lease.ts";
import { startRefreshing } from "../../../src/refresh/refreshing.ts";
import { rotatingProvider } from "./rotating-provider.ts";

/** Where a process ends itself: the server's own points, and two that lie in the HTTP client. */
export type DeathPoint = FaultPoint | "connecting" | "sent";

export interface ChildTask {
  readonly environment: Readonly<Record<string, string>>;
  /** Seconds for which the provider forgives a repeated refresh token. */
  readonly graceSeconds: number;
  /** What the process does to itself when it comes here, so many milliseconds later. By default it kills itself. */
  readonly die: { readonly at: DeathPoint; readonly afterMs: number; readonly signal?: "SIGKILL" | "SIGSTOP" } | null;
  readonly maxInFlight: number;
  /** Milliseconds between two looks for what is due. */
  readonly intervalMs: number;
}

export type ChildRequest =
  | { readonly type: "renew"; readonly id: number; readonly target: RefreshTarget }
  | { readonly type: "count"; readonly id: number }
  | { readonly type: "stop" };

export type ChildMessage =
  | { readonly type: "ready" }
  | { readonly type: "renewed"; readonly id: number; readonly error: string | null }
  | { readonly type: "counted"; readonly id: number; readonly stored: number; readonly pauses: number };

// One that is killed would not write it.
flushCompileCache();

const task = JSON.parse(process.argv[2]!) as ChildTask;
const say = (message: ChildMessage): void => void process.send?.(message);

/** How many renewals this process has brought into the database. */
let stored = 0;
let wasFrozen = false;
/** How often this process was seen to leave the provider alone. */
let pauses = 0;

async function reach(point: DeathPoint): Promise<void> {
  if (point === "stored") stored += 1;
  const { die } = task;
  if (die?.at !== point || wasFrozen) return;
  const { afterMs, signal = "SIGKILL" } = die;
  wasFrozen = signal === "SIGSTOP";
  if (afterMs > 0) await delay(afterMs);
  process.kill(process.pid, signal);
  // The signal takes a moment, in which nothing more may happen here.
  await delay(wasFrozen ? 200 : 60_000);
}

subscribe("undici:client:beforeConnect", () => void reach("connecting"));
subscribe("undici:request:bodySent", () => void reach("sent"));

const provider = rotatingProvider(task.graceSeconds);
const config = loadConfig([provider], task.environment);
const log = createLogger(config.logLevel);
const database = await openDatabase({ kind: "postgres", url: config.databaseUrl!.reveal(), poolSize: 4 });
const clock = await DatabaseClock.start(database, log);
const vault = await openVault(database, config, clock);
const doorbell = await SharedDoorbell.connect(postgresLine(config.databaseUrl!), log);
const outbox = new Outbox(database, doorbell);
const http = new HttpClient();
const registry = createRegistry([provider], config.providers, { http, clock });
const audit = new AuditTrail(database, clock, log);
const metrics = new Metrics();
const refreshing = await startRefreshing(
  {
    ...vault,
    database,
    dataDir: config.dataDir,
    registry,
    outbox,
    audit,
    metrics,
    doorbell,
    clock,
    log,
    onStep: () => {},
    background: true,
  },
  { limits: { maxInFlight: task.maxInFlight }, intervalMs: task.intervalMs, faults: reach },
);

setInterval(() => {
  void metrics.print().then((text) => (pauses += /^maestro_provider_circuit_open\{.*\} 1$/m.test(text) ? 1 : 0));
}, 500).unref();

async function renew(id: number, target: RefreshTarget): Promise<void> {
  const error = await refreshing.refresher.renew(target, { demand: "due" }).then(
    () => null,
    (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
  );
  say({ type: "renewed", id, error });
}

async function stop(): Promise<void> {
  await refreshing[Symbol.asyncDispose]();
  await doorbell[Symbol.asyncDispose]();
  clock[Symbol.dispose]();
  await http[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  process.disconnect();
}

// Whoever started it has gone, in whatever way.
process.on("disconnect", () => setTimeout(() => process.exit(), 10_000).unref());
process.on("message", (request: ChildRequest) => {
  if (request.type === "stop") void stop();
  else if (request.type === "count") say({ type: "counted", id: request.id, stored, pauses });
  else void renew(request.id, request.target);
});
say({ type: "ready" });
