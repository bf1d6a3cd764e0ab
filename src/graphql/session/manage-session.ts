import type { WantedProvider } from "../../access/provider-selector.ts";
import type { ClearedProvider } from "../../connect/credential-revoker.ts";
import * as errors from "../../errors/auth-error.ts";
import type { Session } from "../../sessions/session.ts";
import { builder } from "../builder.ts";
import { AuthMethodEnum } from "../credential/auth-method.ts";
import { labelText, modelText, providerNameText } from "../input.ts";
import { encodeNodeId } from "../node-id.ts";
import { sessionRowId } from "./session-id.ts";
import { SessionRef } from "./session.ts";

type InputFields = Parameters<Parameters<typeof builder.inputType>[1]["fields"]>[0];

/** How a provider is chosen in a session. */
const choiceFields = (t: InputFields) => ({
  provider: t.string({
    required: true,
    description: "The provider's name, such as `anthropic`.",
    validate: { schema: providerNameText },
  }),
  method: t.field({
    type: AuthMethodEnum,
    description: "Only this method. If omitted: OAUTH, then API_KEY, then the server's own key.",
  }),
  label: t.string({
    description: "Only the credential with this label. If omitted: `default`, then the oldest.",
    validate: { schema: labelText },
  }),
  model: t.string({
    description: "The model to remember. The server returns it and does not check it.",
    validate: { schema: modelText },
  }),
});

const ActiveProviderInput = builder.inputType("ActiveProviderInput", {
  description: "The provider that a session uses from the start.",
  fields: choiceFields,
});

const StartSessionInput = builder.inputType("StartSessionInput", {
  description: "The session to start.",
  fields: (t) => ({
    label: t.string({ description: "A name for the session, such as the device.", validate: { schema: labelText } }),
    activeProvider: t.field({
      type: ActiveProviderInput,
      description:
        "A provider that is active from the start, as with `setActiveProvider`. If it cannot be used, no session is started.",
    }),
  }),
});

function toWanted({ provider, method, label, model }: typeof ActiveProviderInput.$inferInput): WantedProvider {
  return { provider, method: method ?? null, label: label ?? null, model: model ?? null };
}

const StartSessionPayload = builder.objectRef<{ session: Session }>("StartSessionPayload").implement({
  description: "The session was started.",
  fields: (t) => ({ session: t.expose("session", { type: SessionRef, description: "The new session." }) }),
});

builder.mutationField("startSession", (t) =>
  t.field({
    type: StartSessionPayload,
    description: "Starts a session. It expires after the server's timeout without activity.",
    authScopes: { scope: "sessions" },
    errors: {
      union: { name: "StartSessionResult", description: "The outcome of `startSession`." },
      types: [
        errors.ValidationError,
        errors.ProviderNotFoundError,
        errors.CredentialNotFoundError,
        errors.RateLimitedError,
        errors.QuotaExceededError,
      ],
    },
    args: { input: t.arg({ type: StartSessionInput, required: true, description: "The session to start." }) },
    resolve: async (_root, { input: { label, activeProvider } }, { caller, coordinator }) => ({
      session: await coordinator.startSession(caller, {
        label: label ?? null,
        activeProvider: activeProvider == null ? null : toWanted(activeProvider),
      }),
    }),
  }),
);

const SetActiveProviderInput = builder.inputType("SetActiveProviderInput", {
  description: "The provider that a session uses from now on.",
  fields: (t) => ({ sessionId: t.id({ required: true, description: "The session." }), ...choiceFields(t) }),
});

const SetActiveProviderPayload = builder.objectRef<{ session: Session }>("SetActiveProviderPayload").implement({
  description: "The provider is active in the session.",
  fields: (t) => ({ session: t.expose("session", { type: SessionRef, description: "The session as it is now." }) }),
});

