import { defineEntity, type InferEntity, type Opt, p } from "@mikro-orm/core";
import type { AuthMethod, ProviderAccount } from "../providers/provider-auth.ts";

/** What the store knows for certain; EXPIRING and EXPIRED follow from `expiresAt` and the time of reading. */
export type StoredStatus = "active" | "needs_reauth" | "unreadable";

/** The key id of a row whose secret was forgotten. No key has it. */
export const forgottenKeyId = 0;

/** The table `provider_credentials`. `credentials` holds the sealed secret; nothing else in a row is secret. */
export const ProviderCredentialEntity = defineEntity({
  name: "ProviderCredential",
  tableName: "provider_credentials",
  uniques: [
    { name: "provider_credentials_owner_unique", properties: ["userId", "provider", "authMethod", "labelKey"] },
  ],
  indexes: [
    { name: "provider_credentials_user_id_index", properties: ["userId", "createdAt", "id"] },
    {
      name: "provider_credentials_preferred_index",
      expression: (columns, table, index) =>
        `create index ${index} on ${table.name} (user_id, provider, auth_method, (label = 'default') desc, created_at, id)`,
    },
    { name: "provider_credentials_provider_index", properties: ["provider"] },
    { name: "provider_credentials_auth_method_index", properties: ["authMethod"] },
    { name: "provider_credentials_expires_at_index", properties: ["expiresAt"] },
    {
      name: "provider_credentials_due_index",
      properties: ["provider", "nextTryAt"],
      where: `"next_try_at" is not null`,
    },
    {
      name: "provider_credentials_expiry_notice_index",
      properties: ["expiryNoticeAt"],
      where: `"expiry_notice_at" is not null`,
    },
  ],
  properties: {
    id: p.uuid().primary(),
    userId: p.string().length(255),
    provider: p.string().length(64),
    authMethod: p.string().length(16).$type<AuthMethod>(),
    /** As it was first written. */
    label: p.string().length(80),
    /** What labels are compared by; the database makes it. */
    labelKey: p.text().$type<Opt<string>>().generated("(normalize(label, nfc)) stored"),
    credentials: p.blob(),
    /** The data key that `credentials` is sealed with. */
    keyId: p.integer(),
    /** Counts each replacement of the secret. It is sealed into the row, so that an older secret cannot be put back. */
    tokenVersion: p.integer(),
    status: p.string().length(16).$type<StoredStatus>(),
    statusReason: p.text().nullable(),
    statusSince: p.datetime(3),
    /** What the last check found though the provider accepts the credential; null after a full one. */
    warning: p.text().nullable(),
    last4: p.string().length(4),
    fingerprint: p.string().length(32),
    account: p.json<ProviderAccount>().nullable(),
    scopes: p.array(),
    refreshable: p.boolean(),
    expiresAt: p.datetime(3).nullable(),
    /** Seconds that the provider's access tokens live, as far as it has said. See OAuthCredentials. */
    lifetime: p.integer().nullable(),
    /** When the refresh was planned. */
    refreshAfter: p.datetime(3).nullable(),
    /** Before it the provider would refuse a refresh. */
    earliestRefreshAt: p.datetime(3).nullable(),
    /** When any process may refresh it: as planned, or after a failure. Null: not by itself. */
    nextTryAt: p.datetime(3).nullable(),
    /** Failed refreshes since the last success; `statusReason` tells of the last one. */
    failCount: p.integer().default(0),
    /** How many times in a row, each at its time, the provider has read the refresh token and declined it. */
    refusals: p.integer().default(0),
    /** The first of these refusals. */
    refusedSince: p.datetime(3).nullable(),
    /** The provider's own error code in the last refresh, if it refused that one with a code that can be shown. */
    refusalCode: p.string().length(60).nullable(),
    /**
     * The OAuth client for which the provider has issued tokens of this grant to this server; null for imported ones.
     */
    provenClient: p.text().nullable(),
    /** Counts the leases: an answer that comes after a later lease was given is not stored. */
    leaseEpoch: p.integer().default(0),
    /** The process that refreshes it. */
    leaseOwner: p.uuid().nullable(),
    leaseUntil: p.datetime(3).nullable(),
    /** A refresh was sent then and its outcome is not known. */
    sentAt: p.datetime(3).nullable(),
    /** While `sentAt` stands: when the same refresh token may be sent again. */
    replayAfter: p.datetime(3).nullable(),
    /** When to look whether its user must be told of the expiry. */
    expiryNoticeAt: p.datetime(3).nullable(),
    lastValidatedAt: p.datetime(3).nullable(),
    lastRefreshedAt: p.datetime(3).nullable(),
    lastUsedAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3),
    updatedAt: p.datetime(3),
  },
});

/** One stored credential, without its opened secret. */
export type ProviderCredential = InferEntity<typeof ProviderCredentialEntity>;

/** How often a credential was handed out, by the hour: the record of `issueAccess` instead of a row for each call. */
export const CredentialUseEntity = defineEntity({
  name: "CredentialUse",
  tableName: "credential_uses",
  indexes: [{ name: "credential_uses_hour_index", properties: ["hour"] }],
  properties: {
    credentialId: p.uuid().primary(),
    /** The start of the hour, in UTC. */
    hour: p.datetime(0).primary(),
    userId: p.string().length(255),
    uses: p.integer(),
  },
});
