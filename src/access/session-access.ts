import type { Caller } from "../callers/caller.ts";
import type { Database } from "../db/database.ts";
import type { Clock } from "../lib/clock.ts";
import type { AuthMethod } from "../providers/provider-auth.ts";
import type { ActivityRecorder } from "../sessions/activity-recorder.ts";
import { assertActive } from "../sessions/session-store.ts";
import type { CredentialSource, SessionStatus } from "../sessions/session.ts";
import type { AccessRequest } from "./grants.ts";

interface Columns {
  status: SessionStatus;
  expires_ms: number;
  provider: string | null;
  auth_method: AuthMethod | null;
  label: string | null;
  source: CredentialSource | null;
}

// A prepared statement instead of entities: this read, too, stands before calls to an LLM.
const statement = {
  name: "session_for_access",
  text: `select s.status, (extract(epoch from s.expires_at) * 1000)::float8 as expires_ms,
      coalesce($3, s.active_provider) as provider, p.auth_method, p.label, p.source
    from sessions s
    left join session_providers p on p.user_id = s.user_id and p.session_id = s.id
      and p.provider = coalesce($3, s.active_provider)
    where s.user_id = $1 and s.id = $2`,
};

/** Turns a request that names a session into one that names what the session uses. */
export class SessionAccess {
  readonly #database: Database;
  readonly #activity: ActivityRecorder;
  readonly #clock: Clock;

  constructor(parts: { readonly database: Database; readonly activity: ActivityRecorder; readonly clock: Clock }) {
    this.#database = parts.database;
    this.#activity = parts.activity;
    this.#clock = parts.clock;
  }

  /**
   * What the request names itself goes before the session's choice. @throws SessionNotFoundError, SessionExpiredError
   */
  async resolve({ userId }: Caller, request: AccessRequest, sessionId: string): Promise<AccessRequest> {
    const [row] = await this.#database.query<Columns>(statement, [userId, sessionId, request.provider]);
    const now = this.#clock.now();
    const session = row === undefined ? null : { status: row.status, expiresAt: new Date(row.expires_ms) };
    assertActive(session, now);
    await this.#activity.record({ id: sessionId, userId, expiresAt: session.expiresAt }, now);
    const { provider, auth_method: method, label, source } = row!;
    const isChanged = request.method !== null || request.label !== null;
    if (isChanged || method === null) return { ...request, provider };
    return source === "environment"
      ? { ...request, provider, source }
      : { ...request, provider, method, label, source: "stored" };
  }
}
