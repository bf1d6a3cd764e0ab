import { defineEntity, type InferEntity, p } from "@mikro-orm/core";
import type { QuotaName } from "../../callers/quota.ts";
import {
  type AuthError,
  type ErrorCode,
  InvalidCredentialError,
  OAuthDeniedError,
  OAuthStateError,
  ProviderUnavailableError,
  QuotaExceededError,
} from "../../errors/auth-error.ts";
import type { OAuthFlowKind } from "../../providers/provider-auth.ts";

/** `exchanging`: one request has taken the flow, and is asking the provider for its tokens. */
type StoredFlowStatus = "pending" | "exchanging" | "completed" | "denied" | "failed" | "expired";

export type OAuthFlowStatus = "pending" | "completed" | "denied" | "failed" | "expired";

/**
 * The table `oauth_flows`. State and binding stand in it as SHA-256 only; verifier, nonce and device code are sealed.
 */
export const OAuthFlowEntity = defineEntity({
  name: "OAuthFlow",
  tableName: "oauth_flows",
  uniques: [{ name: "oauth_flows_state_hash_unique", properties: ["stateHash"] }],
  indexes: [
    { name: "oauth_flows_user_id_index", properties: ["userId", "createdAt"] },
    { name: "oauth_flows_pending_index", properties: ["userId", "expiresAt"], where: `"status" = 'pending'` },
    { name: "oauth_flows_next_poll_at_index", properties: ["nextPollAt"] },
    { name: "oauth_flows_expires_at_index", properties: ["expiresAt"] },
  ],
  properties: {
    id: p.uuid().primary(),
    userId: p.string().length(255),
    provider: p.string().length(64),
    kind: p.string().length(16).$type<OAuthFlowKind>(),
    stateHash: p.blob(),
    /** Of the cookie that binds the flow to the browser which started it; null where no cookie could be set. */
    bindingHash: p.blob().nullable(),
    secrets: p.blob(),
    redirectUri: p.text().nullable(),
    scopes: p.array(),
    label: p.string().length(80),
    userCode: p.string().length(64).nullable(),
    verificationUri: p.text().nullable(),
    /** Seconds between two polls of a device flow. */
    pollInterval: p.integer().nullable(),
    /** Polls of a device flow in a row that brought no usable answer. */
    pollFailures: p.integer().default(0),
    nextPollAt: p.datetime(3).nullable(),
    status: p.string().length(16).$type<StoredFlowStatus>(),
    errorCode: p.string().length(64).$type<ErrorCode>().nullable(),
    errorMessage: p.text().nullable(),
    /** The quota that was used up when the answer came, and its limit. */
    errorQuota: p.string().length(32).$type<QuotaName>().nullable(),
    errorLimit: p.integer().nullable(),
    credentialId: p.uuid().nullable(),
    /** Its user's login was good enough to replace a credential when the flow was begun. */
    mayReplace: p.boolean().default(false),
    /** The session in which the new credential becomes active. */
    sessionId: p.uuid().nullable(),
    expiresAt: p.datetime(3),
    createdAt: p.datetime(3),
    updatedAt: p.datetime(3),
  },
});

export type OAuthFlow = InferEntity<typeof OAuthFlowEntity>;

/** How long an exchange may take before it counts as interrupted. */
const exchangeLimitMs = 60_000;

/** Where a flow stands, by its row and the time. */
export function flowStatus(flow: OAuthFlow, now: Date): OAuthFlowStatus {
  if (flow.status === "exchanging") return isInterrupted(flow, now) ? "failed" : "pending";
  return flow.status === "pending" && flow.expiresAt <= now ? "expired" : flow.status;
}

/** Why a flow ended without a credential; null for one that did not. */
export function flowError(flow: OAuthFlow, now: Date): AuthError | null {
  const status = flowStatus(flow, now);
  if (status === "pending" || status === "completed") return null;
  if (status === "denied") return new OAuthDeniedError();
  if (status === "expired") return new OAuthStateError("The flow has expired. Start a new one with `initiateOAuth`.");
  const message = flow.errorMessage ?? "The exchange was interrupted. Start a new flow with `initiateOAuth`.";
  const { errorCode, errorQuota, errorLimit } = flow;
  if (errorQuota != null && errorLimit != null) return new QuotaExceededError(errorQuota, errorLimit, message);
  return errorCode === "PROVIDER_UNAVAILABLE"
    ? new ProviderUnavailableError(message)
    : new InvalidCredentialError(message);
}

function isInterrupted(flow: OAuthFlow, now: Date): boolean {
  return now.getTime() - flow.updatedAt.getTime() > exchangeLimitMs;
}
