import { defineEntity, type InferEntity, p } from "@mikro-orm/core";
import type { AuthMethod } from "../providers/provider-auth.ts";

/** A row says `active` until a sweeper has come by; whether a session has expired is decided by the time. */
export const sessionStatuses = ["active", "expired", "ended"] as const;

export type SessionStatus = (typeof sessionStatuses)[number];

/** Where the secret of a chosen provider comes from. */
export type CredentialSource = "stored" | "environment";

/** The table `sessions`. */
export const SessionEntity = defineEntity({
  name: "Session",
  tableName: "sessions",
  indexes: [
    { name: "sessions_user_id_index", properties: ["userId", "createdAt", "id"] },
    { name: "sessions_active_index", properties: ["userId", "id"], where: `"status" = 'active'` },
    { name: "sessions_notice_index", properties: ["noticeAt"], where: `"notice_at" is not null` },
    { name: "sessions_ended_at_index", properties: ["endedAt"], where: `"ended_at" is not null` },
  ],
  properties: {
    id: p.uuid().primary(),
    userId: p.string().length(255),
    label: p.string().length(80).nullable(),
    status: p.string().length(16).$type<SessionStatus>(),
    /** The provider that calls use when they name none. */
    activeProvider: p.string().length(64).nullable(),
    createdAt: p.datetime(3),
    lastActivityAt: p.datetime(3),
    expiresAt: p.datetime(3),
    /** When to warn of the expiry, or to tell of it; null once it is over. */
    noticeAt: p.datetime(3).nullable(),
    endedAt: p.datetime(3).nullable(),
  },
});

export type Session = InferEntity<typeof SessionEntity>;

/** The table `session_providers`: what a session uses at each provider that was chosen in it. */
export const SessionProviderEntity = defineEntity({
  name: "SessionProvider",
  tableName: "session_providers",
  indexes: [{ name: "session_providers_user_id_index", properties: ["userId", "provider", "authMethod", "label"] }],
  properties: {
    sessionId: p.uuid().primary(),
    provider: p.string().length(64).primary(),
    userId: p.string().length(255),
    authMethod: p.string().length(16).$type<AuthMethod>(),
    label: p.string().length(80),
    source: p.string().length(16).$type<CredentialSource>(),
    model: p.string().length(128).nullable(),
    selectedAt: p.datetime(3),
  },
});

/** What one session uses at one provider. */
export type SessionProvider = InferEntity<typeof SessionProviderEntity>;

/** Where a session stands at a moment, whether or not a sweeper has run. */
export function sessionStatus(session: Pick<Session, "status" | "expiresAt">, now: Date): SessionStatus {
  return session.status === "active" && session.expiresAt <= now ? "expired" : session.status;
}
