import type { Connected } from "../../connect/credential-connector.ts";
import { readPasted } from "../../connect/oauth/authorization-response.ts";
import * as errors from "../../errors/auth-error.ts";
import type { Session } from "../../sessions/session.ts";
import { builder } from "../builder.ts";
import { OAuthCodeInput, toResponse } from "../credential/connect-credential.ts";
import { CredentialRef, previousAccountDescription, ProviderAccountRef } from "../credential/credential.ts";
import { labelText, pastedText, providerNameText, redirectUriText, scopeList } from "../input.ts";
import { OAuthFlowKindEnum } from "../provider.ts";
import { changedSession } from "../session/session-id.ts";
import { SessionRef } from "../session/session.ts";
import { OAuthFlowRef, type OAuthFlowView, viewOf } from "./oauth-flow.ts";

const InitiateOAuthInput = builder.inputType("InitiateOAuthInput", {
  description: "The OAuth flow to start.",
  fields: (t) => ({
    provider: t.string({
      required: true,
      description: "The provider's name, such as `google`.",
      validate: { schema: providerNameText },
    }),
    kind: t.field({
      type: OAuthFlowKindEnum,
      description: "One of the method's `flows`; the first if omitted.",
    }),
    redirectUri: t.string({
      description:
        "A URI from the operator's list, compared exactly; the port of a loopback address can vary (RFC 8252).",
      validate: { schema: redirectUriText },
    }),
    scopes: t.stringList({
      description: "The scopes to request instead of the usual ones.",
      validate: { schema: scopeList },
    }),
    label: t.string({
      description: "Distinguishes several accounts at one provider; `default` if omitted.",
      validate: { schema: labelText },
    }),
    sessionId: t.id({
      description:
        "A session in which the provider becomes active once it is connected. Requires the scope `sessions`.",
    }),
  }),
});

const InitiateOAuthPayload = builder.objectRef<{ flow: OAuthFlowView }>("InitiateOAuthPayload").implement({
  description: "The flow has started.",
  fields: (t) => ({
    flow: t.expose("flow", { type: OAuthFlowRef, description: "The flow: where to send the user, or what to show." }),
  }),
});

builder.mutationField("initiateOAuth", (t) =>
  t.field({
    type: InitiateOAuthPayload,
    description:
      "Starts an OAuth flow. Send the user to `authorizationUrl`, or show `userCode`. Follow the flow with the subscription `oauthFlow`.",
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
    args: { input: t.arg({ type: InitiateOAuthInput, required: true, description: "The flow to start." }) },
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
  description: "The provider's response: exactly one of these.",
  isOneOf: true,
  fields: (t) => ({
    code: t.field({ type: OAuthCodeInput, description: "Code and state, as received at the redirect URI." }),
    pasted: t.string({
      description:
        "What the user pasted: the whole callback URL or `code#state`. Line breaks, quotes and words around it are allowed.",
      validate: { schema: pastedText },
    }),
  }),
});

const CompleteOAuthPayload = builder
  .objectRef<Connected & { flow: OAuthFlowView; session: Session | null }>("CompleteOAuthPayload")
  .implement({
    description: "The credential was stored.",
    fields: (t) => ({
      flow: t.expose("flow", { type: OAuthFlowRef, description: "The flow, which is COMPLETED." }),
      credential: t.expose("credential", { type: CredentialRef, description: "The stored credential." }),
      previousAccount: t.expose("previousAccount", {
        type: ProviderAccountRef,
        nullable: true,
        description: previousAccountDescription,
      }),
      session: t.expose("session", {
        type: SessionRef,
        nullable: true,
        authScopes: { scope: "sessions" },
        description:
          "The session for which the flow was started; null if there was none. Requires the scope `sessions`.",
      }),
    }),
  });

builder.mutationField("completeOAuth", (t) =>
  t.field({
    type: CompleteOAuthPayload,
    description: "Completes a flow that the same user started, with the provider's response. A state works once.",
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
    args: { input: t.arg({ type: CompleteOAuthInput, required: true, description: "The provider's response." }) },
    resolve: async (_root, { input }, { caller, flows, sessions }) => {
      const response = input.code == null ? readPasted(input.pasted ?? "") : toResponse(input.code);
      const { flow, credential, previousAccount } = await flows.complete(caller, response);
      const session = flow.sessionId == null ? null : await sessions.find(caller.userId, flow.sessionId);
      return { flow: viewOf(flow), credential, previousAccount, session };
    },
  }),
);
