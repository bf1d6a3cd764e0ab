import type { ProviderContexts } from "../access/provider-contexts.ts";
import type { ProviderSelector } from "../access/provider-selector.ts";
import type { AuditReader } from "../audit/audit-reader.ts";
import type { ServiceAccesses } from "../audit/service-accesses.ts";
import type { Caller } from "../callers/caller.ts";
import type { StepUp } from "../callers/step-up.ts";
import type { TokenExpiries } from "../callers/token-expiries.ts";
import type { OAuthFlowStore } from "../connect/oauth/flow-store.ts";
import type { OAuthFlows } from "../connect/oauth/flows.ts";
import type { Coordinator } from "../coordinator.ts";
import type { StatusRule } from "../credentials/credential-status.ts";
import type { RateLimitedError } from "../errors/auth-error.ts";
import type { EventStream } from "../events/event-stream.ts";
import type { StreamWatch } from "../events/stream-watch.ts";
import type { Clock } from "../lib/clock.ts";
import type { OperationMetrics } from "../observability/metrics.ts";
import type { ProviderRegistry } from "../providers/registry.ts";
import type { AttemptLimits } from "../rate-limits/attempt-limits.ts";
import type { SessionManager } from "../sessions/session-manager.ts";
import type { OpenCosts } from "./limits/open-costs.ts";
import type { Cost } from "./limits/operation-cost.ts";

/** What resolvers delegate to. Nothing in it is cached for an operation, so that each event sees the present state. */
export interface Services {
  readonly coordinator: Coordinator;
  readonly attempts: AttemptLimits;
  readonly flows: OAuthFlows;
  readonly sessions: SessionManager;
  readonly contexts: ProviderContexts;
  readonly selector: ProviderSelector;
  readonly flowStore: OAuthFlowStore;
  readonly registry: ProviderRegistry;
  readonly stream: EventStream;
  readonly watch: StreamWatch;
  readonly expiries: TokenExpiries;
  readonly statusRule: StatusRule;
  readonly stepUp: StepUp;
  readonly audit: AuditReader;
  readonly accesses: ServiceAccesses;
  readonly metrics: OperationMetrics;
  readonly clock: Clock;
}

/** One operation's context, the same over HTTP, SSE and WebSocket. */
export interface GraphQLContext extends Services {
  readonly caller: Caller;
  readonly openCosts: OpenCosts;
  /** Told of root fields and their codes, for the log of requests; absent where there is none. */
  readonly operation?: { answered(field: string, code: string): void } | undefined;
  /** What the operation costs; absent where an event of a subscription is executed. */
  readonly cost?: Cost | undefined;
  /** Sets a cookie that binds an OAuth flow to the browser that sent this request; only HTTP can. */
  readonly bindBrowser?: ((flowId: string, binding: string) => void) | undefined;
  /** Told of a refusal, for the header fields that go with it; only HTTP has some. */
  readonly onRateLimited?: ((error: RateLimitedError) => void) | undefined;
}