builder.mutationField("setActiveProvider", (t) =>
  t.field({
    type: SetActiveProviderPayload,
    description:
      "Makes a provider active in a session: `issueAccess` with the session and without a provider uses it. A token that is due is refreshed first. All of the user's devices get an event.",
    authScopes: { scope: "sessions" },
    errors: {
      union: { name: "SetActiveProviderResult", description: "The outcome of `setActiveProvider`." },
      types: [
        errors.ValidationError,
        errors.ProviderNotFoundError,
        errors.CredentialNotFoundError,
        errors.SessionNotFoundError,
        errors.SessionExpiredError,
        errors.RateLimitedError,
      ],
    },
    args: {
      input: t.arg({ type: SetActiveProviderInput, required: true, description: "The session and the provider." }),
    },
    resolve: async (_root, { input }, { caller, selector }) => ({
      session: await selector.select(caller, { sessionId: sessionRowId(input.sessionId), ...toWanted(input) }),
    }),
  }),
);

const ClearProviderInput = builder.inputType("ClearProviderInput", {
  description: "The provider whose credentials are deleted.",
  fields: (t) => ({
    sessionId: t.id({ required: true, description: "The session." }),
    provider: t.string({
      required: true,
      description: "The provider's name, such as `anthropic`.",
      validate: { schema: providerNameText },
    }),
  }),
});

const ClearProviderPayload = builder.objectRef<ClearedProvider>("ClearProviderPayload").implement({
  description: "The provider's credentials are deleted from this server, and the session no longer uses it.",
  fields: (t) => ({
    session: t.expose("session", { type: SessionRef, description: "The session as it is now." }),
    revokedCredentialIds: t.idList({
      description: "The IDs of the deleted credentials.",
      resolve: ({ revokedIds }) => revokedIds.map((id) => encodeNodeId("Credential", id)),
    }),
    hasMore: t.exposeBoolean("hasMore", {
      description: "Whether credentials are left because there were more than 200. Call again to continue.",
    }),
  }),
});

builder.mutationField("clearProvider", (t) =>
  t.field({
    type: ClearProviderPayload,
    description:
      "Deletes up to 200 of the user's credentials for a provider, as `revokeCredential` does, and removes the provider from the session.",
    authScopes: { $all: { scope: "sessions", $all: { scope: "credentials:write", stepUp: true } } },
    errors: {
      union: { name: "ClearProviderResult", description: "The outcome of `clearProvider`." },
      types: [
        errors.ProviderNotFoundError,
        errors.SessionNotFoundError,
        errors.SessionExpiredError,
        errors.RateLimitedError,
      ],
    },
    args: { input: t.arg({ type: ClearProviderInput, required: true, description: "The session and the provider." }) },
    resolve: async (_root, { input }, { caller, coordinator }) =>
      coordinator.clearProvider(caller, sessionRowId(input.sessionId), input.provider),
  }),
);

const TouchSessionInput = builder.inputType("TouchSessionInput", {
  description: "The session to keep active.",
  fields: (t) => ({ sessionId: t.id({ required: true, description: "The session." }) }),
});

const TouchSessionPayload = builder.objectRef<{ session: Session }>("TouchSessionPayload").implement({
  description: "The session stays active.",
  fields: (t) => ({
    session: t.expose("session", {
      type: SessionRef,
      description: "The session, with a new `expiresAt`.",
    }),
  }),
});

builder.mutationField("touchSession", (t) =>
  t.field({
    type: TouchSessionPayload,
    description: "Counts as activity, so that the session does not expire.",
    authScopes: { scope: "sessions" },
    errors: {
      union: { name: "TouchSessionResult", description: "The outcome of `touchSession`." },
      types: [errors.SessionNotFoundError, errors.SessionExpiredError, errors.RateLimitedError],
    },
    args: { input: t.arg({ type: TouchSessionInput, required: true, description: "The session to keep." }) },
    resolve: async (_root, { input }, { caller, sessions }) => ({
      session: await sessions.touch(caller.userId, sessionRowId(input.sessionId)),
    }),
  }),
);
