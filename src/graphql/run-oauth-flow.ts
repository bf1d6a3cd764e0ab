import type { Connected } from "../auth/credential-connector.ts";
import type { Session } from "../sessions/session.ts";
import { readPasted } from "../auth/pasted-code.ts";
import * as errors from "../errors.ts";
import { builder } from "./builder.ts";
import { OAuthCodeInput, toResponse } from "./connect-credential.ts";
import { CredentialRef, previousAccountDescription, ProviderAccountRef } from "./credential.ts";
import { labelText, pastedText, providerNameText, redirectUriText, scopeList } from "./input.ts";
import { OAuthFlowRef, type OAuthFlowView, viewOf } from "./oauth-flow.ts";
import { OAuthFlowKindEnum } from "./provider.ts";
import { SessionRef } from "./session.ts";
import { changedSession } from "./session-id.ts";

const InitiateOAuthInput = builder.inputType("InitiateOAuthInput", {
  description: "An OAuth flow to begin.",
  fields: (t) => ({
    provider: t.string({ required: true, description: "Such as `google`.", validate: { schema: providerNameText } }),
    kind: t.field({
      type: OAuthFlowKindEnum,
      description: "One of the method's `flows`; without it the first of them.",
    }),
    redirectUri: t.string({
      description: "One of the operator's list, compared exactly; for a loopback address the port may vary (RFC 8252).",
      validate: { schema: redirectUriText },
    }),
    scopes: t.stringList({ description: "What to ask for instead of the usual.", validate: { schema: scopeList } }),
    label: t.string({
      description: "Tells several accounts of one provider apart; `default` when left out.",
      validate: { schema: labelText },
    }),
    sessionId: t.id({
      description: "A session in which the provider becomes active once it is connected. Needs the scope `sessions`.",
    }),
  }),
});

const InitiateOAuthPayload = builder.objectRef<{ flow: OAuthFlowView }>("InitiateOAuthPayload").implement({
  description: "The flow has begun.",
  fields: (t) => ({
    flow: t.expose("flow", { type: OAuthFlowRef, description: "Where to send the user, or what to show." }),
  }),
});

builder.mutationField("initiateOAuth", (t) =>
  t.field({
    type: InitiateOAuthPayload,
    description:
      "Begins an OAuth flow. Send the user to `authorizationUrl`, or show `userCode`; follow it with the subscription `oauthFlow`.",
    authScopes: { scope: "credentials:write" },
    errors: {
      union: { name: "InitiateOAuthResult", description: "The outcome of `initiateOAuth`." },
      types: [
        errors.ValidationError,
        errors.ProviderNotFoundError,
        errors.MethodUnavailableError,
        errors.RedirectUriNotAllowedError,
        errors.ProviderUnavailableError,
        errors.RateLimitedError,
        errors.QuotaExceededError,
        errors.SessionNotFoundError,
      ],
    },
    args: { input: t.arg({ type: InitiateOAuthInput, required: true, description: "What to begin." }) },
    resolve: async (_root, { input }, context) => {
      const { caller, flows, bindBrowser } = context;
      const started = await flows.initiate(caller, {
        provider: input.provider,
        kind: input.kind ?? null,
        redirectUri: input.redirectUri ?? null,
        scopes: input.scopes ?? null,
        label: input.label ?? null,
        sessionId: changedSession(input.sessionId, context),
      });
      const { flow, state, authorizationUrl, binding } = started;
      if (binding !== null) bindBrowser?.(flow.id, binding);
      return { flow: { flow, state, authorizationUrl } };
    },
  }),
);

const CompleteOAuthInput = builder.inputType("CompleteOAuthInput", {
  description: "What came back from the provider: exactly one of these.",
  isOneOf: true,
  fields: (t) => ({
    code: t.field({ type: OAuthCodeInput, description: "Code and state, as they came to the redirect URI." }),
    pasted: t.string({
      description:
        "What the user pasted: the whole callback URL, or `code#state`, also with line breaks, quotes or words around it.",
      validate: { schema: pastedText },
    }),
  }),
});

const CompleteOAuthPayload = builder
  .objectRef<Connected & { flow: OAuthFlowView; session: Session | null }>("CompleteOAuthPayload")
  .implement({
    description: "The credential is stored.",
    fields: (t) => ({
      flow: t.expose("flow", { type: OAuthFlowRef, description: "The flow, COMPLETED." }),
      credential: t.expose("credential", { type: CredentialRef, description: "What is stored now." }),
      previousAccount: t.expose("previousAccount", {
        type: ProviderAccountRef,
        nullable: true,
        description: previousAccountDescription,
      }),
      session: t.expose("session", {
        type: SessionRef,
        nullable: true,
        authScopes: { scope: "sessions" },
        description: "The session that the flow was begun for; null where there was none. Needs the scope `sessions`.",
      }),
    }),
  });

builder.mutationField("completeOAuth", (t) =>
  t.field({
    type: CompleteOAuthPayload,
    description: "Ends a flow that the same user began, with what the provider sent back. A state works once.",
    authScopes: { scope: "credentials:write" },
    errors: {
      union: { name: "CompleteOAuthResult", description: "The outcome of `completeOAuth`." },
      types: [
        errors.ValidationError,
        errors.OAuthStateError,
        errors.OAuthDeniedError,
        errors.InvalidCredentialError,
        errors.ProviderUnavailableError,
        errors.RateLimitedError,
        errors.QuotaExceededError,
      ],
    },
    args: { input: t.arg({ type: CompleteOAuthInput, required: true, description: "What came back." }) },
    resolve: async (_root, { input }, { caller, flows, sessions }) => {
      const response = input.code == null ? readPasted(input.pasted ?? "") : toResponse(input.code);
      const { flow, credential, previousAccount } = await flows.complete(caller, response);
      const session = flow.sessionId == null ? null : await sessions.find(caller.userId, flow.sessionId);
      return { flow: viewOf(flow), credential, previousAccount, session };
    },
  }),
);
