import { credentialEventBody } from "../credentials/credential-event.ts";
import type { CredentialStore } from "../credentials/credential-store.ts";
import { type ProviderCredential, ProviderCredentialEntity } from "../credentials/provider-credential.ts";
import type { RefreshScheduler } from "../credentials/refresh-schedule.ts";
import type { Database } from "../db/database.ts";
import type { Outbox } from "../events/outbox.ts";
import type { Clock } from "../lib/clock.ts";

const batchSize = 100;
/** Longer than a batch takes: if this process dies, another one sends what is left. */
const claimSeconds = 30;
/** How long the secrets of an ended sign-in are kept, in milliseconds. */
const keepEndedMs = 86_400_000;
const forgetIntervalMs = 600_000;
/** How overdue a refresh is before its user counts as in danger of losing access. */
const overdueMs = 10_000;

/**
 * Tells users of tokens that will expire or have expired. One that the server is going to refresh in time is nobody's
 * worry: its notice is put off until it has been refreshed, or has failed to be.
 */
export class ExpiryNotices {
  readonly #database: Database;
  readonly #store: CredentialStore;
  readonly #scheduler: RefreshScheduler;
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  #forgottenAt = Number.NEGATIVE_INFINITY;
  #isStopped = false;

  constructor(parts: {
    readonly database: Database;
    readonly store: CredentialStore;
    readonly scheduler: RefreshScheduler;
    readonly outbox: Outbox;
    readonly clock: Clock;
  }) {
    this.#database = parts.database;
    this.#store = parts.store;
    this.#scheduler = parts.scheduler;
    this.#outbox = parts.outbox;
    this.#clock = parts.clock;
  }

  /** Sends what is due. Of several processes each notice is sent by one. */
  async send(): Promise<void> {
    while (!this.#isStopped) {
      const ids = await this.#claim();
      const rows = await this.#database.em().find(ProviderCredentialEntity, { id: { $in: ids } });
      for (const row of rows) if (!this.#isStopped) await this.#notify(row);
      if (ids.length < batchSize) return;
    }
  }

  /** What is not yet sent is left to others. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Puts the next ones off for a while in which no other process sends them. */
  async #claim(): Promise<string[]> {
    const rows = await this.#database.em().execute<{ id: string }[]>(
      `update provider_credentials set expiry_notice_at = clock_timestamp() + interval '${claimSeconds} seconds'
        where id in (
          select id from provider_credentials where expiry_notice_at <= ?
          order by expiry_notice_at limit ${batchSize} for update skip locked
        ) returning id`,
      [this.#clock.now()],
    );
    return rows.map(({ id }) => id);
  }

  /** See CredentialStore. */
  async forgetEnded(): Promise<void> {
    if (performance.now() - this.#forgottenAt < forgetIntervalMs) return;
    this.#forgottenAt = performance.now();
    await this.#store.forgetEnded(this.#database.em(), new Date(this.#clock.now().getTime() - keepEndedMs));
  }

  async #notify(credential: ProviderCredential): Promise<void> {
    const { id, userId, authMethod, expiresAt, expiryNoticeAt } = credential;
    const now = this.#clock.now();
    if (expiresAt == null || expiryNoticeAt == null) return;
    const isOver = expiresAt <= now;
    const isWorth = isOver || isInDanger(credential, now);
    const next = isOver
      ? null
      : isWorth
        ? this.#scheduler.nextNotice(authMethod, expiresAt, now)
        : later(expiresAt, now);
    await this.#outbox.transaction(userId, async (em, emit) => {
      // Whoever moves the notice on sends it; a refresh in between has moved it too.
      const moved = await em.nativeUpdate(
        ProviderCredentialEntity,
        { userId, id, expiryNoticeAt },
        { expiryNoticeAt: next },
      );
      if (moved === 0 || !isWorth) return;
      const body = credentialEventBody(credential);
      if (isOver) emit({ type: "TokenExpired", body });
      else emit({ type: "TokenExpiring", body: { ...body, expiresAt: expiresAt.toISOString() } });
    });
  }
}

/** Whether it will not be refreshed by itself in time, or has failed to be. */
function isInDanger({ refreshable, nextTryAt, failCount, expiresAt }: ProviderCredential, now: Date): boolean {
  if (!refreshable || nextTryAt == null || failCount > 0) return true;
  // The provider allows no refresh before the end.
  if (expiresAt != null && nextTryAt >= expiresAt) return true;
  return now.getTime() - nextTryAt.getTime() > overdueMs;
}

function later(expiresAt: Date, now: Date): Date {
  return new Date(now.getTime() + Math.max((expiresAt.getTime() - now.getTime()) / 4, 1_000));
}
