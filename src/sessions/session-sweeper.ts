import type { Database } from "../db/database.ts";
import type { Outbox } from "../events/outbox.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../observability/logger.ts";
import type { SessionMetrics } from "../observability/metrics.ts";
import { sessionEventBody } from "./session-event.ts";
import { type Session, SessionEntity, SessionProviderEntity } from "./session.ts";

const batchSize = 100;
/** How long a session can still be looked at after its end: a day longer than the events that tell of it. */
const keepEndedMs = 8 * 86_400_000;
const removeIntervalMs = 3_600_000;

type Count = { warned: number; expired: number; removed: number };

/**
 * Warns of sessions that are about to expire and tells of those that have. Each process has one and none leads: whoever
 * moves a session's notice on sends its event.
 */
export class SessionSweeper implements AsyncDisposable {
  readonly #database: Database;
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #metrics: SessionMetrics;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  #removedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(parts: {
    readonly database: Database;
    readonly outbox: Outbox;
    readonly clock: Clock;
    readonly log: Logger;
    readonly metrics: SessionMetrics;
    /** Milliseconds between two looks. */
    readonly intervalMs: number;
  }) {
    this.#database = parts.database;
    this.#outbox = parts.outbox;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#metrics = parts.metrics;
    this.#intervalMs = parts.intervalMs;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#working = this.#look().finally(() => this.#schedule());
    }, this.#intervalMs).unref();
  }

  async #look(): Promise<void> {
    try {
      await this.sweep();
      await this.#removeOld();
    } catch (error) {
      this.#log.tell("sessions.unswept", { err: error });
    }
  }

  /** Sends every notice that is due. */
  async sweep(): Promise<void> {
    const startedAt = performance.now();
    const done = { warned: 0, expired: 0, removed: 0 };
    try {
      await this.#notifyDue(done);
    } finally {
      this.#metrics.sessionsSwept(done, (performance.now() - startedAt) / 1_000);
    }
  }

  async #notifyDue(done: Count): Promise<void> {
    while (!this.#closed) {
      const due = await this.#database.em().find(
        SessionEntity,
        // What is over is told of already: such a row could not be moved on, and a batch of them would never end.
        { noticeAt: { $lte: this.#clock.now() }, status: "active" },
        { limit: batchSize, orderBy: { noticeAt: "asc" } },
      );
      for (const session of due) {
        const sent = await this.#notify(session);
        if (sent !== null) done[sent] += 1;
      }
      if (due.length < batchSize) return;
    }
  }

  /** @returns what it told of; null where another process was faster, or activity came in between */
  async #notify(session: Session): Promise<"warned" | "expired" | null> {
    const { id, userId, noticeAt, expiresAt, createdAt } = session;
    const now = this.#clock.now();
    const isOver = expiresAt <= now;
    // It is kept from now on, however late this sweeper is: the event that tells of it is new.
    const columns = isOver ? { status: "expired" as const, noticeAt: null, endedAt: now } : { noticeAt: expiresAt };
    const isSent = await this.#outbox.transaction(userId, async (em, emit) => {
      // Activity in between has moved both times.
      const where = { userId, id, noticeAt, expiresAt, status: "active" as const };
      if ((await em.nativeUpdate(SessionEntity, where, columns)) === 0) return false;
      const body = sessionEventBody(session);
      if (isOver) emit({ type: "SessionExpired", body });
      else emit({ type: "SessionExpiring", body: { ...body, expiresAt: expiresAt.toISOString() } });
      return true;
    });
    if (!isSent) return null;
    if (isOver) this.#metrics.sessionEnded("expired", (expiresAt.getTime() - createdAt.getTime()) / 1_000);
    return isOver ? "expired" : "warned";
  }

  async #removeOld(): Promise<void> {
    if (performance.now() - this.#removedAt < removeIntervalMs) return;
    const startedAt = performance.now();
    this.#removedAt = startedAt;
    let removed = 0;
    const endedAt = { $lt: new Date(this.#clock.now().getTime() - keepEndedMs) };
    for (;;) {
      const em = this.#database.em();
      const old = await em.find(SessionEntity, { endedAt }, { limit: batchSize, orderBy: { endedAt: "asc" } });
      const ids = old.map(({ id }) => id);
      await em.nativeDelete(SessionProviderEntity, { sessionId: { $in: ids } });
      removed += await em.nativeDelete(SessionEntity, { id: { $in: ids } });
      if (old.length < batchSize) break;
    }
    this.#metrics.sessionsSwept({ warned: 0, expired: 0, removed }, (performance.now() - startedAt) / 1_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#working;
  }
}
