import { randomUUID } from "node:crypto";
import { type FilterQuery, LockMode } from "@mikro-orm/core";
import { Quotas } from "../callers/quota.ts";
import type { EntityManager } from "../db/database.ts";
import { SessionExpiredError, SessionNotFoundError } from "../errors/auth-error.ts";
import type { Clock } from "../lib/clock.ts";
import { type Page, type PageOfAll, pageOf, pageOfAll } from "../lib/pagination.ts";
import type { SessionTimeout } from "./session-timeout.ts";
import {
  type Session,
  SessionEntity,
  type SessionProvider,
  SessionProviderEntity,
  type SessionStatus,
  sessionStatus,
} from "./session.ts";

/** What a session is to use at a provider. */
export type ProviderChoice = Pick<SessionProvider, "provider" | "authMethod" | "label" | "source"> & {
  readonly model: string | null;
};

/** What sessions may use. */
export type UsedCredential = Pick<SessionProvider, "userId" | "provider" | "authMethod" | "label">;

/** The tables `sessions` and `session_providers`. Every query names the user, except the operator's. */
export class SessionStore {
  readonly #timeout: SessionTimeout;
  readonly #quotas: Quotas;
  readonly #clock: Clock;

  constructor(timeout: SessionTimeout, clock: Clock, quotas = new Quotas()) {
    this.#timeout = timeout;
    this.#quotas = quotas;
    this.#clock = clock;
  }

  /** Comes first in the transaction that creates a session. @throws QuotaExceededError */
  async makeRoom(em: EntityManager, userId: string): Promise<void> {
    await this.#quotas.lock(em, userId);
    const active = "select 1 from sessions where user_id = ? and status = 'active' and expires_at > ?::timestamptz";
    await this.#quotas.assertRoom(em, "sessions", [active, [userId, this.#clock.now().toISOString()]]);
    await this.#quotas.assertRoom(em, "stored-sessions", ["select 1 from sessions where user_id = ?", [userId]]);
  }

  /** In a transaction that has made room for it. */
  async create(em: EntityManager, userId: string, label: string | null): Promise<Session> {
    const now = this.#clock.now();
    const session = em.create(SessionEntity, {
      id: randomUUID(),
      userId,
      label,
      status: "active",
      activeProvider: null,
      createdAt: now,
      lastActivityAt: now,
      ...this.#timeout.from(now),
      endedAt: null,
    });
    await em.persist(session).flush();
    return session;
  }

  async find(em: EntityManager, userId: string, id: string): Promise<Session | null> {
    return em.findOne(SessionEntity, { userId, id });
  }

  /** Those of these ids that are the user's, in no order. */
  async findAll(em: EntityManager, userId: string, ids: readonly string[]): Promise<Session[]> {
    return em.find(SessionEntity, { userId, id: { $in: [...ids] } });
  }

