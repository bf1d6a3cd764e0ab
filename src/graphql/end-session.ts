import * as errors from "../errors.ts";
import type { Session } from "../sessions/session.ts";
import { builder } from "./builder.ts";
import { encodeNodeId } from "./node-id.ts";
import { SessionRef } from "./session.ts";
import { sessionRowId } from "./session-id.ts";

const EndSessionInput = builder.inputType("EndSessionInput", {
  description: "A session to end.",
  fields: (t) => ({ sessionId: t.id({ required: true, description: "The session." }) }),
});

const EndSessionPayload = builder.objectRef<{ session: Session }>("EndSessionPayload").implement({
  description: "The session is over.",
  fields: (t) => ({ session: t.expose("session", { type: SessionRef, description: "The session as it is now." }) }),
});

builder.mutationField("endSession", (t) =>
  t.field({
    type: EndSessionPayload,
    description: "Ends a session; the user's credentials stay. One that is over already stays as it is.",
    authScopes: { scope: "sessions" },
    errors: {
      union: { name: "EndSessionResult", description: "The outcome of `endSession`." },
      types: [errors.SessionNotFoundError, errors.RateLimitedError],
    },
    args: { input: t.arg({ type: EndSessionInput, required: true, description: "What to end." }) },
    resolve: async (_root, { input }, { caller, sessions }) => ({
      session: await sessions.end(caller, sessionRowId(input.sessionId)),
    }),
  }),
);

const EndOtherSessionsInput = builder.inputType("EndOtherSessionsInput", {
  description: "Which session is to stay.",
  fields: (t) => ({ keepSessionId: t.id({ required: true, description: "The session that stays." }) }),
});

const EndOtherSessionsPayload = builder
  .objectRef<{ endedIds: readonly string[] }>("EndOtherSessionsPayload")
  .implement({
    description: "All other sessions are over.",
    fields: (t) => ({
      endedSessionIds: t.idList({
        description: "Those that this call ended.",
        resolve: ({ endedIds }) => endedIds.map((id) => encodeNodeId("Session", id)),
      }),
    }),
  });

builder.mutationField("endOtherSessions", (t) =>
  t.field({
    type: EndOtherSessionsPayload,
    description: "Ends all of the user's sessions but one: signs out the other devices.",
    authScopes: { scope: "sessions" },
    errors: {
      union: { name: "EndOtherSessionsResult", description: "The outcome of `endOtherSessions`." },
      types: [errors.SessionNotFoundError, errors.RateLimitedError],
    },
    args: { input: t.arg({ type: EndOtherSessionsInput, required: true, description: "What to keep." }) },
    resolve: async (_root, { input }, { caller, sessions }) => ({
      endedIds: await sessions.endOthers(caller, sessionRowId(input.keepSessionId)),
    }),
  }),
);
