import { writeAudit } from "../audit/audit-log.ts";
import type { CredentialStore } from "../credentials/credential-store.ts";
import type { StoredStatus } from "../credentials/provider-credential.ts";
import type { Database, EntityManager } from "../db/database.ts";
import type { ErrorCode } from "../errors/auth-error.ts";
import { randomMark } from "../events/cursor.ts";
import type { Doorbell } from "../events/doorbell.ts";
import type { NewEvent } from "../events/event.ts";
import type { Outbox } from "../events/outbox.ts";
import type { Clock } from "../lib/clock.ts";
import type { RefreshClaim } from "./lease.ts";
import type { Renewal } from "./renewal.ts";

/** Who refreshes when nobody has asked for it. */
export const serverActor = "maestro-auth";

/** How a failed refresh goes on. */
export interface Setback {
  /** What happened, for a person. */
  readonly reason: string;
  /** Milliseconds until the next try. */
  readonly retryInMs: number;
  /** The refresh may have been carried out: the refresh token must not be sent again just like that. */
  readonly isUnknown: boolean;
  /** See ProviderAuth. */
  readonly replayWindow: number;
  /** How many times in a row the provider has declined the refresh token; 0 after any other outcome. */
  readonly refusals: number;
  /** The provider's own code for it, where there is one to show. */
  readonly refusalCode: string | null;
  readonly actor: string;
}

// One statement: the new secret, the audit entry and the event stand together or not at all, and the lock on the user's
// stream is held for one round trip.
const storeStatement = {
  name: "store_renewal",
  text: `with renewal as (
      select * from json_to_record($1::json) as r (
        "userId" text, id uuid, "tokenVersion" int, "leaseEpoch" int, sealed text, "keyId" int, last4 text, fingerprint text,
        account jsonb, scopes json, "expiresAt" float8, lifetime int, "refreshAfter" float8, "earliestRefreshAt" float8,
        "expiryNoticeAt" float8, "renewedAt" float8, client text, actor text, event jsonb, mark bigint)
    ), stored as (
      update provider_credentials c set
        credentials = decode(r.sealed, 'base64'), key_id = r."keyId", token_version = r."tokenVersion" + 1,
        lease_epoch = r."leaseEpoch",
        status = 'active', status_reason = null,
        status_since = case when c.status <> 'active' or c.expires_at <= to_timestamp(r."renewedAt" / 1000)
          then to_timestamp(r."renewedAt" / 1000) else c.status_since end,
        last4 = r.last4, fingerprint = r.fingerprint, account = coalesce(nullif(r.account, 'null'::jsonb), c.account),
        scopes = array(select json_array_elements_text(r.scopes)), refreshable = true,
        expires_at = to_timestamp(r."expiresAt" / 1000),
        -- One that an older version has left in the spool does not say.
        lifetime = coalesce(r.lifetime, round((r."expiresAt" - r."renewedAt") / 1000)::int),
        refresh_after = to_timestamp(r."refreshAfter" / 1000),
        next_try_at = to_timestamp(r."refreshAfter" / 1000),
        earliest_refresh_at = to_timestamp(r."earliestRefreshAt" / 1000),
        expiry_notice_at = to_timestamp(r."expiryNoticeAt" / 1000),
        last_refreshed_at = to_timestamp(r."renewedAt" / 1000), updated_at = to_timestamp(r."renewedAt" / 1000),
        proven_client = coalesce(r.client, c.proven_client), refusals = 0, refused_since = null, refusal_code = null,
        fail_count = 0, lease_owner = null, lease_until = null, sent_at = null, replay_after = null
      from renewal r
      -- A row behind the renewal stands in a database that has gone back, and has lost the lease or earlier renewals.
      where c.user_id = r."userId" and c.id = r.id and (
        (c.token_version = r."tokenVersion" and c.lease_epoch = r."leaseEpoch")
        or (c.token_version <= r."tokenVersion" and c.lease_epoch <= r."leaseEpoch"
          and c.updated_at <= to_timestamp(r."renewedAt" / 1000)))
      returning c.user_id, c.id, c.provider, r.actor, r.event, r.mark
    ), audited as (
      insert into audit_log (at, user_id, actor, action, outcome, provider, credential_id)
      select clock_timestamp(), user_id, actor, 'credential.refresh', 'succeeded', provider, id from stored
    ), stream as (
      insert into user_streams (user_id, seq, mark) select user_id, 1, mark from stored
      on conflict (user_id) do update set seq = user_streams.seq + 1, mark = user_streams.mark # excluded.mark
      returning user_id, seq, mark
    )
    insert into events (user_id, seq, mark, type, body, created_at)
    select stream.user_id, stream.seq, stream.mark, 'TokenRefreshed', stored.event, clock_timestamp() from stream, stored
    returning seq`,
};

const ended = "lease_owner = null, lease_until = null";
const fence = "user_id = ? and id = ? and token_version = ? and lease_epoch = ?";
const fenceOf = (claim: RefreshClaim) => [claim.userId, claim.id, claim.tokenVersion, claim.leaseEpoch];

/**
 * Writes how refreshes ended, each with its audit entry and event. Nothing is written for a claim that another has
 * taken over.
 */
export class RefreshRecord {
  readonly #database: Database;
  readonly #store: CredentialStore;
  readonly #outbox: Outbox;
  readonly #doorbell: Doorbell;
  readonly #clock: Clock;

  constructor(parts: {
    readonly database: Database;
    readonly store: CredentialStore;
    readonly outbox: Outbox;
    readonly doorbell: Doorbell;
    readonly clock: Clock;
  }) {
    this.#database = parts.database;
    this.#store = parts.store;
    this.#outbox = parts.outbox;
    this.#doorbell = parts.doorbell;
    this.#clock = parts.clock;
  }

