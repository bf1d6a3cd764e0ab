import type { Connected } from "../../connect/credential-connector.ts";
import type { AuthorizationResponse } from "../../connect/oauth/authorization-response.ts";
import * as errors from "../../errors/auth-error.ts";
import { Secret } from "../../lib/secret.ts";
import type { Session } from "../../sessions/session.ts";
import { builder } from "../builder.ts";
import { labelText, providerNameText, responseText, secretText } from "../input.ts";
import { changedSession } from "../session/session-id.ts";
import { SessionRef } from "../session/session.ts";
import { CredentialRef, previousAccountDescription, ProviderAccountRef } from "./credential.ts";

export const OAuthCodeInput = builder.inputType("OAuthCodeInput", {
  description: "What the provider sent back to the redirect URI (RFC 6749, section 4.1.2).",
  fields: (t) => ({
    code: t.string({ required: true, description: "The authorization code.", validate: { schema: responseText } }),
    state: t.string({ required: true, description: "The flow's state.", validate: { schema: responseText } }),
    issuer: t.string({
      description: "The `iss` of RFC 9207, if the provider sends it.",
      validate: { schema: responseText },
    }),
  }),
});

/** What the provider sent back, as an application hands it over. */
export function toResponse({ code, state, issuer }: typeof OAuthCodeInput.$inferInput): AuthorizationResponse {
  return { code, state, issuer: issuer ?? null, error: null };
}

const CredentialInput = builder.inputType("CredentialInput", {
  description: "An API key or an OAuth code: exactly one of these.",
  isOneOf: true,
  fields: (t) => ({
    apiKey: t.string({
      description:
        "A key that the user created at the provider. Quotes, line breaks and a name that were copied with it are removed.",
      validate: { schema: secretText },
    }),
    oauthCode: t.field({ type: OAuthCodeInput, description: "The provider's response to an OAuth flow." }),
  }),
});

const AuthenticateInput = builder.inputType("AuthenticateInput", {
  description: "The credential to connect.",
  fields: (t) => ({
    provider: t.string({
      required: true,
      description: "The provider's name, such as `anthropic`.",
      validate: { schema: providerNameText },
    }),
    label: t.string({
      description: "Distinguishes several accounts at one provider; `default` if omitted.",
      validate: { schema: labelText },
    }),
    sessionId: t.id({
      description:
        "A session in which the provider becomes active with this credential. Requires the scope `sessions`.",
    }),
    credential: t.field({ type: CredentialInput, required: true, description: "The API key or the OAuth code." }),
  }),
});

const AuthenticatePayload = builder
  .objectRef<Connected & { session: Session | null }>("AuthenticatePayload")
  .implement({
    description: "The credential was checked and stored.",
    fields: (t) => ({
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
        description: "The session of the input or of the flow; null if there is none. Requires the scope `sessions`.",
      }),
    }),
  });

builder.mutationField("authenticate", (t) =>
  t.field({
    type: AuthenticatePayload,
    description:
      "Checks a credential with its provider and stores it encrypted. Nothing is stored if the provider rejects it. A credential with the same provider, method and label is replaced.",
    authScopes: { scope: "credentials:write" },
    errors: {
      union: { name: "AuthenticateResult", description: "The outcome of `authenticate`." },
      types: [
        errors.ValidationError,
        errors.ProviderNotFoundError,
        errors.MethodUnavailableError,
        errors.InvalidCredentialError,
        errors.OAuthStateError,
        errors.OAuthDeniedError,
        errors.ProviderUnavailableError,
        errors.RateLimitedError,
        errors.QuotaExceededError,
        errors.SessionNotFoundError,
      ],
    },
    args: { input: t.arg({ type: AuthenticateInput, required: true, description: "What to connect." }) },
    resolve: async (_root, { input }, context) => {
      const { caller, coordinator, flows, sessions } = context;
      const { provider, label = null, credential } = input;
      const sessionId = changedSession(input.sessionId, context);
      const sessionOf = (id: string | null) => (id === null ? null : sessions.find(caller.userId, id));
      if (credential.apiKey != null) {
        const command = { provider, label: label ?? null, apiKey: new Secret(credential.apiKey), sessionId };
        const connected = await coordinator.connectKey(caller, command);
        return { ...connected, session: await sessionOf(sessionId) };
      }
      if (credential.oauthCode == null) throw new TypeError("the input has neither of its fields");
      const completed = await flows.complete(caller, toResponse(credential.oauthCode), provider, { label, sessionId });
      const session = await sessionOf(sessionId ?? completed.flow.sessionId ?? null);
      const { credential: stored, previousAccount } = completed;
      return { credential: stored, previousAccount, session };
    },
  }),
);
