import type { FilterQuery } from "@mikro-orm/core";
import type { ProviderCredential } from "./provider-credential.ts";

export const credentialStatuses = ["active", "expiring", "expired", "needs_reauth", "unreadable"] as const;

export type CredentialStatus = (typeof credentialStatuses)[number];

type StatusColumns = Pick<
  ProviderCredential,
  | "status"
  | "statusReason"
  | "statusSince"
  | "expiresAt"
  | "refreshable"
  | "nextTryAt"
  | "failCount"
  | "sentAt"
  | "replayAfter"
  | "leaseUntil"
>;

export interface StatusReport {
  readonly status: CredentialStatus;
  /** Null while active. */
  readonly reason: string | null;
  readonly since: Date;
}

/** When the server refreshes a credential by itself next; null: never. A time that has passed: as soon as it can. */
export function nextRefreshAt(row: StatusColumns): Date | null {
  if (row.status !== "active" || !row.refreshable || row.nextTryAt == null) return null;
  if (row.sentAt == null || row.replayAfter == null) return row.nextTryAt;
  return row.replayAfter > row.nextTryAt ? row.replayAfter : row.nextTryAt;
}

/** Whether `issueAccess` can be expected to give headers for it, perhaps after a refresh. */
export function isUsable(row: StatusColumns, now: Date): boolean {
  return row.status === "active" && (row.refreshable || row.expiresAt == null || row.expiresAt > now);
}

/** What the server does about an expiry, and what its user has to do. */
function describeRenewal(row: StatusColumns, now: Date): string {
  const next = nextRefreshAt(row);
  if (next === null) return (row.sentAt == null ? null : row.statusReason) ?? "Connect the provider again.";
  if (row.leaseUntil != null && row.leaseUntil > now) return "The server is renewing it now.";
  const when = next > now ? `at ${next.toISOString()}` : "as soon as the provider can be asked";
  if (row.failCount === 0) return `The server renews it ${when}; there is nothing to do.`;
  return `The last refresh failed: ${row.statusReason ?? "no reason is known."} The server tries again ${when}.`;
}

/** Decides a credential's status from its row and the time; `threshold` is in seconds before expiry. */
export class StatusRule {
  readonly #threshold: number;

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  report(row: StatusColumns, now: Date): StatusReport {
    if (row.status !== "active")
      return { status: row.status, reason: row.statusReason ?? null, since: row.statusSince };
    const expiresAt = row.expiresAt ?? null;
    if (expiresAt === null) return { status: "active", reason: null, since: row.statusSince };
    if (expiresAt <= now) {
      return { status: "expired", reason: `It has expired. ${describeRenewal(row, now)}`, since: expiresAt };
    }
    const thresholdAt = new Date(expiresAt.getTime() - this.#threshold * 1000);
    if (thresholdAt > now) return { status: "active", reason: null, since: row.statusSince };
    return {
      status: "expiring",
      reason: `It expires at ${expiresAt.toISOString()}. ${describeRenewal(row, now)}`,
      // A lifetime may be shorter than the threshold.
      since: thresholdAt > row.statusSince ? thresholdAt : row.statusSince,
    };
  }

  /** The rows that have this status at this time. */
  where(status: CredentialStatus, now: Date): FilterQuery<ProviderCredential> {
    const expiring = new Date(now.getTime() + this.#threshold * 1000);
    switch (status) {
      case "active":
        return { status: "active", $or: [{ expiresAt: null }, { expiresAt: { $gt: expiring } }] };
      case "expiring":
        return { status: "active", expiresAt: { $gt: now, $lte: expiring } };
      case "expired":
        return { status: "active", expiresAt: { $lte: now } };
      default:
        return { status };
    }
  }
}
