import type { Connected } from "../../connect/credential-connector.ts";
import * as errors from "../../errors/auth-error.ts";
import { Secret } from "../../lib/secret.ts";
import { builder } from "../builder.ts";
import { labelText, providerNameText, scopeList, tokenText } from "../input.ts";
import { CredentialRef, previousAccountDescription, ProviderAccountRef } from "./credential.ts";

const ImportCredentialInput = builder.inputType("ImportCredentialInput", {
  description: "Tokens that were obtained elsewhere, to be stored.",
  fields: (t) => ({
    provider: t.string({
      required: true,
      description: "The provider's name, such as `google`.",
      validate: { schema: providerNameText },
    }),
    label: t.string({
      description: "Distinguishes several accounts at one provider; `default` if omitted.",
      validate: { schema: labelText },
    }),
    accessToken: t.string({ required: true, description: "The access token.", validate: { schema: tokenText } }),
    refreshToken: t.string({
      description: "The refresh token. Give it to one server only: at most providers it can be used once.",
      validate: { schema: tokenText },
    }),
    expiresAt: t.field({ type: "DateTime", description: "When the access token expires; omit it if it does not." }),
    scopes: t.stringList({ description: "The scopes that the provider granted.", validate: { schema: scopeList } }),
  }),
});

const ImportCredentialPayload = builder.objectRef<Connected>("ImportCredentialPayload").implement({
  description: "The tokens were checked and stored.",
  fields: (t) => ({
    credential: t.expose("credential", { type: CredentialRef, description: "The stored credential." }),
    previousAccount: t.expose("previousAccount", {
      type: ProviderAccountRef,
      nullable: true,
      description: previousAccountDescription,
    }),
  }),
});

builder.mutationField("importCredential", (t) =>
  t.field({
    type: ImportCredentialPayload,
    description: "Checks and stores tokens that were obtained elsewhere.",
    authScopes: { $all: { scope: "credentials:import", stepUp: true } },
    errors: {
      union: { name: "ImportCredentialResult", description: "The outcome of `importCredential`." },
      types: [
        errors.ValidationError,
        errors.ProviderNotFoundError,
        errors.MethodUnavailableError,
        errors.InvalidCredentialError,
        errors.ProviderUnavailableError,
        errors.RateLimitedError,
        errors.QuotaExceededError,
      ],
    },
    args: { input: t.arg({ type: ImportCredentialInput, required: true, description: "The tokens." }) },
    resolve: async (_root, { input }, { caller, coordinator }) =>
      coordinator.importCredential(caller, {
        provider: input.provider,
        label: input.label ?? null,
        credentials: {
          method: "oauth",
          accessToken: new Secret(input.accessToken),
          refreshToken: input.refreshToken == null ? null : new Secret(input.refreshToken),
          expiresAt: input.expiresAt ?? null,
          scopes: input.scopes ?? [],
          account: null,
        },
      }),
  }),
);
