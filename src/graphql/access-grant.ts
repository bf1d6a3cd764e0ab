import type { AccessGrant } from "../auth/access-issuer.ts";
import type { Secret } from "../credentials/secret.ts";
import * as errors from "../errors.ts";
import { AuthMethodEnum } from "./auth-method.ts";
import { builder } from "./builder.ts";
import { CredentialRef } from "./credential.ts";
import { CredentialSourceEnum } from "./credential-source.ts";
import { labelText, providerNameText } from "./input.ts";
import { ProviderRef } from "./provider.ts";
import { changesNothing } from "./rate-limit-plugin.ts";
import { sessionRowId } from "./session-id.ts";

const HttpHeaderRef = builder.objectRef<{ name: string; value: Secret }>("HttpHeader").implement({
  description: "One header of a call to the provider.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "Such as `x-api-key`." }),
    value: t.string({ description: "Its value. A secret: do not log it.", resolve: (header) => header.value.reveal() }),
  }),
});

const AccessGrantRef = builder.objectRef<AccessGrant>("AccessGrant").implement({
  description:
    "Everything that a backend needs to call the provider now. The one place where a secret leaves the server.",
  fields: (t) => ({
    grantId: t.exposeID("grantId", {
      description:
        "Opaque; names this version of this credential. Send it as `rejectedGrantId` if the provider answers 401.",
    }),
    provider: t.expose("provider", { type: ProviderRef, description: "Whom to call." }),
    method: t.expose("method", { type: AuthMethodEnum, description: "How the secret was obtained." }),
    source: t.expose("source", { type: CredentialSourceEnum, description: "Whose secret it is." }),
    credential: t.field({
      type: CredentialRef,
      nullable: true,
      description: "The stored credential; null for the server's own key, and without the scope `credentials:read`.",
      resolve: ({ userId, credentialId }, _args, { caller, coordinator }) =>
        credentialId === null || !caller.scopes.has("credentials:read")
          ? null
          : coordinator.findCredential(userId, credentialId),
    }),
    baseUrl: t.exposeString("baseUrl", { description: "Where the provider's API begins, without a trailing slash." }),
    headers: t.field({
      type: [HttpHeaderRef],
      description: "Send all of them with each call.",
      resolve: (grant) => [...grant.headers],
    }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "When to ask again at the latest; null when the headers do not end by themselves.",
    }),
  }),
});

const IssueAccessInput = builder.inputType("IssueAccessInput", {
  description: "What access is needed for.",
  fields: (t) => ({
    provider: t.string({
      description: "Such as `anthropic`; without it, the session's active provider.",
      validate: { schema: providerNameText },
    }),
    method: t.field({ type: AuthMethodEnum, description: "Only this method; without it OAUTH, then API_KEY." }),
    label: t.string({
      description: "Only the account of this label; without it `default`, then the oldest.",
      validate: { schema: labelText },
    }),
    sessionId: t.id({
      description: "The session that the call belongs to. It decides what the input leaves open, and counts as active.",
    }),
    rejectedGrantId: t.id({
      description:
        "A grant whose headers the provider answered with 401. While it is still the current one, the credential is refreshed or checked before the answer.",
    }),
  }),
});

const IssueAccessPayload = builder.objectRef<{ grant: AccessGrant }>("IssueAccessPayload").implement({
  description: "Access is granted.",
  fields: (t) => ({
    grant: t.expose("grant", { type: AccessGrantRef, description: "The headers and where to send them." }),
  }),
});

builder.mutationField("issueAccess", (t) =>
  t.field({
    type: IssueAccessPayload,
    description:
      "Headers with which a backend calls the provider for the user, now. The chain: the user's OAuth credential, the user's API key, the server's own key.",
    authScopes: { scope: "credentials:use" },
    extensions: changesNothing,
    errors: {
      union: { name: "IssueAccessResult", description: "The outcome of `issueAccess`." },
      types: [
        errors.ValidationError,
        errors.ProviderNotFoundError,
        errors.CredentialNotFoundError,
        errors.ReauthenticationRequiredError,
        errors.KeyUnavailableError,
        errors.ProviderUnavailableError,
        errors.RateLimitedError,
        errors.SessionNotFoundError,
        errors.SessionExpiredError,
      ],
    },
    args: { input: t.arg({ type: IssueAccessInput, required: true, description: "What access is needed for." }) },
    resolve: async (_root, { input }, { caller, coordinator }) => ({
      grant: await coordinator.issueAccess(caller, {
        provider: input.provider ?? null,
        method: input.method ?? null,
        label: input.label ?? null,
        sessionId: input.sessionId == null ? null : sessionRowId(input.sessionId),
        rejectedGrantId: input.rejectedGrantId ?? null,
      }),
    }),
  }),
);
