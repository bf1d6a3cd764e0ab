import type { StreamEvent } from "../../events/event.ts";
import { builder } from "../builder.ts";
import { sharedField } from "../delivery/shared-field.ts";
import { type Delivery, deliver, eventOf } from "../delivery/subscription.ts";
import { readsDatabase } from "../limits/field-cost.ts";
import { sessionRowId } from "../session/session-id.ts";
import { SessionRef } from "../session/session.ts";
import { EventRef, afterDescription } from "./event.ts";

const sessionEventTypes = [
  "SessionStarted",
  "ActiveProviderChanged",
  "SessionExpiring",
  "SessionExpired",
  "SessionEnded",
] as const;

export type SessionStreamEvent = Extract<StreamEvent, { type: (typeof sessionEventTypes)[number] }>;

export function isSessionEvent(event: StreamEvent): event is SessionStreamEvent {
  return (sessionEventTypes as readonly string[]).includes(event.type);
}

const SessionEventRef = builder.interfaceRef<SessionStreamEvent>("SessionEvent").implement({
  description: "A change to a session.",
  interfaces: [EventRef],
  resolveType: (event) => event.type,
  fields: (t) => ({
    session: t.field({
      type: SessionRef,
      extensions: readsDatabase,
      description: "The session as it is at the moment of delivery.",
      // A session is kept for longer than the events that tell of it.
      resolve: async ({ userId, body }, _args, { sessions }) => (await sessions.find(userId, body.sessionId))!,
    }),
  }),
});

const interfaces = [EventRef, SessionEventRef];

type EventOf<Type extends StreamEvent["type"]> = Extract<StreamEvent, { type: Type }>;

builder.objectRef<EventOf<"SessionStarted">>("SessionStarted").implement({
  description: "A session was started.",
  interfaces,
});

builder.objectRef<EventOf<"ActiveProviderChanged">>("ActiveProviderChanged").implement({
  description: "A session now uses another provider, or the same one with another credential or model.",
  interfaces,
  fields: (t) => ({
    from: t.string({
      nullable: true,
      description: "The name of the provider that was active; null if none was.",
      resolve: ({ body }) => body.from,
    }),
    to: t.string({
      nullable: true,
      description: "The name of the provider that is active now; null if none is, for example after a revocation.",
      resolve: ({ body }) => body.to,
    }),
  }),
});

builder.objectRef<EventOf<"SessionExpiring">>("SessionExpiring").implement({
  description: "A session expires soon if there is no activity.",
  interfaces,
  fields: (t) => ({
    expiresAt: t.field({
      type: "DateTime",
      description: "When the session expires.",
      resolve: ({ body }) => new Date(body.expiresAt),
    }),
  }),
});

builder.objectRef<EventOf<"SessionExpired">>("SessionExpired").implement({
  description: "A session has expired because there was no activity.",
  interfaces,
});

builder.objectRef<EventOf<"SessionEnded">>("SessionEnded").implement({
  description: "A session was ended.",
  interfaces,
});

builder.subscriptionField("sessionEvents", (t) =>
  t.field({
    type: SessionEventRef,
    description: "The viewer's session events, from all devices.",
    authScopes: { scope: "sessions" },
    extensions: sharedField,
    args: {
      after: t.arg.string({ description: afterDescription }),
      sessionId: t.arg.id({ description: "Only this session." }),
    },
    subscribe: (_root, { after, sessionId }, context) => {
      const only = sessionId == null ? null : sessionRowId(sessionId);
      return deliver(
        context,
        after ?? null,
        (event): event is SessionStreamEvent =>
          isSessionEvent(event) && (only === null || event.body.sessionId === only),
      );
    },
    resolve: (delivery: Delivery<SessionStreamEvent>) => eventOf(delivery),
  }),
);
