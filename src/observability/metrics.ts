import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { outcomeOf } from "../errors/outcome.ts";

/**
 * What `issueAccess` answered. The labels are names of the catalogue and codes of closed lists, never a client's text.
 */
interface AccessAnswer {
  readonly provider: string | null;
  readonly source: string | null;
  readonly outcome: string;
}

/** How one refresh ended. */
interface RefreshEnd {
  readonly provider: string;
  readonly outcome: string;
  /** The token had expired before there was a new one. */
  readonly isLate: boolean;
  /** Seconds from the time at which the refresh was due until it was claimed; null where somebody asked for it. */
  readonly lag: number | null;
}

/** One operation at a provider, and how it ended: "succeeded", or the code of a refusal. */
interface ProviderAnswer {
  readonly provider: string;
  readonly operation: string;
  readonly seconds: number;
  readonly error: unknown;
}

/** Why a session ended: its user ended it, ended all others, or left it alone for too long. */
export type SessionEndReason = "ended" | "ended_others" | "expired";

/** What one look for sessions that are due has done. */
export interface SessionSweep {
  readonly warned: number;
  readonly expired: number;
  readonly removed: number;
}

/** What stands in a gauge when it is read. */
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

export type HttpMetrics = Pick<Metrics, "httpAnswered">;
export type AccessMetrics = Pick<Metrics, "accessAnswered">;
export type StatementMetrics = Pick<Metrics, "statementEnded">;
export type SessionMetrics = Pick<Metrics, "sessionEnded" | "sessionsSwept">;
export type RefreshMetrics = Pick<Metrics, "refreshEnded" | "observe">;
export type OperationMetrics = Pick<
  Metrics,
  "fieldAnswered" | "documentRefused" | "eventDelivered" | "subscriptionOpened" | "subscriptionClosed"
>;

const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Fewer: there are many statements. */
const statementBuckets = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10];
/** A minute to thirty days. */
const sessionBuckets = [60, 300, 900, 3_600, 14_400, 43_200, 86_400, 259_200, 604_800, 2_592_000];
const lagBuckets = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600];
/** Where a label has nothing to say. */
const none = "none";

