/** Every expected refusal has one of these codes; they are the GraphQL enum `ErrorCode`. */
export const errorCodes = [
  "VALIDATION_FAILED",
  "PROVIDER_NOT_FOUND",
  "METHOD_UNAVAILABLE",
  "INVALID_CREDENTIAL",
  "PROVIDER_UNAVAILABLE",
  "RATE_LIMITED",
  "CREDENTIAL_NOT_FOUND",
  "REAUTHENTICATION_REQUIRED",
  "KEY_UNAVAILABLE",
  "OAUTH_STATE_INVALID",
  "OAUTH_DENIED",
  "REDIRECT_URI_NOT_ALLOWED",
  "SESSION_NOT_FOUND",
  "SESSION_EXPIRED",
  "QUOTA_EXCEEDED",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

interface RefusalOptions extends ErrorOptions {
  readonly vendorCode?: string | null;
}

/** An expected refusal. `message` is safe to show; what a provider said goes into `cause` and is never serialized. */
export class AuthError extends Error {
  readonly code: ErrorCode;
  /** The error code of a provider's well-formed refusal, for the operator's log; null where no such answer came. */
  readonly vendorCode: string | null;

  constructor(code: ErrorCode, message: string, options: RefusalOptions = {}) {
    super(message, options);
    this.code = code;
    this.vendorCode = options.vendorCode ?? null;
    this.name = new.target.name;
  }
}

/** One fault of an input. `path` leads from the field's arguments to the value; the message never repeats the value. */
export interface ValidationIssue {
  readonly path: readonly string[];
  readonly message: string;
}

/** The input has the right GraphQL shape and a value that is not allowed. */
export class ValidationError extends AuthError {
  readonly issues: readonly ValidationIssue[];

  constructor(issues: readonly ValidationIssue[]) {
    super("VALIDATION_FAILED", "The input is not valid; `issues` says where and why.");
    this.issues = issues;
  }
}

/**
 * No provider of the catalogue has this name. The name itself is not repeated: it may be a key pasted into the wrong
 * field.
 */
export class ProviderNotFoundError extends AuthError {
  readonly availableProviders: readonly string[];

  constructor(availableProviders: readonly string[]) {
    super("PROVIDER_NOT_FOUND", `There is no provider with this name. Available: ${availableProviders.join(", ")}.`);
    this.availableProviders = availableProviders;
  }
}

/** The provider exists, and does not offer this way to authenticate on this server. */
export class MethodUnavailableError<Method extends string = string> extends AuthError {
  readonly availableMethods: readonly Method[];

  constructor(message: string, availableMethods: readonly Method[], options?: RefusalOptions) {
    super("METHOD_UNAVAILABLE", message, options);
    this.availableMethods = availableMethods;
  }
}

/**
 * Why a provider refuses a credential. `refused`: it is no good, or no longer. `consent`: it lacks a permission, so
 * that only its user can mend it. `disabled`: the account behind it is disabled; the credential itself may be good.
 */
export type CredentialRefusal = "refused" | "consent" | "disabled";

/** The provider itself said that the credential is no good, or that its account may not call it. */
export class InvalidCredentialError extends AuthError {
  readonly because: CredentialRefusal;

  constructor(
    message: string,
    { because = "refused", ...options }: RefusalOptions & { readonly because?: CredentialRefusal } = {},
  ) {
    super("INVALID_CREDENTIAL", message, options);
    this.because = because;
  }
}

/**
 * What is known of a call that brought no usable answer. `withheld`: this server did not make it. `refused`: it had no
 * effect, as the provider could not be reached or said so. `unknown`: it may have been carried out. `limited`: not now,
 * since there are too many requests, of the account or of all. `misconfigured`: the provider refuses this server's own
 * client. `declined`: it has read the grant and refuses it, for a reason that nobody here knows. `hindered`: it refuses
 * something that is not the grant, such as the place that the call comes from, or an account that has not paid.
 */
export type ProviderFailure =
  "withheld" | "refused" | "unknown" | "limited" | "misconfigured" | "declined" | "hindered";

/** The provider gave no usable answer; nothing is known about the credential. `retryAfter` is in seconds. */
export class ProviderUnavailableError extends AuthError {
  readonly retryAfter: number | null;
  readonly failure: ProviderFailure;
  /** What happened, as a sentence without advice. */
  readonly detail: string;
  /** The provider certainly did not process the request, so the very same one may be sent again. */
  readonly unprocessed: boolean;

  constructor(
    message: string,
    options: RefusalOptions & {
      readonly retryAfter?: number | null;
      readonly failure?: ProviderFailure;
      readonly detail?: string;
      readonly unprocessed?: boolean;
    } = {},
  ) {
    super("PROVIDER_UNAVAILABLE", message, options);
    this.retryAfter = options.retryAfter ?? null;
    this.failure = options.failure ?? "refused";
    this.detail = options.detail ?? message;
    this.unprocessed = options.unprocessed ?? false;
  }
}

/** A limit of attempts, as the RateLimit header fields tell it (draft-ietf-httpapi-ratelimit-headers). */
export interface RateLimitPolicy {
  readonly name: string;
  /** Points that one may spend in a window. */
  readonly quota: number;
  readonly windowSeconds: number;
}

/** Too many attempts of a kind; nothing was tried. `retryAfter` is in seconds, at least 1. */
export class RateLimitedError extends AuthError {
  readonly policy: RateLimitPolicy;
  readonly retryAfter: number;

  /** @param attempts what there were too many of, such as "attempts to connect a provider by this user" */
  constructor(attempts: string, policy: RateLimitPolicy, retryAfter: number) {
    super("RATE_LIMITED", `Too many ${attempts}. Nothing was tried. Try again in ${retryAfter} s.`);
    this.policy = policy;
    this.retryAfter = retryAfter;
  }
}

/** The user has as much of something as one user may have; nothing was stored. */
export class QuotaExceededError<Name extends string = string> extends AuthError {
  readonly quota: Name;
  readonly limit: number;

  constructor(quota: Name, limit: number, message: string) {
    super("QUOTA_EXCEEDED", message);
    this.quota = quota;
    this.limit = limit;
  }
}

/** The user has stored nothing that fits; the message names the way to connect. */
export class CredentialNotFoundError extends AuthError {
  constructor(message = "There is no such credential. `viewer { credentials }` lists yours.") {
    super("CREDENTIAL_NOT_FOUND", message);
  }
}

/** The credential exists and no longer works: only its user can mend it, by connecting again. */
export class ReauthenticationRequiredError extends AuthError {
  readonly userId: string;
  readonly credentialId: string;

  constructor(message: string, credential: { readonly userId: string; readonly id: string }, options?: ErrorOptions) {
    super("REAUTHENTICATION_REQUIRED", message, options);
    this.userId = credential.userId;
    this.credentialId = credential.id;
  }
}

/** The credential cannot be opened with the encryption keys that this server has. */
export class KeyUnavailableError extends AuthError {
  /** The key exists, and this process lacks what opens it: nothing is wrong with the credential. */
  readonly isOfProcess: boolean;

  constructor(
    message: string,
    { isOfProcess = false, ...options }: ErrorOptions & { readonly isOfProcess?: boolean } = {},
  ) {
    super("KEY_UNAVAILABLE", message, options);
    this.isOfProcess = isOfProcess;
  }
}

/** The flow that a code or state belongs to is unknown, used, expired, or somebody else's. All look the same. */
export class OAuthStateError extends AuthError {
  constructor(message = "This OAuth flow is unknown, already used, or expired. Start a new one with `initiateOAuth`.") {
    super("OAUTH_STATE_INVALID", message);
  }
}

/** The user said no at the provider (RFC 6749, section 4.1.2.1, `access_denied`). */
export class OAuthDeniedError extends AuthError {
  constructor(
    message = "The request was declined at the provider. Nothing was stored; start again if that was a mistake.",
  ) {
    super("OAUTH_DENIED", message);
  }
}

/** No session of this user has this id. */
export class SessionNotFoundError extends AuthError {
  constructor() {
    super(
      "SESSION_NOT_FOUND",
      "There is no such session. `viewer { sessions }` lists yours; `startSession` starts one.",
    );
  }
}

/** The session is over: by its timeout, or because it was ended. */
export class SessionExpiredError extends AuthError {
  constructor(message = "This session has expired. Start a new one with `startSession`.") {
    super("SESSION_EXPIRED", message);
  }
}

/** A redirect URI that is not on the operator's list, compared exactly. */
export class RedirectUriNotAllowedError extends AuthError {
  constructor(allowed: readonly string[]) {
    super(
      "REDIRECT_URI_NOT_ALLOWED",
      `This redirect URI is not allowed. Allowed: ${allowed.join(", ")}. The operator sets them in OAUTH_REDIRECT_URIS.`,
    );
  }
}
