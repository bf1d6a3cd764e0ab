import type { Database } from "../db/database.ts";
import type { Doorbell } from "../events/doorbell.ts";
import type { DocumentLimits } from "../graphql/limits/document-limits.ts";
import type { ConnectionLimits } from "../http/connections/connection-limits.ts";
import type { Clock } from "../lib/clock.ts";
import type { RetentionSettings } from "../lib/repeated-removal.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { HttpClientOptions } from "../providers/http-client.ts";
import type { ProviderDefinition } from "../providers/provider-definition.ts";
import type { RateLimitSettings } from "../rate-limits/limits.ts";
import type { RefreshSettings } from "../refresh/refreshing.ts";

/** What a test, or an application that embeds the server, may replace. */
export interface AppOverrides {
  readonly database?: Database;
  readonly catalog?: readonly ProviderDefinition[];
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly http?: Partial<HttpClientOptions>;
  readonly doorbell?: Doorbell;
  /** Milliseconds between two looks for events whose doorbell was lost. */
  readonly pollIntervalMs?: number;
  readonly retention?: Partial<RetentionSettings>;
  /** Of the audit log, and of the hourly counts that complete it. */
  readonly auditRetention?: Partial<RetentionSettings>;
  readonly connections?: Partial<ConnectionLimits>;
  readonly documents?: Partial<DocumentLimits>;
  readonly refresh?: RefreshSettings;
  readonly rateLimits?: Partial<RateLimitSettings>;
  /** Milliseconds between two looks whether open subscriptions depend on a key that was withdrawn. */
  readonly keyWatchIntervalMs?: number;
  /** Milliseconds between two looks for encryption keys that were made or activated. */
  readonly keyringIntervalMs?: number;
  /** Milliseconds between two looks for sessions that expire. */
  readonly sweepIntervalMs?: number;
  /** Told of each step of starting, in words for a person. */
  readonly onStep?: (step: string) => void;
  /** Told now and then what the start waits for; the log is told unless this is given. */
  readonly onWait?: (text: string) => void;
}

/** What every part of the server is built with. */
export interface AppBase {
  /** Ends what was opened, the last first. */
  readonly stack: AsyncDisposableStack;
  readonly overrides: AppOverrides;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly onStep: (step: string) => void;
  readonly onWait: (text: string) => void;
  /**
   * Whether work starts by itself, as in a server: migrations, refreshes, sweeping. A command does what it was asked.
   */
  readonly background: boolean;
}
