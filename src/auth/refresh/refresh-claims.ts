import type { SealedRow, TokenDetails } from "../../credentials/credential-sealer.ts";
import type { StoredStatus } from "../../credentials/provider-credential.ts";
import type { Database } from "../../db/database.ts";
import type { AuthMethod } from "../../providers/provider-auth.ts";

/** How long a claim holds, in milliseconds: well beyond the deadline of a call to a provider. */
export const leaseMs = 30_000;
/** A claim older than this is not sent any more, since its answer could come after the lease. */
export const sendWithinMs = 15_000;

/** Why a credential is refreshed outside its schedule, if at all. */
export type RefreshDemand =
  /** Its time has come. */
  | "due"
  /** A backend reports that the provider no longer takes the access token of this version. */
  | "rejected"
  /** A person asks for it. */
  | "asked";

/** Room for refreshes at one provider. */
export interface ClaimSlots {
  readonly provider: string;
  readonly free: number;
  /** See ProviderAuth. */
  readonly replayWindow: number;
}

/** Which version of which credential is to be refreshed. */
export interface RefreshTarget {
  readonly userId: string;
  readonly id: string;
  readonly provider: string;
  readonly tokenVersion: number;
}

/** A credential that this process alone may refresh now. */
export interface RefreshClaim extends SealedRow, TokenDetails {
  readonly label: string;
  /** The fence, with `tokenVersion`. */
  readonly leaseEpoch: number;
  /** Failed refreshes since the last success. */
  readonly failCount: number;
  /** The refresh token was sent before and the outcome is not known. */
  readonly isReplay: boolean;
  /** Seconds since the time at which it was due, by the database's clock; less than 0 where somebody wanted it sooner. */
  readonly lag: number | null;
  /** When it was claimed, as `performance.now()` tells it. */
  readonly claimedAt: number;
}

/** What stands in a row about its refresh. Times are milliseconds from now by the database's clock. */
export interface RefreshState {
  readonly tokenVersion: number;
  readonly leaseEpoch: number;
  readonly status: StoredStatus;
  readonly statusReason: string | null;
  readonly label: string;
  readonly leaseMs: number | null;
  readonly nextTryMs: number | null;
  readonly replayMs: number | null;
  readonly earliestMs: number | null;
  readonly isSent: boolean;
}

interface ClaimedColumns {
  id: string;
  user_id: string;
  provider: string;
  auth_method: AuthMethod;
  label: string;
  credentials: Uint8Array;
  token_version: number;
  scopes: string[];
  expires_ms: number | null;
  lifetime: number | null;
  lease_epoch: number;
  fail_count: number;
  is_replay: boolean;
  lag: number | null;
}

const unclaimed = `(lease_until is null or lease_until <= clock_timestamp())
  and (sent_at is null or replay_after <= clock_timestamp())`;

// `sent_at` is set, and the first one kept, before anything is sent: if this process dies, nobody knows whether it was. Who takes over sends the
// refresh token again at once where that does no harm, and else when there is hardly anything left to lose.
const lease = `update provider_credentials c set
    lease_owner = $2::uuid, lease_epoch = c.lease_epoch + 1, lease_until = clock_timestamp() + interval '${leaseMs} milliseconds',
    sent_at = coalesce(c.sent_at, clock_timestamp()),
    replay_after = clock_timestamp() + greatest(
      interval '${leaseMs} milliseconds',
      case
        when claimed.is_spent then null
        when extract(epoch from clock_timestamp() - coalesce(c.sent_at, clock_timestamp())) + ${leaseMs / 1000} < claimed.replay_window
          then null
        else c.expires_at - least(interval '60 seconds', (c.expires_at - c.refresh_after) / 4) - clock_timestamp() end
    )
  from claimed
  where c.user_id = claimed.user_id and c.id = claimed.id
  returning c.id, c.user_id, c.provider, c.auth_method, c.label, c.credentials, c.token_version, c.scopes,
    (extract(epoch from c.expires_at) * 1000)::float8 as expires_ms, c.lifetime, c.lease_epoch, c.fail_count,
    claimed.is_replay,
    extract(epoch from clock_timestamp() - c.next_try_at)::float8 as lag`;

