import * as errors from "../../errors/auth-error.ts";
import type { Session } from "../../sessions/session.ts";
import { builder } from "../builder.ts";
import { encodeNodeId } from "../node-id.ts";
import { sessionRowId } from "./session-id.ts";
import { SessionRef } from "./session.ts";

const EndSessionInput = builder.inputType("EndSessionInput", {
  description: "The session to end.",
  fields: (t) => ({ sessionId: t.id({ required: true, description: "The session." }) }),
});

const EndSessionPayload = builder.objectRef<{ session: Session }>("EndSessionPayload").implement({
  description: "The session has ended.",
  fields: (t) => ({ session: t.expose("session", { type: SessionRef, description: "The session as it is now." }) }),
});

builder.mutationField("endSession", (t) =>
  t.field({
    type: EndSessionPayload,
    description: "Ends a session. The user's credentials stay. A session that has already ended stays as it is.",
    authScopes: { scope: "sessions" },
    errors: {
      union: { name: "EndSessionResult", description: "The outcome of `endSession`." },
      types: [errors.SessionNotFoundError, errors.RateLimitedError],
    },
    args: { input: t.arg({ type: EndSessionInput, required: true, description: "The session to end." }) },
    resolve: async (_root, { input }, { caller, sessions }) => ({
      session: await sessions.end(caller, sessionRowId(input.sessionId)),
    }),
  }),
);

const EndOtherSessionsInput = builder.inputType("EndOtherSessionsInput", {
  description: "The session to keep.",
  fields: (t) => ({ keepSessionId: t.id({ required: true, description: "The session to keep." }) }),
});

const EndOtherSessionsPayload = builder
  .objectRef<{ endedIds: readonly string[] }>("EndOtherSessionsPayload")
  .implement({
    description: "All other sessions have ended.",
    fields: (t) => ({
      endedSessionIds: t.idList({
        description: "The IDs of the sessions that this call ended.",
        resolve: ({ endedIds }) => endedIds.map((id) => encodeNodeId("Session", id)),
      }),
    }),
  });

builder.mutationField("endOtherSessions", (t) =>
  t.field({
    type: EndOtherSessionsPayload,
    description: "Ends all of the user's sessions except one: signs out the other devices.",
    authScopes: { scope: "sessions" },
    errors: {
      union: { name: "EndOtherSessionsResult", description: "The outcome of `endOtherSessions`." },
      types: [errors.SessionNotFoundError, errors.RateLimitedError],
    },
    args: { input: t.arg({ type: EndOtherSessionsInput, required: true, description: "The session to keep." }) },
    resolve: async (_root, { input }, { caller, sessions }) => ({
      endedIds: await sessions.endOthers(caller, sessionRowId(input.keepSessionId)),
    }),
  }),
);
