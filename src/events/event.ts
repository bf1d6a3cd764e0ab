import { defineEntity, p } from "@mikro-orm/core";
import type { AuthMethod, ProviderAccount } from "../providers/provider-auth.ts";
import type { Place, StreamPlace } from "./cursor.ts";

/** The fields that every event about a credential carries; none is secret. */
interface CredentialEventBody {
  readonly credentialId: string;
  readonly provider: string;
  readonly method: AuthMethod;
  readonly label: string;
}

/** The field that every event about a session carries. */
interface SessionEventBody {
  readonly sessionId: string;
}

/**
 * What happened, before it has a number. The names are those of the GraphQL types; times are as RFC 3339 writes them.
 */
export type NewEvent =
  | { readonly type: "SessionStarted"; readonly body: SessionEventBody }
  | {
      readonly type: "ActiveProviderChanged";
      readonly body: SessionEventBody & { readonly from: string | null; readonly to: string | null };
    }
  | { readonly type: "SessionExpiring"; readonly body: SessionEventBody & { readonly expiresAt: string } }
  | { readonly type: "SessionExpired"; readonly body: SessionEventBody }
  | { readonly type: "SessionEnded"; readonly body: SessionEventBody }
  | {
      readonly type: "CredentialStored";
      /** `previousAccount` is missing in events of earlier versions. */
      readonly body: CredentialEventBody & { readonly previousAccount?: ProviderAccount | null };
    }
  | { readonly type: "CredentialRevoked"; readonly body: CredentialEventBody }
  | { readonly type: "TokenExpiring"; readonly body: CredentialEventBody & { readonly expiresAt: string } }
  | { readonly type: "TokenExpired"; readonly body: CredentialEventBody }
  | { readonly type: "TokenRefreshed"; readonly body: CredentialEventBody & { readonly expiresAt: string | null } }
  | {
      readonly type: "TokenRefreshFailed";
      readonly body: CredentialEventBody & { readonly reason: string; readonly retryAt: string | null };
    }
  | { readonly type: "ReauthenticationRequired"; readonly body: CredentialEventBody & { readonly reason: string } };

/** An event of one user's stream. `seq` counts from 1 without a hole; `timeline` is the one in which it was read. */
export type StreamEvent = NewEvent &
  StreamPlace & {
    /** The mark of the event before it, as far as its writer or reader knew. */
    readonly previous: number;
    readonly occurredAt: Date;
  };

/** An event as the database has it: `body` is its JSON, `atMs` counts milliseconds since 1970. */
interface EventRow extends Place {
  readonly timeline: string;
  readonly previous: number;
  readonly type: string;
  readonly body: string;
  readonly atMs: number;
}

export function toStreamEvent(userId: string, { type, body, atMs, ...place }: EventRow): StreamEvent {
  return { ...({ type, body: JSON.parse(body) } as NewEvent), ...place, userId, occurredAt: new Date(atMs) };
}

/**
 * The table `user_streams`: the last number given (`seq`), and the last one that retention removed (`floor`), each with
 * the mark of its event.
 */
export const UserStreamEntity = defineEntity({
  name: "UserStream",
  tableName: "user_streams",
  properties: {
    userId: p.string().length(255).primary(),
    seq: p.bigint("number").default(0),
    floor: p.bigint("number").default(0),
    mark: p.bigint("number").default(0),
    floorMark: p.bigint("number").default(0),
  },
});

/** The table `events`, the outbox: each row was committed together with the change that it tells of. */
export const EventEntity = defineEntity({
  name: "Event",
  tableName: "events",
  indexes: [{ name: "events_created_at_index", properties: ["createdAt"] }],
  properties: {
    userId: p.string().length(255).primary(),
    seq: p.bigint("number").primary(),
    type: p.string().length(40),
    body: p.json<NewEvent["body"]>(),
    createdAt: p.datetime(3),
    /** Tells it from an event of the same number in another history of the stream. */
    mark: p.bigint("number").default(0),
  },
});
