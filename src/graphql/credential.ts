import { forbidden } from "../callers/caller.ts";
import { credentialStatuses, nextRefreshAt } from "../credentials/credential-status.ts";
import type { ProviderCredential } from "../credentials/provider-credential.ts";
import type { ProviderAccount } from "../providers/provider-auth.ts";
import { AuthMethodEnum } from "./auth-method.ts";
import { builder } from "./builder.ts";
import type { GraphQLContext } from "./context.ts";
import { isUuid } from "./node-id.ts";
import { ProviderRef } from "./provider.ts";

const statusDescriptions: Record<(typeof credentialStatuses)[number], string> = {
  active: "It works, as far as is known; see `warning`.",
  expiring: "It works, and is inside the refresh threshold of its expiry.",
  expired: "Its time is over.",
  needs_reauth: "The provider no longer accepts it; its user must connect again.",
  unreadable: "It is stored under an encryption key that this server does not have, or was changed.",
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
  "The account that this label was connected to before, where that is another one than now. Null where it is the same, or where the provider does not tell both accounts, as with API keys.";

export const ProviderAccountRef = builder.objectRef<ProviderAccount>("ProviderAccount").implement({
  description: "The account behind a credential, as far as the provider tells.",
  fields: (t) => ({
    id: t.exposeString("id", { nullable: true, description: "The provider's own id of the account." }),
    email: t.exposeString("email", { nullable: true, description: "Its e-mail address." }),
    organization: t.exposeString("organization", { nullable: true, description: "Its organization." }),
    plan: t.exposeString("plan", { nullable: true, description: "What it subscribes to." }),
  }),
});

function report(credential: ProviderCredential, { statusRule, clock }: GraphQLContext) {
  return statusRule.report(credential, clock.now());
}

export const CredentialRef = builder.objectRef<ProviderCredential>("Credential");

builder.node(CredentialRef, {
  description:
    "A stored credential. Its secrets are write-only: no field of this type returns them. All but `id`, `provider` and `method` need the scope `credentials:read`.",
  id: { resolve: (credential) => credential.id },
  loadWithoutCache: async (id, { caller, coordinator }) => {
    if (!caller.scopes.has("credentials:read")) throw forbidden("credentials:read");
    return isUuid(id) ? coordinator.findCredential(caller.userId, id) : null;
  },
  isTypeOf: (value) => typeof value === "object" && value !== null && "tokenVersion" in value,
  fields: (t) => ({
    provider: t.field({
      type: ProviderRef,
      description: "Whose credential it is.",
      resolve: (credential, _args, { registry }) => registry.ofStored(credential.provider),
    }),
    method: t.expose("authMethod", { type: AuthMethodEnum, description: "How it was obtained." }),
    label: t.exposeString("label", {
      description: "Tells several accounts of one provider apart; `default` when none was given.",
    }),
    status: t.field({
      type: CredentialStatusEnum,
      description: "Whether it can be used, at the moment of reading.",
      resolve: (credential, _args, context) => report(credential, context).status,
    }),
    statusReason: t.string({
      nullable: true,
      description: "Why the status is what it is and what to do next; null while ACTIVE.",
      resolve: (credential, _args, context) => report(credential, context).reason,
    }),
    warning: t.exposeString("warning", {
      nullable: true,
      description:
        "What the last check found though the credential stays as it is, and what to do: its permissions do not cover the check, or its account has no credit or is disabled, say. Null after a full check.",
    }),
    statusSince: t.field({
      type: "DateTime",
      description: "Since when the status holds.",
      resolve: (credential, _args, context) => report(credential, context).since,
    }),
    last4: t.exposeString("last4", {
      description: "The secret's last four characters; asterisks where the secret is shorter than twelve.",
    }),
    fingerprint: t.exposeString("fingerprint", {
      description:
        "A keyed hash of the secret, stable across reads: equal secrets of one user have equal fingerprints.",
    }),
    account: t.field({
      type: ProviderAccountRef,
      nullable: true,
      description: "The account behind it; null where the provider tells nothing, as with API keys.",
      resolve: (credential) => credential.account ?? null,
    }),
    scopes: t.stringList({
      description: "What the provider granted (RFC 6749, section 3.3); empty for API keys.",
      resolve: (credential) => [...credential.scopes],
    }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "When it ends by itself; null when it does not.",
    }),
    refreshable: t.exposeBoolean("refreshable", { description: "Whether the server can renew it without its user." }),
    nextRefreshAt: t.field({
      type: "DateTime",
      nullable: true,
      description:
        "When the server renews it by itself; null where it does not. A time that has passed: now, or as soon as the provider can be asked.",
      resolve: (credential) => nextRefreshAt(credential),
    }),
    lastRefreshedAt: t.expose("lastRefreshedAt", {
      type: "DateTime",
      nullable: true,
      description: "When the server last renewed it; null before the first time.",
    }),
    lastValidatedAt: t.expose("lastValidatedAt", {
      type: "DateTime",
      nullable: true,
      description: "When the provider last accepted it in a check.",
    }),
    lastUsedAt: t.expose("lastUsedAt", {
      type: "DateTime",
      nullable: true,
      description: "When `issueAccess` last handed it out, a few seconds late at most; null before the first time.",
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was first stored." }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When it was last stored, checked or changed." }),
  }),
});
