import type { ProviderCredential } from "../../credentials/provider-credential.ts";
import * as errors from "../../errors/auth-error.ts";
import type { RefreshFailure, RefreshReport } from "../../refresh/on-demand.ts";
import { builder } from "../builder.ts";
import { ErrorRef, errorValue } from "../errors/error.ts";
import { credentialRowId } from "../node-id.ts";
import { CredentialRef } from "./credential.ts";

const RefreshCredentialInput = builder.inputType("RefreshCredentialInput", {
  description: "The credential to refresh.",
  fields: (t) => ({
    credentialId: t.id({ required: true, description: "The `id` of one of the user's credentials." }),
  }),
});

const RefreshCredentialPayload = builder
  .objectRef<{ credential: ProviderCredential }>("RefreshCredentialPayload")
  .implement({
    description: "The provider returned new tokens, and they were stored.",
    fields: (t) => ({
      credential: t.expose("credential", {
        type: CredentialRef,
        description: "The refreshed credential, with a new `expiresAt`.",
      }),
    }),
  });

builder.mutationField("refreshCredential", (t) =>
  t.field({
    type: RefreshCredentialPayload,
    description:
      "Refreshes a credential's tokens now, whether or not they are due. This is rarely needed: the server refreshes them before they expire. Concurrent calls share one refresh. If it fails, the stored tokens stay as they were.",
    authScopes: { scope: "credentials:write" },
    errors: {
      union: { name: "RefreshCredentialResult", description: "The outcome of `refreshCredential`." },
      types: [
        errors.CredentialNotFoundError,
        errors.MethodUnavailableError,
        errors.ReauthenticationRequiredError,
        errors.KeyUnavailableError,
        errors.ProviderUnavailableError,
        errors.RateLimitedError,
      ],
    },
    args: { input: t.arg({ type: RefreshCredentialInput, required: true, description: "The credential to refresh." }) },
    resolve: async (_root, { input }, { caller, coordinator }) => ({
      credential: await coordinator.refreshCredential(caller, credentialRowId(input.credentialId)),
    }),
  }),
);

const RefreshFailureRef = builder.objectRef<RefreshFailure>("RefreshFailure").implement({
  description: "A credential whose tokens could not be refreshed.",
  fields: (t) => ({
    credential: t.expose("credential", { type: CredentialRef, description: "The credential as it is now." }),
    error: t.field({
      type: ErrorRef,
      description: "Why, and what to do next.",
      resolve: ({ error }) => errorValue(error),
    }),
  }),
});

const RefreshCredentialsPayload = builder.objectRef<RefreshReport>("RefreshCredentialsPayload").implement({
  description: "The outcome for each refreshable credential.",
  fields: (t) => ({
    refreshed: t.field({
      type: [CredentialRef],
      description: "The credentials with new tokens.",
      resolve: ({ refreshed }) => [...refreshed],
    }),
    failed: t.field({
      type: [RefreshFailureRef],
      description: "The credentials that could not be refreshed, with the reasons.",
      resolve: ({ failed }) => [...failed],
    }),
    hasMore: t.exposeBoolean("hasMore", {
      description:
        "Whether there were more than 100. The next call continues with those that were refreshed longest ago.",
    }),
  }),
});

builder.mutationField("refreshCredentials", (t) =>
  t.field({
    type: RefreshCredentialsPayload,
    description:
      "Refreshes up to 100 of the viewer's refreshable credentials. If one fails, the others are refreshed all the same.",
    authScopes: { scope: "credentials:write" },
    resolve: (_root, _args, { caller, coordinator }) => coordinator.refreshCredentials(caller),
  }),
);
