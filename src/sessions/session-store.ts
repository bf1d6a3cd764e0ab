import { randomUUID } from "node:crypto";
import { type FilterQuery, LockMode } from "@mikro-orm/core";
import type { Clock } from "../clock.ts";
import type { EntityManager } from "../db/database.ts";
import { SessionExpiredError, SessionNotFoundError } from "../errors.ts";
import { type Page, type PageOfAll, pageOf, pageOfAll } from "../page.ts";
import type { AuthMethod } from "../providers/provider-auth.ts";
import {
  type Session,
  SessionEntity,
  type SessionProvider,
  SessionProviderEntity,
  type SessionStatus,
  sessionStatus,
} from "./session.ts";
import type { SessionTimeout } from "./session-timeout.ts";

/** What a session is to use at a provider. */
export type ProviderChoice = Pick<SessionProvider, "provider" | "authMethod" | "label" | "source"> & {
  readonly model: string | null;
};

/** The tables `sessions` and `session_providers`. Every query names the user, except the operator's. */
export class SessionStore {
  readonly #timeout: SessionTimeout;
  readonly #clock: Clock;

  constructor(timeout: SessionTimeout, clock: Clock) {
    this.#timeout = timeout;
    this.#clock = clock;
  }

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

  /** Those of the user's sessions that are not over, locked in the order of their ids. */
  async lockAll(em: EntityManager, userId: string, where: FilterQuery<Session> = {}): Promise<Session[]> {
    return em.find(
      SessionEntity,
      { $and: [{ userId, status: "active", expiresAt: { $gt: this.#clock.now() } }, where] },
      { lockMode: LockMode.PESSIMISTIC_WRITE, orderBy: { id: "asc" } },
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
    await this.#update(em, session, { status: "ended", noticeAt: null, endedAt: this.#clock.now() });
  }

  /** The ids of the sessions that use a credential. */
  async listUsing(
    em: EntityManager,
    userId: string,
    credential: { readonly provider: string; readonly authMethod: AuthMethod; readonly label: string },
  ): Promise<string[]> {
    const { provider, authMethod, label } = credential;
    const where = { userId, provider, authMethod, label, source: "stored" as const };
    return (await em.find(SessionProviderEntity, where)).map(({ sessionId }) => sessionId);
  }

  async #update(em: EntityManager, session: Session, columns: Partial<Session>): Promise<void> {
    em.assign(session, columns);
    await em.flush();
  }
}

/** @throws SessionNotFoundError, SessionExpiredError */
export function assertActive<S extends Pick<Session, "status" | "expiresAt">>(
  session: S | null,
  now: Date,
): asserts session is S {
  if (session === null) throw new SessionNotFoundError();
  const status = sessionStatus(session, now);
  if (status === "ended") throw new SessionExpiredError("This session has been ended. Start a new one.");
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
