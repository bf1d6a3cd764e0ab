import type { QuotaName } from "../../callers/quota.ts";
import { errorCodes, type ErrorCode } from "../../errors/auth-error.ts";
import * as errors from "../../errors/auth-error.ts";
import type { AuthMethod } from "../../providers/provider-auth.ts";
import { builder } from "../builder.ts";
import { AuthMethodEnum } from "../credential/auth-method.ts";
import { CredentialRef } from "../credential/credential.ts";
import { QuotaEnum } from "./quota.ts";

const codeDescriptions: Record<ErrorCode, string> = {
  VALIDATION_FAILED: "A value is not allowed. Correct it; `issues` says which and why.",
  PROVIDER_NOT_FOUND: "No provider has this name. Use one of `availableProviders`.",
  METHOD_UNAVAILABLE: "The provider cannot be used this way on this server. Use one of `availableMethods`.",
  INVALID_CREDENTIAL:
    "The provider rejected the credential, or its account is disabled; `message` says which. Check the credential at the provider, or create a new one.",
  PROVIDER_UNAVAILABLE:
    "The provider gave no usable response, or rejected the call for a reason other than the credential. Nothing was changed. Do what `message` says, or retry after `retryAfter`.",
  RATE_LIMITED: "There were too many attempts. Retry after `retryAfter`.",
  CREDENTIAL_NOT_FOUND: "The user has no such credential. Connect the provider.",
  REAUTHENTICATION_REQUIRED: "The provider no longer accepts the stored credential. The user must connect again.",
  KEY_UNAVAILABLE: "The server does not have the key to decrypt the credential. Tell the operator, or connect again.",
  OAUTH_STATE_INVALID: "The OAuth flow is unknown, used or expired. Start a new one.",
  OAUTH_DENIED: "The user did not consent at the provider.",
  REDIRECT_URI_NOT_ALLOWED: "The redirect URI is not on this server's list. Ask the operator to add it.",
  SESSION_NOT_FOUND: "The user has no such session. Start one.",
  SESSION_EXPIRED: "The session has expired. Start a new one.",
  QUOTA_EXCEEDED: "The user has as many as one user may have. Delete some, or ask the operator to raise the limit.",
};

const ErrorCodeEnum = builder.enumType("ErrorCode", {
  description: "Why a request failed. The list is complete.",
  values: Object.fromEntries(
    errorCodes.map((code) => [code, { value: code, description: codeDescriptions[code] }]),
  ) as {
    [Code in ErrorCode]: { value: Code; description: string };
  },
});

/** The interface that every expected failure implements. */
export const ErrorRef = builder.interfaceRef<errors.AuthError>("Error").implement({
  description: "An expected failure. `message` is safe to show to users.",
  fields: (t) => ({
    message: t.exposeString("message", { description: "What happened and what to do next, in English." }),
    code: t.expose("code", { type: ErrorCodeEnum, description: "A code for programs." }),
  }),
});

/** A refusal to show as a value of a field: an Error that a resolver returns counts as one that it has thrown. */
export function errorValue(error: errors.AuthError): errors.AuthError {
  return Object.assign({}, error, { message: error.message, __typename: error.name });
}

const interfaces = [ErrorRef];

const ValidationIssueRef = builder.objectRef<errors.ValidationIssue>("ValidationIssue").implement({
  description: "A fault in an input.",
  fields: (t) => ({
    path: t.field({
      type: ["String"],
      description: `The path from the field's arguments to the value, such as \`["input", "label"]\`.`,
      resolve: (issue) => [...issue.path],
    }),
    message: t.exposeString("message", { description: "What is wrong. It never repeats the value." }),
  }),
});

builder.objectType(errors.ValidationError, {
  name: "ValidationError",
  interfaces,
  description: "The input has a value that is not allowed.",
  fields: (t) => ({
    issues: t.field({
      type: [ValidationIssueRef],
      description: "Every fault in the input.",
      resolve: (error) => [...error.issues],
    }),
  }),
});

builder.objectType(errors.ProviderNotFoundError, {
  name: "ProviderNotFoundError",
  interfaces,
  description: "No provider of the catalogue has this name.",
  fields: (t) => ({
    availableProviders: t.field({
      type: ["String"],
      description: "The names of all providers.",
      resolve: (error) => [...error.availableProviders],
    }),
  }),
});

builder.objectType(errors.MethodUnavailableError, {
  name: "MethodUnavailableError",
  interfaces,
  description: "The provider does not offer this method on this server.",
  fields: (t) => ({
    availableMethods: t.field({
      type: [AuthMethodEnum],
      description: "The methods that the provider does offer on this server.",
      resolve: (error) => error.availableMethods as AuthMethod[],
    }),
  }),
});

builder.objectType(errors.InvalidCredentialError, {
  name: "InvalidCredentialError",
  interfaces,
  description: "The provider rejected the credential or its account.",
});

builder.objectType(errors.ProviderUnavailableError, {
  name: "ProviderUnavailableError",
  interfaces,
  description: "The provider gave no usable response, so nothing was changed.",
  fields: (t) => ({
    retryAfter: t.exposeInt("retryAfter", {
      nullable: true,
      description: "Seconds after which to retry; null if the provider did not say.",
    }),
  }),
});

builder.objectType(errors.RateLimitedError, {
  name: "RateLimitedError",
  interfaces,
  description: "There were too many attempts. This one was not made.",
  fields: (t) => ({
    retryAfter: t.exposeInt("retryAfter", { description: "Seconds until an attempt can succeed again." }),
  }),
});

builder.objectType(errors.QuotaExceededError, {
  name: "QuotaExceededError",
  interfaces,
  description: "The user has as many of something as one user may have. Nothing was stored.",
  fields: (t) => ({
    quota: t.field({
      type: QuotaEnum,
      description: "What there would be too much of.",
      resolve: (error) => error.quota as QuotaName,
    }),
    limit: t.exposeInt("limit", { description: "How many one user may have." }),
  }),
});

builder.objectType(errors.CredentialNotFoundError, {
  name: "CredentialNotFoundError",
  interfaces,
  description: "The user has no such credential.",
});

builder.objectType(errors.ReauthenticationRequiredError, {
  name: "ReauthenticationRequiredError",
  interfaces,
  description: "The provider no longer accepts the stored credential.",
  fields: (t) => ({
    credential: t.field({
      type: CredentialRef,
      description: "The credential to connect again.",
      resolve: async (error, _args, { coordinator }) => {
        const credential = await coordinator.findCredential(error.userId, error.credentialId);
        if (credential === null) throw new errors.CredentialNotFoundError();
        return credential;
      },
    }),
  }),
});

builder.objectType(errors.KeyUnavailableError, {
  name: "KeyUnavailableError",
  interfaces,
  description: "The credential cannot be decrypted with the encryption keys that this server has.",
});

builder.objectType(errors.OAuthStateError, {
  name: "OAuthStateError",
  interfaces,
  description: "The OAuth flow is unknown, already used, expired, or belongs to another user. Nothing was changed.",
});

builder.objectType(errors.OAuthDeniedError, {
  name: "OAuthDeniedError",
  interfaces,
  description: "The user did not consent at the provider.",
});

builder.objectType(errors.SessionNotFoundError, {
  name: "SessionNotFoundError",
  interfaces,
  description: "The user has no such session.",
});

builder.objectType(errors.SessionExpiredError, {
  name: "SessionExpiredError",
  interfaces,
  description: "The session has expired or was ended.",
});

builder.objectType(errors.RedirectUriNotAllowedError, {
  name: "RedirectUriNotAllowedError",
  interfaces,
  description: "The redirect URI is not on the operator's list.",
});
