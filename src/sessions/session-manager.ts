import type { FilterQuery } from "@mikro-orm/core";
import type { AuditActor } from "../audit/audit-log.ts";
import type { AuditTrail } from "../audit/audit-trail.ts";
import type { Database, EntityManager } from "../db/database.ts";
import { SessionExpiredError, SessionNotFoundError } from "../errors/auth-error.ts";
import type { NewEvent } from "../events/event.ts";
import type { Emit, Outbox } from "../events/outbox.ts";
import type { Clock } from "../lib/clock.ts";
import type { Page, PageOfAll } from "../lib/pagination.ts";
import { byId, RowBatch } from "../lib/row-batch.ts";
import type { SessionEndReason, SessionMetrics } from "../observability/metrics.ts";
import { sessionEventBody } from "./session-event.ts";
import { assertActive, type ProviderChoice, type SessionStore, type UsedCredential } from "./session-store.ts";
import { type Session, type SessionProvider, type SessionStatus, sessionStatus } from "./session.ts";

/** Sessions that one transaction changes at most: it locks them, and what else their user does waits. */
const batchSize = 100;

/** Keeps users' sessions: each remembers which provider is active in it, and what it uses at each provider. */
export class SessionManager {
  readonly #database: Database;
  readonly #store: SessionStore;
  readonly #outbox: Outbox;
  readonly #audit: AuditTrail;
  readonly #clock: Clock;
  readonly #metrics: SessionMetrics;
  readonly #found = new RowBatch(async (userId, ids) =>
    byId(await this.#store.findAll(this.#database.em(), userId, ids)),
  );

  constructor(parts: {
    readonly database: Database;
    readonly store: SessionStore;
    readonly outbox: Outbox;
    readonly audit: AuditTrail;
    readonly clock: Clock;
    readonly metrics: SessionMetrics;
  }) {
    this.#database = parts.database;
    this.#store = parts.store;
    this.#outbox = parts.outbox;
    this.#audit = parts.audit;
    this.#clock = parts.clock;
    this.#metrics = parts.metrics;
  }

