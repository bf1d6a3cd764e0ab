import type { Clock } from "../clock.ts";
import type { Database, EntityManager } from "../db/database.ts";
import { SessionExpiredError, SessionNotFoundError } from "../errors.ts";
import type { Emit, Outbox } from "../events/outbox.ts";
import type { AuditActor } from "../observability/audit-log.ts";
import type { AuditTrail } from "../observability/audit-trail.ts";
import type { Page, PageOfAll } from "../page.ts";
import type { AuthMethod } from "../providers/provider-auth.ts";
import { byId, RowBatch } from "../row-batch.ts";
import { type Session, type SessionProvider, type SessionStatus, sessionStatus } from "./session.ts";
import { sessionEventBody } from "./session-event.ts";
import { assertActive, type ProviderChoice, type SessionStore } from "./session-store.ts";

/** Keeps users' sessions: each remembers which provider is active in it, and what it uses at each provider. */
export class SessionManager {
  readonly #database: Database;
  readonly #store: SessionStore;
  readonly #outbox: Outbox;
  readonly #audit: AuditTrail;
  readonly #clock: Clock;
  readonly #found = new RowBatch(async (userId, ids) =>
    byId(await this.#store.findAll(this.#database.em(), userId, ids)),
  );

  constructor(parts: {
    readonly database: Database;
    readonly store: SessionStore;
    readonly outbox: Outbox;
    readonly audit: AuditTrail;
    readonly clock: Clock;
  }) {
    this.#database = parts.database;
    this.#store = parts.store;
    this.#outbox = parts.outbox;
    this.#audit = parts.audit;
    this.#clock = parts.clock;
  }

  async start(by: AuditActor, label: string | null): Promise<Session> {
    return this.#outbox.transaction(by.userId, (em, emit) => this.#create(em, emit, by, label));
  }

  /** The same with a provider that is active from the beginning. `hold` comes first, as in `choose`. */
  async startWith(
    by: AuditActor,
    label: string | null,
    choice: ProviderChoice,
    hold: (em: EntityManager) => Promise<void>,
  ): Promise<Session> {
    return this.#outbox.transaction(by.userId, async (em, emit) => {
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

  /** Takes a credential that is being removed out of every session that uses it, in the transaction that removes it. */
  async forgetCredential(
    em: EntityManager,
    emit: Emit,
    credential: {
      readonly userId: string;
      readonly provider: string;
      readonly authMethod: AuthMethod;
      readonly label: string;
    },
  ): Promise<void> {
    const ids = await this.#store.listUsing(em, credential.userId, credential);
    if (ids.length === 0) return;
    const sessions = await this.#store.lockAll(em, credential.userId, { id: { $in: ids } });
    // One that chose another credential before it was locked keeps that.
    const using = new Set(await this.#store.listUsing(em, credential.userId, credential));
    for (const session of sessions) {
      if (using.has(session.id)) await this.#drop(em, emit, session, credential.provider);
    }
  }

  /** Ends a session. One that is over already stays as it is. @throws SessionNotFoundError */
  async end(by: AuditActor, id: string): Promise<Session> {
    const { userId } = by;
    return this.#outbox.transaction(userId, async (em, emit) => {
      try {
        const session = await this.#store.lock(em, userId, id);
        await this.#audit.write(em, by, { action: "session.end", outcome: "succeeded" });
        await this.#end(em, emit, session);
        return session;
      } catch (error) {
        if (!(error instanceof SessionExpiredError)) throw error;
        return (await this.#store.find(em, userId, id))!;
      }
    });
  }

  /** Ends all of a user's sessions but one. @returns the ids of those that ended. @throws SessionNotFoundError */
  async endOthers(by: AuditActor, keepId: string): Promise<string[]> {
    const { userId } = by;
    return this.#outbox.transaction(userId, async (em, emit) => {
      const kept = await this.#store.find(em, userId, keepId);
      if (kept === null) throw new SessionNotFoundError();
      const others = await this.#store.lockAll(em, userId, { id: { $ne: keepId } });
      if (others.length > 0) await this.#audit.write(em, by, { action: "session.end_others", outcome: "succeeded" });
      for (const session of others) await this.#end(em, emit, session);
      return others.map(({ id }) => id);
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
    if (wasActive) {
      emit({ type: "ActiveProviderChanged", body: { ...sessionEventBody(session), from: provider, to: null } });
    }
  }
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
