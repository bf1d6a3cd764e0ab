import type { LateFault } from "../authorization-server/fault.ts";
import type { Fault } from "../mock-provider/fault.ts";

/**
 * What a token endpoint does instead of what it should. `slow` and `lost` use the refresh token up, all others do not.
 */
export type Outage = Fault | Extract<LateFault, { kind: "lost" }>;

/** The outages that a client has to tell from a refusal of its token. */
export const outages = {
  refuse: { kind: "status", status: 503 },
  hang: { kind: "hang" },
  rateLimit: (retryAfterSeconds: number) => ({
    kind: "status",
    status: 429,
    headers: { "retry-after": String(retryAfterSeconds) },
  }),
  invalidClient: { kind: "status", status: 401, body: { error: "invalid_client" } },
  slow: (ms: number) => ({ kind: "slow", ms }),
  lost: { kind: "lost" },
} as const satisfies Record<string, Outage | ((value: number) => Outage)>;
