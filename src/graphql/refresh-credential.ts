import type { RefreshFailure, RefreshReport } from "../auth/refresh/refresh-requests.ts";
import type { ProviderCredential } from "../credentials/provider-credential.ts";
import * as errors from "../errors.ts";
import { builder } from "./builder.ts";
import { CredentialRef } from "./credential.ts";
import { ErrorRef, errorValue } from "./error.ts";
import { credentialRowId } from "./node-id.ts";

const RefreshCredentialInput = builder.inputType("RefreshCredentialInput", {
  description: "A credential to refresh.",
  fields: (t) => ({
    credentialId: t.id({ required: true, description: "The `id` of one of the user's credentials." }),
  }),
});

const RefreshCredentialPayload = builder
  .objectRef<{ credential: ProviderCredential }>("RefreshCredentialPayload")
  .implement({
    description: "The provider has given new tokens, and they are stored.",
    fields: (t) => ({
      credential: t.expose("credential", { type: CredentialRef, description: "With a new `expiresAt`." }),
    }),
  });

builder.mutationField("refreshCredential", (t) =>
  t.field({
    type: RefreshCredentialPayload,
    description:
      "Renews a credential's tokens now, due or not. Usually there is no need to: the server renews them before they expire. Calls at the same moment share one renewal. A renewal that fails leaves what is stored as it was.",
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
    args: { input: t.arg({ type: RefreshCredentialInput, required: true, description: "What to refresh." }) },
    resolve: async (_root, { input }, { caller, coordinator }) => ({
      credential: await coordinator.refreshCredential(caller, credentialRowId(input.credentialId)),
    }),
  }),
);

const RefreshFailureRef = builder.objectRef<RefreshFailure>("RefreshFailure").implement({
  description: "A credential whose tokens could not be renewed.",
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
  description: "What became of each refreshable credential.",
  fields: (t) => ({
    refreshed: t.field({
      type: [CredentialRef],
      description: "Those with new tokens.",
      resolve: ({ refreshed }) => [...refreshed],
    }),
    failed: t.field({
      type: [RefreshFailureRef],
      description: "Those without, each with its reason.",
      resolve: ({ failed }) => [...failed],
    }),
    hasMore: t.exposeBoolean("hasMore", {
      description: "Whether there were more than 100. Another call goes on with those that were refreshed longest ago.",
    }),
  }),
});

builder.mutationField("refreshCredentials", (t) =>
  t.field({
    type: RefreshCredentialsPayload,
    description:
      "Renews the tokens of the viewer's refreshable credentials, 100 at most. One that fails does not hinder the others.",
    authScopes: { scope: "credentials:write" },
    resolve: (_root, _args, { caller, coordinator }) => coordinator.refreshCredentials(caller),
  }),
);
