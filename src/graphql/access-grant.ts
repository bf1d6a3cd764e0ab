import type { AccessGrant } from "../access/grants.ts";
import * as errors from "../errors/auth-error.ts";
import type { Secret } from "../lib/secret.ts";
import { builder } from "./builder.ts";
import { AuthMethodEnum } from "./credential/auth-method.ts";
import { CredentialSourceEnum } from "./credential/credential-source.ts";
import { CredentialRef } from "./credential/credential.ts";
import { labelText, providerNameText } from "./input.ts";
import { changesNothing } from "./limits/rate-limit-plugin.ts";
import { ProviderRef } from "./provider.ts";
import { sessionRowId } from "./session/session-id.ts";

const HttpHeaderRef = builder.objectRef<{ name: string; value: Secret }>("HttpHeader").implement({
  description: "A header for a call to the provider.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "The header's name, such as `x-api-key`." }),
    value: t.string({
      description: "The header's value. It is a secret: do not log it.",
      resolve: (header) => header.value.reveal(),
    }),
  }),
});

const AccessGrantRef = builder.objectRef<AccessGrant>("AccessGrant").implement({
  description: "What a backend needs to call the provider now. This is the only output type that contains a secret.",
  fields: (t) => ({
    grantId: t.exposeID("grantId", {
      description:
        "An opaque ID of this version of this credential. Send it as `rejectedGrantId` if the provider answers 401.",
    }),
    provider: t.expose("provider", { type: ProviderRef, description: "The provider to call." }),
    method: t.expose("method", { type: AuthMethodEnum, description: "How the credential was obtained." }),
    source: t.expose("source", {
      type: CredentialSourceEnum,
      description: "Whether the credential belongs to the user or to the server.",
    }),
    credential: t.field({
      type: CredentialRef,
      nullable: true,
      description: "The stored credential; null for the server's own key, and without the scope `credentials:read`.",
      resolve: ({ userId, credentialId }, _args, { caller, coordinator }) =>
        credentialId === null || !caller.scopes.has("credentials:read")
          ? null
          : coordinator.findCredential(userId, credentialId),
    }),
    baseUrl: t.exposeString("baseUrl", {
      description: "The base URL of the provider's API, without a trailing slash.",
    }),
    headers: t.field({
      type: [HttpHeaderRef],
      description: "Headers to send with each call, all of them.",
      resolve: (grant) => [...grant.headers],
    }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "When to call `issueAccess` again at the latest; null if the headers do not expire.",
    }),
  }),
});

const IssueAccessInput = builder.inputType("IssueAccessInput", {
  description: "The provider and credential to use.",
  fields: (t) => ({
    provider: t.string({
      description: "The provider's name, such as `anthropic`; the session's active provider if omitted.",
      validate: { schema: providerNameText },
    }),
    method: t.field({ type: AuthMethodEnum, description: "Only this method. If omitted: OAUTH, then API_KEY." }),
    label: t.string({
      description: "Only the credential with this label. If omitted: `default`, then the oldest.",
      validate: { schema: labelText },
    }),
    sessionId: t.id({
      description:
        "The session of the call. Its choices apply where the input has none, and the call counts as activity.",
    }),
    rejectedGrantId: t.id({
      description:
        "A grant whose headers the provider answered with 401. If it is still the current one, the credential is refreshed or checked first.",
    }),
  }),
});

const IssueAccessPayload = builder.objectRef<{ grant: AccessGrant }>("IssueAccessPayload").implement({
  description: "Access was issued.",
  fields: (t) => ({
    grant: t.expose("grant", { type: AccessGrantRef, description: "The headers and where to send them." }),
  }),
});

builder.mutationField("issueAccess", (t) =>
  t.field({
    type: IssueAccessPayload,
    description:
      "Returns headers with which a backend can call the provider for the user now. It uses the user's OAuth credential, else the user's API key, else the server's own key.",
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
    args: {
      input: t.arg({ type: IssueAccessInput, required: true, description: "The provider and credential to use." }),
    },
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
