import { forbidden } from "../../callers/caller.ts";
import { credentialStatuses, nextRefreshAt } from "../../credentials/credential-status.ts";
import type { ProviderCredential } from "../../credentials/provider-credential.ts";
import type { ProviderAccount } from "../../providers/provider-auth.ts";
import { builder } from "../builder.ts";
import type { GraphQLContext } from "../context.ts";
import { isUuid } from "../node-id.ts";
import { ProviderRef } from "../provider.ts";
import { AuthMethodEnum } from "./auth-method.ts";

const statusDescriptions: Record<(typeof credentialStatuses)[number], string> = {
  active: "The credential works, as far as the server knows; see `warning`.",
  expiring: "The credential works and expires within the refresh threshold.",
  expired: "The credential has expired.",
  needs_reauth: "The provider no longer accepts the credential. The user must connect again.",
  unreadable:
    "The credential cannot be decrypted: this server does not have its encryption key, or the stored value was changed.",
};

type StatusValues = {
  [Status in keyof typeof statusDescriptions as Uppercase<Status>]: { value: Status; description: string };
};

export const CredentialStatusEnum = builder.enumType("CredentialStatus", {
  description: "Whether a credential can be used.",
  values: Object.fromEntries(
    credentialStatuses.map((value) => [value.toUpperCase(), { value, description: statusDescriptions[value] }]),
  ) as StatusValues,
});

export const previousAccountDescription =
  "The account that this label was connected to before, if it was a different one. Null if it is the same, or if the provider does not name both accounts, as with API keys.";

export const ProviderAccountRef = builder.objectRef<ProviderAccount>("ProviderAccount").implement({
  description: "The account at the provider, as far as the provider describes it.",
  fields: (t) => ({
    id: t.exposeString("id", { nullable: true, description: "The provider's own ID of the account." }),
    email: t.exposeString("email", { nullable: true, description: "The account's email address." }),
    organization: t.exposeString("organization", { nullable: true, description: "The account's organization." }),
    plan: t.exposeString("plan", { nullable: true, description: "The account's subscription plan." }),
  }),
});

function report(credential: ProviderCredential, { statusRule, clock }: GraphQLContext) {
  return statusRule.report(credential, clock.now());
}

export const CredentialRef = builder.objectRef<ProviderCredential>("Credential");

builder.node(CredentialRef, {
  description:
    "A stored credential. Its secrets are write-only: no field of this type returns them. All fields except `id`, `provider` and `method` require the scope `credentials:read`.",
  id: { resolve: (credential) => credential.id },
  loadWithoutCache: async (id, { caller, coordinator }) => {
    if (!caller.scopes.has("credentials:read")) throw forbidden("credentials:read");
    return isUuid(id) ? coordinator.findCredential(caller.userId, id) : null;
  },
  isTypeOf: (value) => typeof value === "object" && value !== null && "tokenVersion" in value,
  fields: (t) => ({
    provider: t.field({
      type: ProviderRef,
      description: "The credential's provider.",
      resolve: (credential, _args, { registry }) => registry.ofStored(credential.provider),
    }),
    method: t.expose("authMethod", { type: AuthMethodEnum, description: "How the credential was obtained." }),
    label: t.exposeString("label", {
      description: "Distinguishes several accounts at one provider; `default` if none was given.",
    }),
    status: t.field({
      type: CredentialStatusEnum,
      description: "Whether the credential can be used, at the moment of reading.",
      resolve: (credential, _args, context) => report(credential, context).status,
    }),
    statusReason: t.string({
      nullable: true,
      description: "The reason for the status and what to do next; null while ACTIVE.",
      resolve: (credential, _args, context) => report(credential, context).reason,
    }),
    warning: t.exposeString("warning", {
      nullable: true,
      description:
        "What the last check found although the credential stays as it is, and what to do. For example, its permissions do not cover the check, or its account has no credit or is disabled. Null after a full check.",
    }),
    statusSince: t.field({
      type: "DateTime",
      description: "When the credential got this status.",
      resolve: (credential, _args, context) => report(credential, context).since,
    }),
    last4: t.exposeString("last4", {
      description: "The secret's last four characters; asterisks if the secret has fewer than twelve.",
    }),
    fingerprint: t.exposeString("fingerprint", {
      description: "A keyed hash of the secret. Equal secrets of one user have equal fingerprints.",
    }),
    account: t.field({
      type: ProviderAccountRef,
      nullable: true,
      description: "The account at the provider; null if the provider does not name it, as with API keys.",
      resolve: (credential) => credential.account ?? null,
    }),
    scopes: t.stringList({
      description: "The scopes that the provider granted (RFC 6749, section 3.3); empty for API keys.",
      resolve: (credential) => [...credential.scopes],
    }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "When the credential expires; null if it does not.",
    }),
    refreshable: t.exposeBoolean("refreshable", {
      description: "Whether the server can refresh the credential without the user.",
    }),
    nextRefreshAt: t.field({
      type: "DateTime",
      nullable: true,
      description:
        "When the server will refresh the credential; null if it will not. A time in the past means now, or as soon as the provider can be reached.",
      resolve: (credential) => nextRefreshAt(credential),
    }),
    lastRefreshedAt: t.expose("lastRefreshedAt", {
      type: "DateTime",
      nullable: true,
      description: "When the server last refreshed the credential; null if it never did.",
    }),
    lastValidatedAt: t.expose("lastValidatedAt", {
      type: "DateTime",
      nullable: true,
      description: "When the provider last accepted the credential in a check.",
    }),
    lastUsedAt: t.expose("lastUsedAt", {
      type: "DateTime",
      nullable: true,
      description: "When `issueAccess` last returned the credential, at most a few seconds late; null if it never did.",
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When the credential was first stored." }),
    updatedAt: t.expose("updatedAt", {
      type: "DateTime",
      description: "When the credential was last stored, checked or changed.",
    }),
  }),
});
