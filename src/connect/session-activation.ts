import { SessionExpiredError, SessionNotFoundError } from "../errors/auth-error.ts";
import type { SessionManager } from "../sessions/session-manager.ts";
import type { Alongside } from "./credential-connector.ts";

/** Makes a credential that has just been connected the active one of a session. */
export class SessionActivation {
  readonly #sessions: SessionManager;

  constructor(sessions: SessionManager) {
    this.#sessions = sessions;
  }

  /** Before anything is done for it. @throws SessionNotFoundError also for a session that is over. */
  async require(userId: string, sessionId: string | null): Promise<void> {
    if (sessionId === null) return;
    try {
      await this.#sessions.get(userId, sessionId);
    } catch (error) {
      throw error instanceof SessionExpiredError ? new SessionNotFoundError() : error;
    }
  }

  /** In the transaction that stores the credential. A session that has ended in the meantime is left alone. */
  within(sessionId: string | null): Alongside {
    return async (em, { userId, provider, authMethod, label }, emit) => {
      if (sessionId === null) return;
      const choice = { provider, authMethod, label, source: "stored", model: null } as const;
      try {
        await this.#sessions.chooseWithin(em, emit, { userId, id: sessionId }, choice);
      } catch (error) {
        if (!(error instanceof SessionExpiredError || error instanceof SessionNotFoundError)) throw error;
      }
    };
  }
}