  /** Stores new tokens. `false`: the row no longer stands at the renewal's version and lease. */
  async succeeded(renewal: Renewal): Promise<boolean> {
    const { id, provider, authMethod: method, label, expiresAt } = renewal;
    const body = {
      credentialId: id,
      provider,
      method,
      label,
      expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
    } satisfies Extract<NewEvent, { type: "TokenRefreshed" }>["body"];
    const rows = await this.#database.query(storeStatement, [
      JSON.stringify({ ...renewal, event: body, mark: randomMark() }),
    ]);
    return rows.length === 1;
  }

  /** After the commit of `succeeded`. */
  announce(userId: string): void {
    this.#doorbell.ring(userId);
  }

  /** There will be another try. @returns whether the claim still held. */
  async failed(claim: RefreshClaim, setback: Setback): Promise<boolean> {
    return this.#outbox.transaction(claim.userId, async (em, emit) => {
      const next = setback.isUnknown
        ? await this.#keepUnknown(em, claim, setback)
        : await this.#retry(em, claim, setback);
      if (next === null) return false;
      await this.#audit(em, claim, "PROVIDER_UNAVAILABLE", setback.actor);
      emit({
        type: "TokenRefreshFailed",
        body: { ...bodyOf(claim), reason: setback.reason, retryAt: next.toISOString() },
      });
      return true;
    });
  }

  /** No try is worth anything any more: the user has to act, or the operator. @returns whether the claim still held. */
  async ended(
    claim: RefreshClaim,
    status: Exclude<StoredStatus, "active">,
    { reason, outcome, actor }: { readonly reason: string; readonly outcome: ErrorCode; readonly actor: string },
  ): Promise<boolean> {
    return this.#outbox.transaction(claim.userId, async (em, emit) => {
      const held = await em.execute<unknown[]>(
        `select 1 from provider_credentials where ${fence} for update`,
        fenceOf(claim),
      );
      if (held.length === 0) return false;
      await this.#store.markStatus(em, claim, status, reason);
      await this.#audit(em, claim, outcome, actor);
      if (status === "needs_reauth") emit({ type: "ReauthenticationRequired", body: { ...bodyOf(claim), reason } });
      return true;
    });
  }

  /** Gives a claim back under which nothing was sent, or nothing that could have had an effect. */
  async released(claim: RefreshClaim): Promise<void> {
    const kept = claim.isReplay ? ", replay_after = clock_timestamp()" : ", sent_at = null, replay_after = null";
    await this.#database.em().execute(`update provider_credentials set ${ended}${kept} where ${fence}`, fenceOf(claim));
  }

  async #retry(em: EntityManager, claim: RefreshClaim, setback: Setback): Promise<Date | null> {
    const { retryInMs } = setback;
    const next = "clock_timestamp() + ? * interval '1 millisecond'";
    // What an earlier try has done stays unknown, whatever this one says.
    return claim.isReplay
      ? this.#postpone(em, claim, setback, {
          sql: `replay_after = ${next}, next_try_at = ${next}`,
          values: [retryInMs, retryInMs],
        })
      : this.#postpone(em, claim, setback, {
          sql: `sent_at = null, replay_after = null, next_try_at = ${next}`,
          values: [retryInMs],
        });
  }

  /** Within the provider's replay window the next try may come soon; otherwise it waits for what the claim has set. */
  async #keepUnknown(em: EntityManager, claim: RefreshClaim, setback: Setback): Promise<Date | null> {
    const { retryInMs, replayWindow } = setback;
    const soon = "clock_timestamp() + ? * interval '1 millisecond'";
    const harmless = `extract(epoch from ${soon} - sent_at) < ?::float8`;
    const when = `case when ${harmless} then ${soon} else greatest(replay_after, ${soon}) end`;
    const values = [retryInMs, Math.min(replayWindow, 1e9), retryInMs, retryInMs];
    return this.#postpone(em, claim, setback, {
      sql: `replay_after = ${when}, next_try_at = ${when}`,
      values: [...values, ...values],
    });
  }

  async #postpone(
    em: EntityManager,
    claim: RefreshClaim,
    { reason, refusals, refusalCode }: Setback,
    set: { readonly sql: string; readonly values: readonly number[] },
  ): Promise<Date | null> {
    const rows = await em.execute<{ next: number }[]>(
      `update provider_credentials set ${ended}, fail_count = fail_count + 1, status_reason = ?, ${set.sql},
          refusals = ?, refused_since = case when ? > 0 then coalesce(refused_since, clock_timestamp()) end,
          refusal_code = ?, updated_at = ? where ${fence}
        returning (extract(epoch from next_try_at) * 1000)::float8 as next`,
      [reason, ...set.values, refusals, refusals, refusalCode, this.#clock.now(), ...fenceOf(claim)],
    );
    return rows[0] === undefined ? null : new Date(rows[0].next);
  }

  async #audit(em: EntityManager, claim: RefreshClaim, outcome: ErrorCode, actor: string): Promise<void> {
    const { userId, provider, id: credentialId } = claim;
    const entry = {
      userId,
      actor,
      ip: null,
      userAgent: null,
      action: "credential.refresh",
      provider,
      credentialId,
    } as const;
    await writeAudit(em, this.#clock.now(), { ...entry, outcome });
  }
}

function bodyOf({ id, provider, authMethod, label }: RefreshClaim) {
  return { credentialId: id, provider, method: authMethod, label };
}
