import type { SealedRow, TokenDetails } from "../credentials/credential-sealer.ts";
import type { StoredStatus } from "../credentials/provider-credential.ts";
import type { Database } from "../db/database.ts";
import type { AuthMethod } from "../providers/provider-auth.ts";

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
  /** How many of a user's refreshes may be in flight at once. */
  readonly perUser: number;
  /** The users who have refreshes in flight, each as often as there are. */
  readonly busyUsers: readonly string[];
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
  /** See ProviderCredential. */
  readonly refusals: number;
  readonly refusedSince: Date | null;
  readonly provenClient: string | null;
  /** The refresh token was sent before and the outcome is not known. */
  readonly isReplay: boolean;
  /**
   * Seconds since the time at which it was due, by the database's clock; less than 0 where somebody wanted it sooner.
   */
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
  /** Failed refreshes since the last success. */
  readonly failCount: number;
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
  refusals: number;
  refused_ms: number | null;
  proven_client: string | null;
  is_replay: boolean;
  lag: number | null;
}

const unclaimed = `(lease_until is null or lease_until <= clock_timestamp())
  and (sent_at is null or replay_after <= clock_timestamp())`;

// `sent_at` is set, and the first one kept, before anything is sent: if this process dies, nobody knows whether it was.
// Who takes over sends the refresh token again at once where that does no harm, and else when there is hardly anything
// left to lose.
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
    c.refusals, (extract(epoch from c.refused_since) * 1000)::float8 as refused_ms, c.proven_client,
    extract(epoch from clock_timestamp() - c.next_try_at)::float8 as lag`;

/** How far the head of the queue is looked at for users with a share left: rows for each free slot. */
const headFactor = 16;

// The longest due first, but of each user only so many that with those in flight they make his share. Rows that another
// process is just claiming are skipped. The time is a subquery, as no index is searched for a volatile function.
const claimDueStatement = {
  name: "claim_due_refreshes",
  text: `with claimed as (
      select due.*, slot.replay_window, false as is_spent
      from json_to_recordset($1::json)
        as slot (provider text, free int, per_user int, busy_users text[], replay_window float8)
      cross join lateral (
        select c.id, c.user_id, c.sent_at is not null as is_replay
        from (
          select id, next_try_at, in_flight + row_number() over (partition by user_id order by next_try_at, id) as place
          from (
            select id, user_id, next_try_at, in_flight from provider_credentials
            cross join lateral (
              select coalesce(cardinality(array_positions(slot.busy_users, user_id::text)), 0) as in_flight
            ) own
            where provider = slot.provider and next_try_at <= (select clock_timestamp()) and ${unclaimed}
              and in_flight < slot.per_user
            order by next_try_at limit slot.free * ${headFactor}
          ) head
        ) queue
        join provider_credentials c on c.id = queue.id
        where queue.place <= slot.per_user and c.next_try_at <= clock_timestamp() and ${unclaimed}
        order by queue.next_try_at limit slot.free for update of c skip locked
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
      sent_at is not null as "isSent", fail_count as "failCount"
    from provider_credentials where user_id = $1 and id = $2`,
};

/** The room that is left, and whether somebody has had his share of it just now. */
function without(slot: ClaimSlots, claims: readonly RefreshClaim[]): ClaimSlots & { readonly isBlocked: boolean } {
  const users = claims.filter(({ provider }) => provider === slot.provider).map(({ userId }) => userId);
  const busyUsers = [...slot.busyUsers, ...users];
  const isBlocked = users.some((user) => busyUsers.filter((busy) => busy === user).length >= slot.perUser);
  return { ...slot, free: slot.free - users.length, busyUsers, isBlocked };
}

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

  /** Claims what is due, the longest due first, as far as there is room and no user has more than his share. */
  async claimDue(slots: readonly ClaimSlots[]): Promise<RefreshClaim[]> {
    if (slots.length === 0) return [];
    const claims = await this.#claimHead(slots);
    // Behind the rows of a user who has had his share there may be others, further than the first look has gone.
    const rest = slots.map((slot) => without(slot, claims)).filter(({ isBlocked, free }) => isBlocked && free > 0);
    return claims.length === 0 ? claims : [...claims, ...(await this.claimDue(rest))];
  }

  async #claimHead(slots: readonly ClaimSlots[]): Promise<RefreshClaim[]> {
    const rows = slots.map(({ provider, free, perUser, busyUsers, replayWindow }) => ({
      provider,
      free,
      per_user: perUser,
      busy_users: busyUsers,
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
      refusals: row.refusals,
      refusedSince: row.refused_ms === null ? null : new Date(row.refused_ms),
      provenClient: row.proven_client,
      isReplay: row.is_replay,
      lag: row.lag,
      claimedAt,
    }));
  }
}