  /**
   * A session that is not over, locked for the rest of the transaction.
   * @throws SessionNotFoundError also for another user's; SessionExpiredError
   */
  async lock(em: EntityManager, userId: string, id: string): Promise<Session> {
    const session = await em.findOne(SessionEntity, { userId, id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    assertActive(session, this.#clock.now());
    return session;
  }

  /** So many of the user's sessions that are not over, locked in the order of their ids. */
  async lockSome(em: EntityManager, userId: string, where: FilterQuery<Session>, limit: number): Promise<Session[]> {
    return em.find(
      SessionEntity,
      { $and: [{ userId, status: "active", expiresAt: { $gt: this.#clock.now() } }, where] },
      { lockMode: LockMode.PESSIMISTIC_WRITE, orderBy: { id: "asc" }, limit },
    );
  }

  /** One page, in the order of creation; from the end backwards where the page is inverted. */
  async list(em: EntityManager, userId: string, status: SessionStatus | null, page: Page): Promise<Session[]> {
    const conditions: FilterQuery<Session>[] = [{ userId }];
    if (status !== null) conditions.push(hasStatus(status, this.#clock.now()));
    const { conditions: bounds, options } = pageOf(page);
    return em.find(SessionEntity, { $and: [...conditions, ...bounds] }, options);
  }

  /** One page of all users' sessions, for the operator: the one query that names no user. */
  async listOfAll(em: EntityManager, status: SessionStatus | null, page: PageOfAll): Promise<Session[]> {
    const conditions = status === null ? [] : [hasStatus(status, this.#clock.now())];
    const { conditions: bounds, options } = pageOfAll(page);
    return em.find(SessionEntity, { $and: [...conditions, ...bounds] }, options);
  }

  /** What was chosen in these sessions, in no order. */
  async listProviders(em: EntityManager, userId: string, ids: readonly string[]): Promise<SessionProvider[]> {
    return em.find(SessionProviderEntity, { userId, sessionId: { $in: [...ids] } });
  }

  async findProvider(
    em: EntityManager,
    { userId, id }: Pick<Session, "userId" | "id">,
    provider: string,
  ): Promise<SessionProvider | null> {
    return em.findOne(SessionProviderEntity, { userId, sessionId: id, provider });
  }

  /** Makes a provider the active one of a locked session. */
  async choose(em: EntityManager, session: Session, choice: ProviderChoice): Promise<void> {
    const { id: sessionId, userId } = session;
    const columns = { ...choice, sessionId, userId, selectedAt: this.#clock.now() };
    await em.upsert(SessionProviderEntity, columns);
    await this.#update(em, session, { activeProvider: choice.provider });
    await this.touch(em, session);
  }

  /** Forgets what a locked session uses at a provider. */
  async drop(em: EntityManager, session: Session, provider: string): Promise<void> {
    await em.nativeDelete(SessionProviderEntity, { userId: session.userId, sessionId: session.id, provider });
    if (session.activeProvider === provider) await this.#update(em, session, { activeProvider: null });
  }

  /** Counts as activity of a locked session. */
  async touch(em: EntityManager, session: Session): Promise<void> {
    const now = this.#clock.now();
    await this.#update(em, session, { lastActivityAt: now, ...this.#timeout.from(now) });
  }

  /** Ends a locked session. */
  async end(em: EntityManager, session: Session): Promise<void> {
    await this.#update(em, session, this.#ended());
  }

  /** Ends locked sessions, in one statement. */
  async endAll(em: EntityManager, userId: string, sessions: readonly Session[]): Promise<void> {
    await em.nativeUpdate(SessionEntity, { userId, id: { $in: sessions.map(({ id }) => id) } }, this.#ended());
  }

  /** The ids of sessions that use a credential, whether or not they are over, in their order; so many at most. */
  async listUsing(em: EntityManager, credential: UsedCredential, limit: number): Promise<string[]> {
    const rows = await em.find(SessionProviderEntity, usesOf(credential), { orderBy: { sessionId: "asc" }, limit });
    return rows.map(({ sessionId }) => sessionId);
  }

  /** Locks sessions in the order of their ids, whether or not they are over. */
  async lockThese(em: EntityManager, userId: string, ids: readonly string[]): Promise<Session[]> {
    return em.find(
      SessionEntity,
      { userId, id: { $in: [...ids] } },
      { lockMode: LockMode.PESSIMISTIC_WRITE, orderBy: { id: "asc" } },
    );
  }

  /** Forgets that these sessions, which are locked, use a credential. @returns the ids of those that did. */
  async dropUses(em: EntityManager, credential: UsedCredential, ids: readonly string[]): Promise<ReadonlySet<string>> {
    const { userId, provider } = credential;
    const where = { ...usesOf(credential), sessionId: { $in: [...ids] } };
    const using = new Set((await em.find(SessionProviderEntity, where)).map(({ sessionId }) => sessionId));
    await em.nativeDelete(SessionProviderEntity, where);
    const active = { userId, id: { $in: [...using] }, activeProvider: provider };
    await em.nativeUpdate(SessionEntity, active, { activeProvider: null });
    return using;
  }

  #ended() {
    return { status: "ended" as const, noticeAt: null, endedAt: this.#clock.now() };
  }

  async #update(em: EntityManager, session: Session, columns: Partial<Session>): Promise<void> {
    em.assign(session, columns);
    await em.flush();
  }
}

function usesOf({ userId, provider, authMethod, label }: UsedCredential) {
  return { userId, provider, authMethod, label, source: "stored" as const };
}

/** @throws SessionNotFoundError, SessionExpiredError */
export function assertActive<S extends Pick<Session, "status" | "expiresAt">>(
  session: S | null,
  now: Date,
): asserts session is S {
  if (session === null) throw new SessionNotFoundError();
  const status = sessionStatus(session, now);
  if (status === "ended") throw new SessionExpiredError("This session was ended. Start a new one.");
  if (status === "expired") throw new SessionExpiredError();
}

function hasStatus(status: SessionStatus, now: Date): FilterQuery<Session> {
  switch (status) {
    case "active":
      return { status, expiresAt: { $gt: now } };
    case "expired":
      return { $or: [{ status }, { status: "active", expiresAt: { $lte: now } }] };
    default:
      return { status };
  }
}