const claimDueStatement = {
  name: "claim_due_refreshes",
  text: `with claimed as (
      select due.*, slot.replay_window, false as is_spent
      from json_to_recordset($1::json) as slot (provider text, free int, replay_window float8)
      cross join lateral (
        select id, user_id, sent_at is not null as is_replay from provider_credentials
        where provider = slot.provider and next_try_at <= clock_timestamp() and ${unclaimed}
        order by next_try_at limit slot.free for update skip locked
      ) due
    )
    ${lease}`,
};

const claimStatement = {
  name: "claim_refresh",
  text: `with claimed as (
      select id, user_id, sent_at is not null as is_replay, $6::float8 as replay_window,
        $5::text = 'rejected' or coalesce(expires_at <= clock_timestamp(), false) as is_spent
      from provider_credentials
      where user_id = $1 and id = $3::uuid and token_version = $4::int and status = 'active' and refreshable and ${unclaimed}
        and case $5::text
          when 'due' then next_try_at <= clock_timestamp()
          when 'rejected' then (fail_count = 0 or next_try_at <= clock_timestamp())
            and (earliest_refresh_at is null or earliest_refresh_at <= clock_timestamp())
          else earliest_refresh_at is null or earliest_refresh_at <= clock_timestamp() end
      for update
    )
    ${lease}`,
};

const fromNow = (column: string) => `(extract(epoch from ${column} - clock_timestamp()) * 1000)::float8`;

const stateStatement = {
  name: "refresh_state",
  text: `select token_version as "tokenVersion", lease_epoch as "leaseEpoch", status, status_reason as "statusReason", label,
      ${fromNow("lease_until")} as "leaseMs", ${fromNow("next_try_at")} as "nextTryMs",
      ${fromNow("replay_after")} as "replayMs", ${fromNow("earliest_refresh_at")} as "earliestMs",
      sent_at is not null as "isSent"
    from provider_credentials where user_id = $1 and id = $2`,
};

/** JSON has no infinity. */
const maxReplayWindow = 1e9;

/**
 * Claims credentials to refresh: each claim is one statement that is committed before anything is sent, by the
 * database's clock. A claim is a lease and no lock: whoever takes over after its end raises the epoch, and what the
 * former owner still brings is not stored.
 */
export class RefreshClaims {
  readonly #database: Database;
  readonly #owner: string;

  /** @param owner a UUID of this process. */
  constructor(database: Database, owner: string) {
    this.#database = database;
    this.#owner = owner;
  }

  /** Claims what is due, the longest due first, as far as there is room. */
  async claimDue(slots: readonly ClaimSlots[]): Promise<RefreshClaim[]> {
    if (slots.length === 0) return [];
    const rows = slots.map(({ provider, free, replayWindow }) => ({
      provider,
      free,
      replay_window: Math.min(replayWindow, maxReplayWindow),
    }));
    return this.#claim(claimDueStatement, [JSON.stringify(rows), this.#owner]);
  }

  /** Claims one credential. Null: another has it, its version has changed, or it is not to be sent yet. */
  async claim(target: RefreshTarget, demand: RefreshDemand, replayWindow: number): Promise<RefreshClaim | null> {
    const { userId, id, tokenVersion } = target;
    const values = [userId, this.#owner, id, tokenVersion, demand, Math.min(replayWindow, maxReplayWindow)];
    const [claim] = await this.#claim(claimStatement, values);
    return claim ?? null;
  }

  /** Null: the credential is gone. */
  async readState({ userId, id }: Pick<RefreshTarget, "userId" | "id">): Promise<RefreshState | null> {
    const [state] = await this.#database.query<RefreshState>(stateStatement, [userId, id]);
    return state ?? null;
  }

  async #claim(statement: typeof claimStatement, values: readonly unknown[]): Promise<RefreshClaim[]> {
    const claimedAt = performance.now();
    const rows = await this.#database.query<ClaimedColumns>(statement, values);
    return rows.map((row) => ({
      id: row.id,
      userId: row.user_id,
      provider: row.provider,
      authMethod: row.auth_method,
      label: row.label,
      credentials: row.credentials,
      tokenVersion: row.token_version,
      scopes: row.scopes,
      expiresAt: row.expires_ms === null ? null : new Date(row.expires_ms),
      lifetime: row.lifetime,
      leaseEpoch: row.lease_epoch,
      failCount: row.fail_count,
      isReplay: row.is_replay,
      lag: row.lag,
      claimedAt,
    }));
  }
}
