import type { FilterQuery } from "@mikro-orm/core";
import type { ProviderCredential } from "./provider-credential.ts";

export const credentialStatuses = ["active", "expiring", "expired", "needs_reauth", "unreadable"] as const;

export type CredentialStatus = (typeof credentialStatuses)[number];

type StatusColumns = Pick<ProviderCredential, "status" | "statusReason" | "statusSince" | "expiresAt">;

export interface StatusReport {
  readonly status: CredentialStatus;
  /** Null while active. */
  readonly reason: string | null;
  readonly since: Date;
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
      return { status: "expired", reason: "It has expired. Connect the provider again.", since: expiresAt };
    }
    const expiringSince = new Date(expiresAt.getTime() - this.#threshold * 1000);
    if (expiringSince > now) return { status: "active", reason: null, since: row.statusSince };
    return {
      status: "expiring",
      reason: `It expires at ${expiresAt.toISOString()}. Connect the provider again before then.`,
      since: expiringSince,
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
