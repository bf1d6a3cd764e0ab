import type { Clock } from "../../clock.ts";
import type { CredentialStore } from "../../credentials/credential-store.ts";
import { type ProviderCredential, ProviderCredentialEntity } from "../../credentials/provider-credential.ts";
import type { RefreshScheduler } from "../../credentials/refresh-schedule.ts";
import type { Database } from "../../db/database.ts";
import type { Outbox } from "../../events/outbox.ts";
import { credentialEventBody } from "../credential-event.ts";

const batchSize = 100;
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
    for (;;) {
      const rows = await this.#database
        .em()
        .find(
          ProviderCredentialEntity,
          { expiryNoticeAt: { $lte: this.#clock.now() } },
          { limit: batchSize, orderBy: { expiryNoticeAt: "asc" } },
        );
      for (const row of rows) await this.#notify(row);
      if (rows.length < batchSize) return;
    }
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
    if (expiresAt == null) return;
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

/** Whether it will not be refreshed by itself, or has failed to be. */
function isInDanger({ refreshable, nextTryAt, failCount }: ProviderCredential, now: Date): boolean {
  if (!refreshable || nextTryAt == null || failCount > 0) return true;
  return now.getTime() - nextTryAt.getTime() > overdueMs;
}

function later(expiresAt: Date, now: Date): Date {
  return new Date(now.getTime() + Math.max((expiresAt.getTime() - now.getTime()) / 4, 1_000));
}
