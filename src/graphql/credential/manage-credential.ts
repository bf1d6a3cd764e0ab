import type { Revocation } from "../../connect/credential-revoker.ts";
import type { ProviderCredential } from "../../credentials/provider-credential.ts";
import * as errors from "../../errors/auth-error.ts";
import { builder } from "../builder.ts";
import { credentialRowId } from "../node-id.ts";
import { CredentialRef } from "./credential.ts";

const ValidateCredentialInput = builder.inputType("ValidateCredentialInput", {
  description: "The credential to check.",
  fields: (t) => ({
    credentialId: t.id({ required: true, description: "The `id` of one of the user's credentials." }),
  }),
});

const ValidateCredentialPayload = builder
  .objectRef<{ credential: ProviderCredential }>("ValidateCredentialPayload")
  .implement({
    description: "The provider still accepts the credential; see its `warning`.",
    fields: (t) => ({
      credential: t.expose("credential", {
        type: CredentialRef,
        description: "The checked credential, with a new `lastValidatedAt`.",
      }),
    }),
  });

builder.mutationField("validateCredential", (t) =>
  t.field({
    type: ValidateCredentialPayload,
    description:
      "Asks the provider whether it still accepts a stored credential. If it rejects the credential, the status becomes NEEDS_REAUTH. If it accepts it with a reservation, or the account is disabled, the credential gets a `warning`. If it does not respond, or rejects the call for a reason other than the credential, nothing changes.",
    authScopes: { scope: "credentials:write" },
    errors: {
      union: { name: "ValidateCredentialResult", description: "The outcome of `validateCredential`." },
      types: [
        errors.CredentialNotFoundError,
        errors.InvalidCredentialError,
        errors.ReauthenticationRequiredError,
        errors.KeyUnavailableError,
        errors.ProviderUnavailableError,
        errors.RateLimitedError,
      ],
    },
    args: { input: t.arg({ type: ValidateCredentialInput, required: true, description: "The credential to check." }) },
    resolve: async (_root, { input }, { caller, coordinator }) => ({
      credential: await coordinator.validateCredential(caller, credentialRowId(input.credentialId)),
    }),
  }),
);

const RevokeCredentialInput = builder.inputType("RevokeCredentialInput", {
  description: "The credential to delete.",
  fields: (t) => ({
    credentialId: t.id({ required: true, description: "The `id` of one of the user's credentials." }),
  }),
});

const RevokeCredentialPayload = builder
  .objectRef<Revocation & { credentialId: string }>("RevokeCredentialPayload")
  .implement({
    description: "The credential was deleted from this server.",
    fields: (t) => ({
      revokedCredentialId: t.exposeID("credentialId", { description: "The ID that the credential had." }),
      revokedAtProvider: t.exposeBoolean("revokedAtProvider", {
        nullable: true,
        description: "Whether the provider confirmed the revocation; null if the provider has none.",
      }),
    }),
  });

builder.mutationField("revokeCredential", (t) =>
  t.field({
    type: RevokeCredentialPayload,
    description: "Deletes a credential permanently. An API key stays valid at its provider until it is deleted there.",
    authScopes: { $all: { scope: "credentials:write", stepUp: true } },
    errors: {
      union: { name: "RevokeCredentialResult", description: "The outcome of `revokeCredential`." },
      types: [errors.CredentialNotFoundError, errors.RateLimitedError],
    },
    args: { input: t.arg({ type: RevokeCredentialInput, required: true, description: "The credential to delete." }) },
    resolve: async (_root, { input }, { caller, coordinator }) => ({
      ...(await coordinator.revokeCredential(caller, credentialRowId(input.credentialId))),
      credentialId: input.credentialId,
    }),
  }),
);