  async start(by: AuditActor, label: string | null): Promise<Session> {
    return this.#outbox.transaction(by.userId, async (em, emit) => {
      await this.#store.makeRoom(em, by.userId);
      return this.#create(em, emit, by, label);
    });
  }

  /** The same with a provider that is active from the beginning. `hold` comes first, as in `choose`. */
  async startWith(
    by: AuditActor,
    label: string | null,
    choice: ProviderChoice,
    hold: (em: EntityManager) => Promise<void>,
  ): Promise<Session> {
    return this.#outbox.transaction(by.userId, async (em, emit) => {
      await this.#store.makeRoom(em, by.userId);
      await hold(em);
      return this.chooseWithin(em, emit, await this.#create(em, emit, by, label), choice);
    });
  }

  async find(userId: string, id: string): Promise<Session | null> {
    return this.#found.find(userId, id);
  }

  /** @throws SessionNotFoundError, SessionExpiredError */
  async get(userId: string, id: string): Promise<Session> {
    const session = await this.find(userId, id);
    assertActive(session, this.#clock.now());
    return session;
  }

  async list(userId: string, status: SessionStatus | null, page: Page): Promise<Session[]> {
    return this.#store.list(this.#database.em(), userId, status, page);
  }

  /** Of all users, for the operator. */
  async listOfAll(status: SessionStatus | null, page: PageOfAll): Promise<Session[]> {
    return this.#store.listOfAll(this.#database.em(), status, page);
  }

  /** What was chosen in these sessions of a user. */
  async listProviders(userId: string, ids: readonly string[]): Promise<SessionProvider[]> {
    return this.#store.listProviders(this.#database.em(), userId, ids);
  }

  /** Counts as activity. @throws SessionNotFoundError, SessionExpiredError */
  async touch(userId: string, id: string): Promise<Session> {
    return this.#database.transaction(async (em) => {
      const session = await this.#store.lock(em, userId, id);
      await this.#store.touch(em, session);
      return session;
    });
  }

  /**
   * Makes a provider the active one, and counts as activity. `hold` comes first in the transaction: it makes sure that
   * what is chosen is still there, and stays there until the choice is written.
   * @throws SessionNotFoundError, SessionExpiredError
   */
  async choose(
    userId: string,
    id: string,
    choice: ProviderChoice,
    hold: (em: EntityManager) => Promise<void>,
  ): Promise<Session> {
    return this.#outbox.transaction(userId, async (em, emit) => {
      await hold(em);
      return this.chooseWithin(em, emit, { userId, id }, choice);
    });
  }

  /** The same in the transaction of something else, which also sends the event. */
  async chooseWithin(
    em: EntityManager,
    emit: Emit,
    { userId, id }: { readonly userId: string; readonly id: string },
    choice: ProviderChoice,
  ): Promise<Session> {
    const session = await this.#store.lock(em, userId, id);
    const from = session.activeProvider ?? null;
    const before = await this.#store.findProvider(em, session, choice.provider);
    // Writing it changes the entity that was read.
    const isChanged = from !== choice.provider || !isSame(before, choice);
    await this.#store.choose(em, session, choice);
    if (isChanged) {
      emit({ type: "ActiveProviderChanged", body: { ...sessionEventBody(session), from, to: choice.provider } });
    }
    return session;
  }

  /** Forgets what a session uses at a provider. @throws SessionNotFoundError, SessionExpiredError */
  async drop(userId: string, id: string, provider: string): Promise<Session> {
    return this.#outbox.transaction(userId, async (em, emit) => {
      const session = await this.#store.lock(em, userId, id);
      await this.#drop(em, emit, session, provider);
      return session;
    });
  }

  /**
   * Takes a credential that is about to be removed out of sessions that use it, batch after batch, each in a
   * transaction of its own, until no more than a batch is left for `forgetCredential`.
   */
  async forgetBeforehand(credential: UsedCredential): Promise<void> {
    const { userId } = credential;
    const hasMany = async () => {
      const using = await this.#store.listUsing(this.#database.em(), credential, batchSize + 1);
      return using.length > batchSize;
    };
    while (await hasMany()) await this.#outbox.transaction(userId, (em, emit) => this.#forget(em, emit, credential));
  }

  /** Takes a credential that is being removed out of every session that uses it, in the transaction that removes it. */
  async forgetCredential(em: EntityManager, emit: Emit, credential: UsedCredential): Promise<void> {
    for (let left = batchSize; left === batchSize;) left = await this.#forget(em, emit, credential);
  }

  /** @returns how many sessions it has looked at, at most a batch */
  async #forget(em: EntityManager, emit: Emit, credential: UsedCredential): Promise<number> {
    const { userId, provider } = credential;
    const ids = await this.#store.listUsing(em, credential, batchSize);
    if (ids.length === 0) return 0;
    const sessions = await this.#store.lockThese(em, userId, ids);
    // One that chose another credential before it was locked keeps that.
    const using = await this.#store.dropUses(em, credential, ids);
    const now = this.#clock.now();
    for (const session of sessions) {
      const isToTell = sessionStatus(session, now) === "active" && session.activeProvider === provider;
      if (isToTell && using.has(session.id)) emit(providerDropped(session, provider));
    }
    return ids.length;
  }

  /** Ends a session. One that is over already stays as it is. @throws SessionNotFoundError */
  async end(by: AuditActor, id: string): Promise<Session> {
    const { userId } = by;
    let isEnded = false;
    const ended = await this.#outbox.transaction(userId, async (em, emit) => {
      isEnded = false;
      try {
        const session = await this.#store.lock(em, userId, id);
        await this.#audit.write(em, by, { action: "session.end", outcome: "succeeded" });
        await this.#end(em, emit, session);
        isEnded = true;
        return session;
      } catch (error) {
        if (!(error instanceof SessionExpiredError)) throw error;
        return (await this.#store.find(em, userId, id))!;
      }
    });
    if (isEnded) this.#count("ended", [ended]);
    return ended;
  }

  /** Of sessions that have just ended, once that is committed. */
  #count(reason: SessionEndReason, sessions: readonly Session[]): void {
    const now = this.#clock.now().getTime();
    for (const { createdAt } of sessions) this.#metrics.sessionEnded(reason, (now - createdAt.getTime()) / 1_000);
  }

  /**
   * Ends all of a user's sessions but one, batch after batch, each in a transaction of its own: what is done before a
   * failure stays done, and a second call does the rest.
   * @returns the ids of those that ended. @throws SessionNotFoundError
   */
  async endOthers(by: AuditActor, keepId: string): Promise<string[]> {
    if ((await this.find(by.userId, keepId)) === null) throw new SessionNotFoundError();
    const ended: string[] = [];
    for (let left = batchSize; left === batchSize;) {
      const batch = await this.#endSome(by, { id: { $ne: keepId } }, { isFirst: ended.length === 0 });
      this.#count("ended_others", batch);
      ended.push(...batch.map(({ id }) => id));
      left = batch.length;
    }
    return ended;
  }

  async #endSome(
    by: AuditActor,
    where: FilterQuery<Session>,
    { isFirst }: { readonly isFirst: boolean },
  ): Promise<readonly Session[]> {
    const { userId } = by;
    return this.#outbox.transaction(userId, async (em, emit) => {
      const sessions = await this.#store.lockSome(em, userId, where, batchSize);
      if (sessions.length === 0) return [];
      if (isFirst) await this.#audit.write(em, by, { action: "session.end_others", outcome: "succeeded" });
      await this.#store.endAll(em, userId, sessions);
      for (const session of sessions) emit({ type: "SessionEnded", body: sessionEventBody(session) });
      return sessions;
    });
  }

  statusOf(session: Session): SessionStatus {
    return sessionStatus(session, this.#clock.now());
  }

  async #create(em: EntityManager, emit: Emit, by: AuditActor, label: string | null): Promise<Session> {
    const session = await this.#store.create(em, by.userId, label);
    await this.#audit.write(em, by, { action: "session.start", outcome: "succeeded" });
    emit({ type: "SessionStarted", body: sessionEventBody(session) });
    return session;
  }

  async #end(em: EntityManager, emit: Emit, session: Session): Promise<void> {
    await this.#store.end(em, session);
    emit({ type: "SessionEnded", body: sessionEventBody(session) });
  }

  async #drop(em: EntityManager, emit: Emit, session: Session, provider: string): Promise<void> {
    const wasActive = session.activeProvider === provider;
    await this.#store.drop(em, session, provider);
    if (wasActive) emit(providerDropped(session, provider));
  }
}

function providerDropped(session: Session, provider: string): NewEvent {
  return { type: "ActiveProviderChanged", body: { ...sessionEventBody(session), from: provider, to: null } };
}

function isSame(before: SessionProvider | null, choice: ProviderChoice): boolean {
  return (
    before !== null &&
    before.authMethod === choice.authMethod &&
    before.label === choice.label &&
    before.source === choice.source &&
    (before.model ?? null) === choice.model
  );
}
