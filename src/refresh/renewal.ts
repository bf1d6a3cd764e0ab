import type { CredentialSealer } from "../credentials/credential-sealer.ts";
import type { RefreshScheduler } from "../credentials/refresh-schedule.ts";
import type { ProviderAccount, ProviderCredentials } from "../providers/provider-auth.ts";
import type { RefreshClaim } from "./lease.ts";

/** A provider's answer to a refresh, sealed and ready to be stored: everything of it may be written to a disk. */
export interface Renewal {
  readonly id: string;
  readonly userId: string;
  readonly provider: string;
  readonly authMethod: "oauth";
  readonly label: string;
  /** The version that was refreshed, and the lease under which it was: the row must still stand at both. */
  readonly tokenVersion: number;
  readonly leaseEpoch: number;
  /** The new secrets, in base64, sealed for the next version. */
  readonly sealed: string;
  readonly keyId: number;
  readonly last4: string;
  readonly fingerprint: string;
  /** Null: as it was. */
  readonly account: ProviderAccount | null;
  readonly scopes: readonly string[];
  /** Milliseconds since 1970, like all times here. */
  readonly expiresAt: number | null;
  /** Seconds; see OAuthCredentials. */
  readonly lifetime: number | null;
  readonly refreshAfter: number | null;
  readonly earliestRefreshAt: number | null;
  readonly expiryNoticeAt: number | null;
  readonly renewedAt: number;
  /** The OAuth client that the provider has accepted with it. */
  readonly client: string | null;
  /** Who caused it: the `sub` of a caller, or the server itself. */
  readonly actor: string;
}

/** Seals what a provider answered to a claim's refresh. */
export function sealRenewal(
  claim: RefreshClaim,
  credentials: Extract<ProviderCredentials, { method: "oauth" }>,
  { sealer, scheduler }: { readonly sealer: CredentialSealer; readonly scheduler: RefreshScheduler },
  { now, actor }: { readonly now: Date; readonly actor: string },
): Renewal {
  const { expiresAt, lifetime = null, earliestRefreshAt = null } = credentials;
  const place = { ...claim, tokenVersion: claim.tokenVersion + 1 };
  const { credentials: sealed, keyId } = sealer.seal(credentials, place);
  // Not at once, even if the provider says again that the token has expired as it comes: that could go on for ever.
  const schedule = scheduler.plan({ method: "oauth", refreshable: true, expiresAt, earliestRefreshAt }, now);
  return {
    id: claim.id,
    userId: claim.userId,
    provider: claim.provider,
    authMethod: "oauth",
    label: claim.label,
    tokenVersion: claim.tokenVersion,
    leaseEpoch: claim.leaseEpoch,
    sealed: sealed.toString("base64"),
    keyId,
    last4: sealer.last4(credentials),
    fingerprint: sealer.fingerprint(claim.userId, credentials),
    account: credentials.account,
    scopes: credentials.scopes,
    expiresAt: expiresAt?.getTime() ?? null,
    lifetime,
    refreshAfter: schedule.refreshAfter?.getTime() ?? null,
    earliestRefreshAt: earliestRefreshAt?.getTime() ?? null,
    expiryNoticeAt: schedule.expiryNoticeAt?.getTime() ?? null,
    renewedAt: now.getTime(),
    client: credentials.client ?? null,
    actor,
  };
}