/**
 * One server's metrics, in a registry of its own. Counting is an addition in memory; what has a present state is read
 * when somebody looks. No label holds a user's id, a secret, or anything that a client chose.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #httpRequests = new Counter({
    name: "maestro_http_requests_total",
    help: "HTTP requests by route and status.",
    labelNames: ["route", "status"],
    registers: [this.#registry],
  });
  readonly #fields = new Counter({
    name: "maestro_graphql_fields_total",
    help: "Root fields answered, by name and code: OK, or the code of the error. Over all transports.",
    labelNames: ["field", "code"],
    registers: [this.#registry],
  });
  readonly #fieldSeconds = new Histogram({
    name: "maestro_graphql_field_duration_seconds",
    help: "Time that a root field of a query or mutation took.",
    labelNames: ["field"],
    buckets: durationBuckets,
    registers: [this.#registry],
  });
  readonly #refusals = new Counter({
    name: "maestro_graphql_refused_total",
    help: "Documents refused before anything of them was executed, by code.",
    labelNames: ["code"],
    registers: [this.#registry],
  });
  readonly #events = new Counter({
    name: "maestro_events_delivered_total",
    help: "Events delivered to subscribers, by root field.",
    labelNames: ["field"],
    registers: [this.#registry],
  });
  readonly #subscriptions = new Gauge({
    name: "maestro_subscriptions_open",
    help: "Open subscriptions, by root field.",
    labelNames: ["field"],
    registers: [this.#registry],
  });
  readonly #timelines = new Counter({
    name: "maestro_timelines_begun_total",
    help: "Times that this process found the database restored, copied or promoted, by cause; all event streams end then.",
    labelNames: ["cause"],
    registers: [this.#registry],
  });
  readonly #strangers = new Counter({
    name: "maestro_doorbells_of_strangers_total",
    help: "Messages on the doorbell's channel from servers whose database has another history than this one's.",
    registers: [this.#registry],
  });
  readonly #accesses = new Counter({
    name: "maestro_access_total",
    help: "Answers of issueAccess, by provider, source of the secret, and outcome.",
    labelNames: ["provider", "source", "outcome"],
    registers: [this.#registry],
  });
  readonly #refreshes = new Counter({
    name: "maestro_refreshes_total",
    help: "Refreshes made by this process, by provider and outcome; late where the token had expired first.",
    labelNames: ["provider", "outcome", "late"],
    registers: [this.#registry],
  });
  readonly #refreshLag = new Histogram({
    name: "maestro_refresh_lag_seconds",
    help: "Time from when a refresh was due until a process took it.",
    labelNames: ["provider"],
    buckets: lagBuckets,
    registers: [this.#registry],
  });

  readonly #providerSeconds = new Histogram({
    name: "maestro_provider_call_duration_seconds",
    help: "Time that an operation at a provider took, by provider, operation and outcome.",
    labelNames: ["provider", "operation", "outcome"],
    buckets: durationBuckets,
    registers: [this.#registry],
  });

  readonly #sessionSeconds = new Histogram({
    name: "maestro_session_duration_seconds",
    help: "Time from a session's start to its end, by reason: ended, ended_others, expired.",
    labelNames: ["reason"],
    buckets: sessionBuckets,
    registers: [this.#registry],
  });
  readonly #sessionCleanup = new Counter({
    name: "maestro_session_cleanup_total",
    help: "Sessions that the sweep of this process warned of, expired, and removed for good.",
    labelNames: ["action"],
    registers: [this.#registry],
  });
  readonly #sweepSeconds = new Histogram({
    name: "maestro_session_cleanup_duration_seconds",
    help: "Time that a sweep took which found something to do.",
    buckets: durationBuckets,
    registers: [this.#registry],
  });
  readonly #statementSeconds = new Histogram({
    name: "maestro_database_statement_duration_seconds",
    help: "Time that a database statement took, by its name, or by its verb and table.",
    labelNames: ["statement"],
    buckets: statementBuckets,
    registers: [this.#registry],
  });
  readonly #statements = new Map<string, Histogram.Internal<"statement">>();

  /** Metrics of the process itself: memory, CPU, garbage collection, the event loop's delay. Once for each process. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** A gauge that is read when somebody looks. */
  observe(name: string, help: string, labelNames: readonly string[], read: () => readonly Sample[]): void {
    const gauge = new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      collect: () => {
        gauge.reset();
        for (const [labels, value] of read()) gauge.set({ ...labels }, value);
      },
    });
  }

  httpAnswered(route: string, status: number): void {
    this.#httpRequests.inc({ route, status });
  }

  /** @param seconds null for a subscription: it lasts as long as its client wants. */
  fieldAnswered(field: string, code: string, seconds: number | null): void {
    this.#fields.inc({ field, code });
    if (seconds !== null) this.#fieldSeconds.observe({ field }, seconds);
  }

  /** @param cause of a closed list */
  timelineBegan(cause: string): void {
    this.#timelines.inc({ cause });
  }

  /** A server rang whose database has another history than this one's. */
  strangerRang(): void {
    this.#strangers.inc();
  }

  documentRefused(code: string): void {
    this.#refusals.inc({ code });
  }

  eventDelivered(field: string): void {
    this.#events.inc({ field });
  }

  subscriptionOpened(field: string): void {
    this.#subscriptions.inc({ field });
  }

  subscriptionClosed(field: string): void {
    this.#subscriptions.dec({ field });
  }

  accessAnswered({ provider, source, outcome }: AccessAnswer): void {
    this.#accesses.inc({ provider: provider ?? none, source: source ?? none, outcome });
  }

  refreshEnded({ provider, outcome, isLate, lag }: RefreshEnd): void {
    this.#refreshes.inc({ provider, outcome, late: String(isLate) });
    if (lag !== null) this.#refreshLag.observe({ provider }, lag);
  }

  providerAnswered({ provider, operation, seconds, error }: ProviderAnswer): void {
    const outcome = error === undefined ? "succeeded" : outcomeOf(error);
    this.#providerSeconds.observe({ provider, operation, outcome }, seconds);
  }

  /** @param seconds from its start to its end */
  sessionEnded(reason: SessionEndReason, seconds: number): void {
    this.#sessionSeconds.observe({ reason }, seconds);
  }

  /** A sweep that found nothing is not counted: there is one every second. */
  sessionsSwept(sweep: SessionSweep, seconds: number): void {
    const done = Object.entries(sweep).filter(([, count]) => count > 0);
    for (const [action, count] of done) this.#sessionCleanup.inc({ action }, count);
    if (done.length > 0) this.#sweepSeconds.observe(seconds);
  }

  /** @param statement one of few names */
  statementEnded(statement: string, seconds: number): void {
    let times = this.#statements.get(statement);
    if (times === undefined) {
      times = this.#statementSeconds.labels({ statement });
      this.#statements.set(statement, times);
    }
    times.observe(seconds);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All of them, in Prometheus' text format. */
  async print(): Promise<string> {
    return this.#registry.metrics();
  }
}
