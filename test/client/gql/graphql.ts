/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** The provider that a session uses from the start. */
export type ActiveProviderInput = {
  /** Only the credential with this label. If omitted: `default`, then the oldest. */
  label?: string | null | undefined;
  /** Only this method. If omitted: OAUTH, then API_KEY, then the server's own key. */
  method?: AuthMethod | null | undefined;
  /** The model to remember. The server returns it and does not check it. */
  model?: string | null | undefined;
  /** The provider's name, such as `anthropic`. */
  provider: string;
};

/** How a user authenticates to a provider. */
export type AuthMethod =
  /** A key that the user created at the provider. */
  | 'API_KEY'
  /** The user's consent at the provider (OAuth 2). */
  | 'OAUTH';

/** The credential to connect. */
export type AuthenticateInput = {
  /** The API key or the OAuth code. */
  credential: CredentialInput;
  /** Distinguishes several accounts at one provider; `default` if omitted. */
  label?: string | null | undefined;
  /** The provider's name, such as `anthropic`. */
  provider: string;
  /** A session in which the provider becomes active with this credential. Requires the scope `sessions`. */
  sessionId?: string | number | null | undefined;
};

/** The provider whose credentials are deleted. */
export type ClearProviderInput = {
  /** The provider's name, such as `anthropic`. */
  provider: string;
  /** The session. */
  sessionId: string | number;
};

/** The provider's response: exactly one of these. */
export type CompleteOAuthInput =
  {   /** Code and state, as received at the redirect URI. */
  code: OAuthCodeInput; pasted?: never; }
  |  { code?: never;   /** What the user pasted: the whole callback URL or `code#state`. Line breaks, quotes and words around it are allowed. */
  pasted: string; };

/** An API key or an OAuth code: exactly one of these. */
export type CredentialInput =
  {   /** A key that the user created at the provider. Quotes, line breaks and a name that were copied with it are removed. */
  apiKey: string; oauthCode?: never; }
  |  { apiKey?: never;   /** The provider's response to an OAuth flow. */
  oauthCode: OAuthCodeInput; };

/** Where a grant's credential comes from. */
export type CredentialSource =
  /** The server's own key from its environment, used last. */
  | 'ENVIRONMENT'
  /** A credential that the user stored. */
  | 'STORED';

/** Whether a credential can be used. */
export type CredentialStatus =
  /** The credential works, as far as the server knows; see `warning`. */
  | 'ACTIVE'
  /** The credential has expired. */
  | 'EXPIRED'
  /** The credential works and expires within the refresh threshold. */
  | 'EXPIRING'
  /** The provider no longer accepts the credential. The user must connect again. */
  | 'NEEDS_REAUTH'
  /** The credential cannot be decrypted: this server does not have its encryption key, or the stored value was changed. */
  | 'UNREADABLE';

/** The session to keep. */
export type EndOtherSessionsInput = {
  /** The session to keep. */
  keepSessionId: string | number;
};

/** The session to end. */
export type EndSessionInput = {
  /** The session. */
  sessionId: string | number;
};

/** Why a request failed. The list is complete. */
export type ErrorCode =
  /** The user has no such credential. Connect the provider. */
  | 'CREDENTIAL_NOT_FOUND'
  /** The provider rejected the credential, or its account is disabled; `message` says which. Check the credential at the provider, or create a new one. */
  | 'INVALID_CREDENTIAL'
  /** The server does not have the key to decrypt the credential. Tell the operator, or connect again. */
  | 'KEY_UNAVAILABLE'
  /** The provider cannot be used this way on this server. Use one of `availableMethods`. */
  | 'METHOD_UNAVAILABLE'
  /** The user did not consent at the provider. */
  | 'OAUTH_DENIED'
  /** The OAuth flow is unknown, used or expired. Start a new one. */
  | 'OAUTH_STATE_INVALID'
  /** No provider has this name. Use one of `availableProviders`. */
  | 'PROVIDER_NOT_FOUND'
  /** The provider gave no usable response, or rejected the call for a reason other than the credential. Nothing was changed. Do what `message` says, or retry after `retryAfter`. */
  | 'PROVIDER_UNAVAILABLE'
  /** The user has as many as one user may have. Delete some, or ask the operator to raise the limit. */
  | 'QUOTA_EXCEEDED'
  /** There were too many attempts. Retry after `retryAfter`. */
  | 'RATE_LIMITED'
  /** The provider no longer accepts the stored credential. The user must connect again. */
  | 'REAUTHENTICATION_REQUIRED'
  /** The redirect URI is not on this server's list. Ask the operator to add it. */
  | 'REDIRECT_URI_NOT_ALLOWED'
  /** The session has expired. Start a new one. */
  | 'SESSION_EXPIRED'
  /** The user has no such session. Start one. */
  | 'SESSION_NOT_FOUND'
  /** A value is not allowed. Correct it; `issues` says which and why. */
  | 'VALIDATION_FAILED';

/** Tokens that were obtained elsewhere, to be stored. */
export type ImportCredentialInput = {
  /** The access token. */
  accessToken: string;
  /** When the access token expires; omit it if it does not. */
  expiresAt?: string | null | undefined;
  /** Distinguishes several accounts at one provider; `default` if omitted. */
  label?: string | null | undefined;
  /** The provider's name, such as `google`. */
  provider: string;
  /** The refresh token. Give it to one server only: at most providers it can be used once. */
  refreshToken?: string | null | undefined;
  /** The scopes that the provider granted. */
  scopes?: Array<string> | null | undefined;
};

/** The OAuth flow to start. */
export type InitiateOAuthInput = {
  /** One of the method's `flows`; the first if omitted. */
  kind?: OAuthFlowKind | null | undefined;
  /** Distinguishes several accounts at one provider; `default` if omitted. */
  label?: string | null | undefined;
  /** The provider's name, such as `google`. */
  provider: string;
  /** A URI from the operator's list, compared exactly; the port of a loopback address can vary (RFC 8252). */
  redirectUri?: string | null | undefined;
  /** The scopes to request instead of the usual ones. */
  scopes?: Array<string> | null | undefined;
  /** A session in which the provider becomes active once it is connected. Requires the scope `sessions`. */
  sessionId?: string | number | null | undefined;
};

/** The provider and credential to use. */
export type IssueAccessInput = {
  /** Only the credential with this label. If omitted: `default`, then the oldest. */
  label?: string | null | undefined;
  /** Only this method. If omitted: OAUTH, then API_KEY. */
  method?: AuthMethod | null | undefined;
  /** The provider's name, such as `anthropic`; the session's active provider if omitted. */
  provider?: string | null | undefined;
  /** A grant whose headers the provider answered with 401. If it is still the current one, the credential is refreshed or checked first. */
  rejectedGrantId?: string | number | null | undefined;
  /** The session of the call. Its choices apply where the input has none, and the call counts as activity. */
  sessionId?: string | number | null | undefined;
};

/** What the provider's terms say about a method, at the date of the catalogue entry. */
export type MethodPolicy =
  /** Allowed with the operator's own registration only. */
  | 'OPERATOR_ONLY'
  /** Prohibited without the provider's approval. */
  | 'PROHIBITED'
  /** Allowed for any application. */
  | 'SUPPORTED';

/** What the provider sent back to the redirect URI (RFC 6749, section 4.1.2). */
export type OAuthCodeInput = {
  /** The authorization code. */
  code: string;
  /** The `iss` of RFC 9207, if the provider sends it. */
  issuer?: string | null | undefined;
  /** The flow's state. */
  state: string;
};

/** How a user's consent comes back to this server. */
export type OAuthFlowKind =
  /** RFC 8628: the user enters a short code on another device. */
  | 'DEVICE'
  /** The provider redirects to a loopback address on the user's machine; the user can also paste that URL. */
  | 'LOOPBACK'
  /** The provider shows a code that the user pastes. */
  | 'PASTE'
  /** The provider redirects the browser to this server's callback. */
  | 'REDIRECT';

/** The state of an OAuth flow. */
export type OAuthFlowStatus =
  /** The credential was stored. */
  | 'COMPLETED'
  /** The user declined. */
  | 'DENIED'
  /** The user did not decide in time. */
  | 'EXPIRED'
  /** The provider gave no tokens; `error` says what to do. */
  | 'FAILED'
  /** The user has not decided yet, or the tokens have not arrived. */
  | 'PENDING';

/** Whether a session can use a provider. */
export type ProviderContextStatus =
  /** There is a credential that works, as far as the server knows. */
  | 'AUTHENTICATED'
  /** The user must connect the provider, for the first time or again. */
  | 'NEEDS_AUTH';

/** Whether a provider responds. */
export type ProviderHealthStatus =
  /** The last call failed, or `complaint` says what is wrong. */
  | 'DEGRADED'
  /** At least the last three calls failed. */
  | 'DOWN'
  /** The provider responded to the last call. */
  | 'HEALTHY'
  /** The provider has not been called since the server started. */
  | 'UNKNOWN';

/** The credential to refresh. */
export type RefreshCredentialInput = {
  /** The `id` of one of the user's credentials. */
  credentialId: string | number;
};

/** The credential to delete. */
export type RevokeCredentialInput = {
  /** The `id` of one of the user's credentials. */
  credentialId: string | number;
};

/** The status of a session. */
export type SessionStatus =
  /** The session is in use. */
  | 'ACTIVE'
  /** The session was ended. */
  | 'ENDED'
  /** The session has expired because there was no activity. */
  | 'EXPIRED';

/** The provider that a session uses from now on. */
export type SetActiveProviderInput = {
  /** Only the credential with this label. If omitted: `default`, then the oldest. */
  label?: string | null | undefined;
  /** Only this method. If omitted: OAUTH, then API_KEY, then the server's own key. */
  method?: AuthMethod | null | undefined;
  /** The model to remember. The server returns it and does not check it. */
  model?: string | null | undefined;
  /** The provider's name, such as `anthropic`. */
  provider: string;
  /** The session. */
  sessionId: string | number;
};

/** The session to start. */
export type StartSessionInput = {
  /** A provider that is active from the start, as with `setActiveProvider`. If it cannot be used, no session is started. */
  activeProvider?: ActiveProviderInput | null | undefined;
  /** A name for the session, such as the device. */
  label?: string | null | undefined;
};

/** The session to keep active. */
export type TouchSessionInput = {
  /** The session. */
  sessionId: string | number;
};

/** The credential to check. */
export type ValidateCredentialInput = {
  /** The `id` of one of the user's credentials. */
  credentialId: string | number;
};

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { viewer: { id: string, userId: string, eventCursor: string } };

export type CredentialsQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  last?: number | null | undefined;
  before?: string | null | undefined;
  provider?: string | null | undefined;
  method?: AuthMethod | null | undefined;
  status?: CredentialStatus | null | undefined;
}>;


export type CredentialsQuery = { viewer: { credentials: { edges: Array<{ cursor: string, node: { id: string, label: string } }>, nodes: Array<{ id: string, method: AuthMethod, label: string, status: CredentialStatus, statusReason: string | null, last4: string, fingerprint: string, lastUsedAt: string | null, lastValidatedAt: string | null, provider: { name: string } }>, pageInfo: { hasNextPage: boolean, hasPreviousPage: boolean, startCursor: string | null, endCursor: string | null } } } };

export type VerdictQueryVariables = Exact<{
  provider: string;
}>;


export type VerdictQuery = { viewer: { credentials: { nodes: Array<{ id: string, label: string, method: AuthMethod, status: CredentialStatus, statusReason: string | null, warning: string | null, lastValidatedAt: string | null }> } }, provider: { health: { status: ProviderHealthStatus, complaint: string | null } } | null };

export type ProvidersQueryVariables = Exact<{ [key: string]: never; }>;


export type ProvidersQuery = { providers: Array<{ id: string, name: string, displayName: string, documentationUrl: string | null, methods: Array<{ method: AuthMethod, available: boolean, unavailableReason: string | null, flows: Array<OAuthFlowKind>, policy: MethodPolicy }>, health: { status: ProviderHealthStatus, since: string | null, lastCheckedAt: string | null } }> };

export type NodeQueryVariables = Exact<{
  id: string | number;
}>;


export type NodeQuery = { node:
    | { __typename: 'Credential', id: string }
    | { __typename: 'OAuthFlow', id: string }
    | { __typename: 'Provider', id: string }
    | { __typename: 'Session', id: string }
    | { __typename: 'User', id: string }
   | null };

export type AuthenticateMutationVariables = Exact<{
  input: AuthenticateInput;
}>;


export type AuthenticateMutation = { authenticate:
    | { __typename: 'AuthenticatePayload', credential: { id: string, label: string, method: AuthMethod, status: CredentialStatus, last4: string, fingerprint: string, lastValidatedAt: string | null } }
    | { __typename: 'InvalidCredentialError', code: ErrorCode, message: string }
    | { __typename: 'MethodUnavailableError', code: ErrorCode, message: string, availableMethods: Array<AuthMethod> }
    | { __typename: 'OAuthDeniedError', code: ErrorCode, message: string }
    | { __typename: 'OAuthStateError', code: ErrorCode, message: string }
    | { __typename: 'ProviderNotFoundError', code: ErrorCode, message: string, availableProviders: Array<string> }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string, retryAfter: number | null }
    | { __typename: 'QuotaExceededError', code: ErrorCode, message: string }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'SessionNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ValidationError', code: ErrorCode, message: string, issues: Array<{ path: Array<string>, message: string }> }
   };

export type ValidateCredentialMutationVariables = Exact<{
  input: ValidateCredentialInput;
}>;


export type ValidateCredentialMutation = { validateCredential:
    | { __typename: 'CredentialNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'InvalidCredentialError', code: ErrorCode, message: string }
    | { __typename: 'KeyUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'ReauthenticationRequiredError', code: ErrorCode, message: string }
    | { __typename: 'ValidateCredentialPayload', credential: { id: string, status: CredentialStatus, lastValidatedAt: string | null } }
   };

export type RevokeCredentialMutationVariables = Exact<{
  input: RevokeCredentialInput;
}>;


export type RevokeCredentialMutation = { revokeCredential:
    | { __typename: 'CredentialNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'RevokeCredentialPayload', revokedCredentialId: string, revokedAtProvider: boolean | null }
   };

export type IssueAccessMutationVariables = Exact<{
  input: IssueAccessInput;
}>;


export type IssueAccessMutation = { issueAccess:
    | { __typename: 'CredentialNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'IssueAccessPayload', grant: { grantId: string, method: AuthMethod, source: CredentialSource, baseUrl: string, expiresAt: string | null, headers: Array<{ name: string, value: string }>, provider: { name: string }, credential: { id: string, label: string } | null } }
    | { __typename: 'KeyUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'ProviderNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'ReauthenticationRequiredError', code: ErrorCode, message: string, credential: { id: string, status: CredentialStatus, statusReason: string | null } }
    | { __typename: 'SessionExpiredError', code: ErrorCode, message: string }
    | { __typename: 'SessionNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ValidationError', code: ErrorCode, message: string }
   };

export type CredentialEventsSubscriptionVariables = Exact<{
  after?: string | null | undefined;
  provider?: string | null | undefined;
}>;


export type CredentialEventsSubscription = { credentialEvents:
    | { __typename: 'CredentialRevoked', cursor: string, occurredAt: string, credentialId: string, method: AuthMethod, label: string, provider: { name: string }, credential: { id: string, status: CredentialStatus, last4: string } | null }
    | { __typename: 'CredentialStored', cursor: string, occurredAt: string, credentialId: string, method: AuthMethod, label: string, previousAccount: { id: string | null } | null, provider: { name: string }, credential: { id: string, status: CredentialStatus, last4: string } | null }
    | { __typename: 'ReauthenticationRequired', cursor: string, occurredAt: string, credentialId: string, method: AuthMethod, label: string, reauthenticationReason: string, provider: { name: string }, credential: { id: string, status: CredentialStatus, last4: string } | null }
    | { __typename: 'TokenExpired', cursor: string, occurredAt: string, credentialId: string, method: AuthMethod, label: string, provider: { name: string }, credential: { id: string, status: CredentialStatus, last4: string } | null }
    | { __typename: 'TokenExpiring', expiresAt: string, cursor: string, occurredAt: string, credentialId: string, method: AuthMethod, label: string, provider: { name: string }, credential: { id: string, status: CredentialStatus, last4: string } | null }
    | { __typename: 'TokenRefreshFailed', reason: string, retryAt: string | null, cursor: string, occurredAt: string, credentialId: string, method: AuthMethod, label: string, provider: { name: string }, credential: { id: string, status: CredentialStatus, last4: string } | null }
    | { __typename: 'TokenRefreshed', cursor: string, occurredAt: string, credentialId: string, method: AuthMethod, label: string, newExpiresAt: string | null, provider: { name: string }, credential: { id: string, status: CredentialStatus, last4: string } | null }
   };

export type EventsSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type EventsSubscription = { events:
    | { __typename: 'ActiveProviderChanged', cursor: string, occurredAt: string }
    | { __typename: 'CredentialRevoked', cursor: string, occurredAt: string }
    | { __typename: 'CredentialStored', cursor: string, occurredAt: string }
    | { __typename: 'ReauthenticationRequired', cursor: string, occurredAt: string }
    | { __typename: 'SessionEnded', cursor: string, occurredAt: string }
    | { __typename: 'SessionExpired', cursor: string, occurredAt: string }
    | { __typename: 'SessionExpiring', cursor: string, occurredAt: string }
    | { __typename: 'SessionStarted', cursor: string, occurredAt: string }
    | { __typename: 'TokenExpired', cursor: string, occurredAt: string }
    | { __typename: 'TokenExpiring', cursor: string, occurredAt: string }
    | { __typename: 'TokenRefreshFailed', cursor: string, occurredAt: string }
    | { __typename: 'TokenRefreshed', cursor: string, occurredAt: string }
   };

export type InitiateOAuthMutationVariables = Exact<{
  input: InitiateOAuthInput;
}>;


export type InitiateOAuthMutation = { initiateOAuth:
    | { __typename: 'InitiateOAuthPayload', flow: { id: string, kind: OAuthFlowKind, status: OAuthFlowStatus, authorizationUrl: string | null, redirectUri: string | null, state: string | null, userCode: string | null, verificationUri: string | null, expiresAt: string } }
    | { __typename: 'MethodUnavailableError', code: ErrorCode, message: string, availableMethods: Array<AuthMethod> }
    | { __typename: 'ProviderNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'QuotaExceededError', code: ErrorCode, message: string }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'RedirectUriNotAllowedError', code: ErrorCode, message: string }
    | { __typename: 'SessionNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ValidationError', code: ErrorCode, message: string }
   };

export type CompleteOAuthMutationVariables = Exact<{
  input: CompleteOAuthInput;
}>;


export type CompleteOAuthMutation = { completeOAuth:
    | { __typename: 'CompleteOAuthPayload', flow: { id: string, status: OAuthFlowStatus }, credential: { id: string, method: AuthMethod, label: string, status: CredentialStatus, scopes: Array<string>, expiresAt: string | null, refreshable: boolean, account: { id: string | null, email: string | null, organization: string | null, plan: string | null } | null } }
    | { __typename: 'InvalidCredentialError', code: ErrorCode, message: string }
    | { __typename: 'OAuthDeniedError', code: ErrorCode, message: string }
    | { __typename: 'OAuthStateError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string, retryAfter: number | null }
    | { __typename: 'QuotaExceededError', code: ErrorCode, message: string }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'ValidationError', code: ErrorCode, message: string }
   };

export type ImportCredentialMutationVariables = Exact<{
  input: ImportCredentialInput;
}>;


export type ImportCredentialMutation = { importCredential:
    | { __typename: 'ImportCredentialPayload', credential: { id: string, method: AuthMethod, label: string, scopes: Array<string>, expiresAt: string | null, refreshable: boolean } }
    | { __typename: 'InvalidCredentialError', code: ErrorCode, message: string }
    | { __typename: 'MethodUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'ProviderNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'QuotaExceededError', code: ErrorCode, message: string }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'ValidationError', code: ErrorCode, message: string }
   };

export type OAuthFlowSubscriptionVariables = Exact<{
  id: string | number;
}>;


export type OAuthFlowSubscription = { oauthFlow: { id: string, status: OAuthFlowStatus, authorizationUrl: string | null, state: string | null, credential: { id: string } | null, error:
      | { __typename: 'CredentialNotFoundError', code: ErrorCode, message: string }
      | { __typename: 'InvalidCredentialError', code: ErrorCode, message: string }
      | { __typename: 'KeyUnavailableError', code: ErrorCode, message: string }
      | { __typename: 'MethodUnavailableError', code: ErrorCode, message: string }
      | { __typename: 'OAuthDeniedError', code: ErrorCode, message: string }
      | { __typename: 'OAuthStateError', code: ErrorCode, message: string }
      | { __typename: 'ProviderNotFoundError', code: ErrorCode, message: string }
      | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string }
      | { __typename: 'QuotaExceededError', code: ErrorCode, message: string }
      | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
      | { __typename: 'ReauthenticationRequiredError', code: ErrorCode, message: string }
      | { __typename: 'RedirectUriNotAllowedError', code: ErrorCode, message: string }
      | { __typename: 'SessionExpiredError', code: ErrorCode, message: string }
      | { __typename: 'SessionNotFoundError', code: ErrorCode, message: string }
      | { __typename: 'ValidationError', code: ErrorCode, message: string }
     | null } };

export type RefreshCredentialMutationVariables = Exact<{
  input: RefreshCredentialInput;
}>;


export type RefreshCredentialMutation = { refreshCredential:
    | { __typename: 'CredentialNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'KeyUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'MethodUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', retryAfter: number | null, code: ErrorCode, message: string }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'ReauthenticationRequiredError', code: ErrorCode, message: string }
    | { __typename: 'RefreshCredentialPayload', credential: { id: string, status: CredentialStatus, statusReason: string | null, expiresAt: string | null, nextRefreshAt: string | null, lastRefreshedAt: string | null } }
   };

export type RefreshCredentialsMutationVariables = Exact<{ [key: string]: never; }>;


export type RefreshCredentialsMutation = { refreshCredentials: { refreshed: Array<{ id: string, label: string }>, failed: Array<{ credential: { id: string, label: string, status: CredentialStatus }, error:
        | { __typename: 'CredentialNotFoundError', code: ErrorCode, message: string }
        | { __typename: 'InvalidCredentialError', code: ErrorCode, message: string }
        | { __typename: 'KeyUnavailableError', code: ErrorCode, message: string }
        | { __typename: 'MethodUnavailableError', code: ErrorCode, message: string }
        | { __typename: 'OAuthDeniedError', code: ErrorCode, message: string }
        | { __typename: 'OAuthStateError', code: ErrorCode, message: string }
        | { __typename: 'ProviderNotFoundError', code: ErrorCode, message: string }
        | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string }
        | { __typename: 'QuotaExceededError', code: ErrorCode, message: string }
        | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
        | { __typename: 'ReauthenticationRequiredError', code: ErrorCode, message: string }
        | { __typename: 'RedirectUriNotAllowedError', code: ErrorCode, message: string }
        | { __typename: 'SessionExpiredError', code: ErrorCode, message: string }
        | { __typename: 'SessionNotFoundError', code: ErrorCode, message: string }
        | { __typename: 'ValidationError', code: ErrorCode, message: string }
       }> } };

export type CredentialStateQueryVariables = Exact<{
  id: string | number;
}>;


export type CredentialStateQuery = { node:
    | { status: CredentialStatus, statusReason: string | null, expiresAt: string | null, nextRefreshAt: string | null, lastRefreshedAt: string | null, account: { email: string | null } | null, provider: { health: { status: ProviderHealthStatus, complaint: string | null } } }
    | Record<PropertyKey, never>
   | null };

export type RenewedAccessMutationVariables = Exact<{
  input: IssueAccessInput;
}>;


export type RenewedAccessMutation = { issueAccess:
    | { __typename: 'CredentialNotFoundError', message: string }
    | { __typename: 'IssueAccessPayload', grant: { grantId: string, method: AuthMethod, headers: Array<{ name: string, value: string }> } }
    | { __typename: 'KeyUnavailableError', message: string }
    | { __typename: 'ProviderNotFoundError', message: string }
    | { __typename: 'ProviderUnavailableError', message: string, retryAfter: number | null }
    | { __typename: 'RateLimitedError', message: string }
    | { __typename: 'ReauthenticationRequiredError', message: string }
    | { __typename: 'SessionExpiredError', message: string }
    | { __typename: 'SessionNotFoundError', message: string }
    | { __typename: 'ValidationError', message: string }
   };

export type StartSessionMutationVariables = Exact<{
  input: StartSessionInput;
}>;


export type StartSessionMutation = { startSession:
    | { __typename: 'CredentialNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ProviderNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'QuotaExceededError', code: ErrorCode, message: string }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'StartSessionPayload', session: { id: string, label: string | null, status: SessionStatus, expiresAt: string, activeProvider: { status: ProviderContextStatus } | null } }
    | { __typename: 'ValidationError', code: ErrorCode, message: string }
   };

export type SetActiveProviderMutationVariables = Exact<{
  input: SetActiveProviderInput;
}>;


export type SetActiveProviderMutation = { setActiveProvider:
    | { __typename: 'CredentialNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ProviderNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'SessionExpiredError', code: ErrorCode, message: string }
    | { __typename: 'SessionNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'SetActiveProviderPayload', session: { id: string, activeProvider: { status: ProviderContextStatus, method: AuthMethod | null, source: CredentialSource | null, model: string | null, selectedAt: string | null, provider: { name: string }, credential: { id: string, label: string } | null } | null } }
    | { __typename: 'ValidationError', code: ErrorCode, message: string }
   };

export type SessionQueryVariables = Exact<{
  id: string | number;
}>;


export type SessionQuery = { viewer: { session: { id: string, label: string | null, status: SessionStatus, createdAt: string, lastActivityAt: string, expiresAt: string, activeProvider: { status: ProviderContextStatus, method: AuthMethod | null, source: CredentialSource | null, model: string | null, provider: { name: string }, credential: { id: string, label: string } | null } | null, providers: Array<{ status: ProviderContextStatus, method: AuthMethod | null, source: CredentialSource | null, selectedAt: string | null, provider: { name: string } }> } | null } };

export type SessionsQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  last?: number | null | undefined;
  before?: string | null | undefined;
  status?: SessionStatus | null | undefined;
}>;


export type SessionsQuery = { viewer: { sessions: { nodes: Array<{ id: string, label: string | null, status: SessionStatus }>, pageInfo: { hasNextPage: boolean, hasPreviousPage: boolean, startCursor: string | null, endCursor: string | null } } } };

export type ClearProviderMutationVariables = Exact<{
  input: ClearProviderInput;
}>;


export type ClearProviderMutation = { clearProvider:
    | { __typename: 'ClearProviderPayload', revokedCredentialIds: Array<string>, session: { id: string, activeProvider: { status: ProviderContextStatus } | null } }
    | { __typename: 'ProviderNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'SessionExpiredError', code: ErrorCode, message: string }
    | { __typename: 'SessionNotFoundError', code: ErrorCode, message: string }
   };

export type TouchSessionMutationVariables = Exact<{
  input: TouchSessionInput;
}>;


export type TouchSessionMutation = { touchSession:
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'SessionExpiredError', code: ErrorCode, message: string }
    | { __typename: 'SessionNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'TouchSessionPayload', session: { id: string, lastActivityAt: string, expiresAt: string } }
   };

export type EndSessionMutationVariables = Exact<{
  input: EndSessionInput;
}>;


export type EndSessionMutation = { endSession:
    | { __typename: 'EndSessionPayload', session: { id: string, status: SessionStatus } }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'SessionNotFoundError', code: ErrorCode, message: string }
   };

export type EndOtherSessionsMutationVariables = Exact<{
  input: EndOtherSessionsInput;
}>;


export type EndOtherSessionsMutation = { endOtherSessions:
    | { __typename: 'EndOtherSessionsPayload', endedSessionIds: Array<string> }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'SessionNotFoundError', code: ErrorCode, message: string }
   };

export type SessionEventsSubscriptionVariables = Exact<{
  after?: string | null | undefined;
  sessionId?: string | number | null | undefined;
}>;


export type SessionEventsSubscription = { sessionEvents:
    | { __typename: 'ActiveProviderChanged', from: string | null, to: string | null, cursor: string, session: { id: string, status: SessionStatus, activeProvider: { provider: { name: string } } | null } }
    | { __typename: 'SessionEnded', cursor: string, session: { id: string, status: SessionStatus, activeProvider: { provider: { name: string } } | null } }
    | { __typename: 'SessionExpired', cursor: string, session: { id: string, status: SessionStatus, activeProvider: { provider: { name: string } } | null } }
    | { __typename: 'SessionExpiring', expiresAt: string, cursor: string, session: { id: string, status: SessionStatus, activeProvider: { provider: { name: string } } | null } }
    | { __typename: 'SessionStarted', cursor: string, session: { id: string, status: SessionStatus, activeProvider: { provider: { name: string } } | null } }
   };

export type SessionProviderQueryVariables = Exact<{
  id: string | number;
  name: string;
}>;


export type SessionProviderQuery = { viewer: { session: { provider: { status: ProviderContextStatus, method: AuthMethod | null, source: CredentialSource | null, model: string | null, selectedAt: string | null, provider: { name: string }, credential: { id: string, label: string } | null } | null } | null } };

export type AuthenticateInSessionMutationVariables = Exact<{
  input: AuthenticateInput;
}>;


export type AuthenticateInSessionMutation = { authenticate:
    | { __typename: 'AuthenticatePayload', credential: { id: string }, session: { id: string, activeProvider: { status: ProviderContextStatus, provider: { name: string }, credential: { id: string } | null } | null } | null }
    | { __typename: 'InvalidCredentialError', code: ErrorCode, message: string }
    | { __typename: 'MethodUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'OAuthDeniedError', code: ErrorCode, message: string }
    | { __typename: 'OAuthStateError', code: ErrorCode, message: string }
    | { __typename: 'ProviderNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'QuotaExceededError', code: ErrorCode, message: string }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'SessionNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ValidationError', code: ErrorCode, message: string }
   };

export type CompleteOAuthInSessionMutationVariables = Exact<{
  input: CompleteOAuthInput;
}>;


export type CompleteOAuthInSessionMutation = { completeOAuth:
    | { __typename: 'CompleteOAuthPayload', credential: { id: string }, session: { id: string, status: SessionStatus, activeProvider: { status: ProviderContextStatus, credential: { id: string } | null } | null } | null }
    | { __typename: 'InvalidCredentialError', code: ErrorCode, message: string }
    | { __typename: 'OAuthDeniedError', code: ErrorCode, message: string }
    | { __typename: 'OAuthStateError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'QuotaExceededError', code: ErrorCode, message: string }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'ValidationError', code: ErrorCode, message: string }
   };

export type AuditLogQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  last?: number | null | undefined;
  before?: string | null | undefined;
}>;


export type AuditLogQuery = { viewer: { auditLog: { edges: Array<{ cursor: string }>, nodes: Array<{ id: string, at: string, actor: string, action: string, outcome: string, provider: string | null, credentialId: string | null, ip: string | null, userAgent: string | null }>, pageInfo: { hasNextPage: boolean, hasPreviousPage: boolean, startCursor: string | null, endCursor: string | null } } } };

export type UserAuditLogQueryVariables = Exact<{
  id: string;
}>;


export type UserAuditLogQuery = { user: { auditLog: { nodes: Array<{ actor: string, action: string }> } } | null };

export type ExampleStateQueryVariables = Exact<{ [key: string]: never; }>;


export type ExampleStateQuery = { viewer: { id: string, eventCursor: string } };

export type ExampleConnectMutationVariables = Exact<{
  input: AuthenticateInput;
}>;


export type ExampleConnectMutation = { authenticate:
    | { __typename: 'AuthenticatePayload', credential: { id: string, label: string, status: CredentialStatus } }
    | { __typename: 'InvalidCredentialError', code: ErrorCode, message: string }
    | { __typename: 'MethodUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'OAuthDeniedError', code: ErrorCode, message: string }
    | { __typename: 'OAuthStateError', code: ErrorCode, message: string }
    | { __typename: 'ProviderNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'QuotaExceededError', code: ErrorCode, message: string }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'SessionNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ValidationError', code: ErrorCode, message: string }
   };

export type ExampleEventsSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type ExampleEventsSubscription = { credentialEvents:
    | { __typename: 'CredentialRevoked', cursor: string, label: string, credential: { id: string, status: CredentialStatus } | null }
    | { __typename: 'CredentialStored', cursor: string, label: string, credential: { id: string, status: CredentialStatus } | null }
    | { __typename: 'ReauthenticationRequired', cursor: string, label: string, credential: { id: string, status: CredentialStatus } | null }
    | { __typename: 'TokenExpired', cursor: string, label: string, credential: { id: string, status: CredentialStatus } | null }
    | { __typename: 'TokenExpiring', cursor: string, label: string, credential: { id: string, status: CredentialStatus } | null }
    | { __typename: 'TokenRefreshFailed', cursor: string, label: string, credential: { id: string, status: CredentialStatus } | null }
    | { __typename: 'TokenRefreshed', cursor: string, label: string, credential: { id: string, status: CredentialStatus } | null }
   };

export type ProviderAccessMutationVariables = Exact<{
  input: IssueAccessInput;
}>;


export type ProviderAccessMutation = { issueAccess:
    | { __typename: 'CredentialNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'IssueAccessPayload', grant: { grantId: string, baseUrl: string, headers: Array<{ name: string, value: string }> } }
    | { __typename: 'KeyUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'ProviderNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'ReauthenticationRequiredError', code: ErrorCode, message: string }
    | { __typename: 'SessionExpiredError', code: ErrorCode, message: string }
    | { __typename: 'SessionNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ValidationError', code: ErrorCode, message: string }
   };

export type AccessMutationVariables = Exact<{
  provider: string;
}>;


export type AccessMutation = { issueAccess:
    | { __typename: 'CredentialNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'IssueAccessPayload', grant: { baseUrl: string, headers: Array<{ name: string, value: string }> } }
    | { __typename: 'KeyUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'ProviderNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ProviderUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'ReauthenticationRequiredError', code: ErrorCode, message: string }
    | { __typename: 'SessionExpiredError', code: ErrorCode, message: string }
    | { __typename: 'SessionNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'ValidationError', code: ErrorCode, message: string }
   };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const ViewerDocument = new TypedDocumentString(`
    query Viewer {
  viewer {
    id
    userId
    eventCursor
  }
}
    `, {"hash":"sha256:c13656b6c9570ff789118bf6de411a54e0eba67b55d7c4d539cef4ca783052e6"}) as unknown as TypedDocumentString<ViewerQuery, ViewerQueryVariables>;
export const CredentialsDocument = new TypedDocumentString(`
    query Credentials($first: Int, $after: String, $last: Int, $before: String, $provider: String, $method: AuthMethod, $status: CredentialStatus) {
  viewer {
    credentials(
      first: $first
      after: $after
      last: $last
      before: $before
      provider: $provider
      method: $method
      status: $status
    ) {
      edges {
        cursor
        node {
          id
          label
        }
      }
      nodes {
        id
        provider {
          name
        }
        method
        label
        status
        statusReason
        last4
        fingerprint
        lastUsedAt
        lastValidatedAt
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
}
    `, {"hash":"sha256:727513757b50ade8c68375999673c26144a7b12567890386d6966dc822b7d98d"}) as unknown as TypedDocumentString<CredentialsQuery, CredentialsQueryVariables>;
export const VerdictDocument = new TypedDocumentString(`
    query Verdict($provider: String!) {
  viewer {
    credentials(first: 20) {
      nodes {
        id
        label
        method
        status
        statusReason
        warning
        lastValidatedAt
      }
    }
  }
  provider(name: $provider) {
    health {
      status
      complaint
    }
  }
}
    `, {"hash":"sha256:489067d633a3e591f9391c9f66455847ff526d119233d98ebd07ea6b9d0567b9"}) as unknown as TypedDocumentString<VerdictQuery, VerdictQueryVariables>;
export const ProvidersDocument = new TypedDocumentString(`
    query Providers {
  providers {
    id
    name
    displayName
    documentationUrl
    methods {
      method
      available
      unavailableReason
      flows
      policy
    }
    health {
      status
      since
      lastCheckedAt
    }
  }
}
    `, {"hash":"sha256:716aee544f86cde28774df13dd935522337441379a4d90c415698dc5104fe874"}) as unknown as TypedDocumentString<ProvidersQuery, ProvidersQueryVariables>;
export const NodeDocument = new TypedDocumentString(`
    query Node($id: ID!) {
  node(id: $id) {
    __typename
    id
  }
}
    `, {"hash":"sha256:674a4e60b765ab762155deb5480b435445a7ecf217bd9a818ee68fa139bfb45a"}) as unknown as TypedDocumentString<NodeQuery, NodeQueryVariables>;
export const AuthenticateDocument = new TypedDocumentString(`
    mutation Authenticate($input: AuthenticateInput!) {
  authenticate(input: $input) {
    __typename
    ... on AuthenticatePayload {
      credential {
        id
        label
        method
        status
        last4
        fingerprint
        lastValidatedAt
      }
    }
    ... on Error {
      code
      message
    }
    ... on ValidationError {
      issues {
        path
        message
      }
    }
    ... on ProviderNotFoundError {
      availableProviders
    }
    ... on MethodUnavailableError {
      availableMethods
    }
    ... on ProviderUnavailableError {
      retryAfter
    }
  }
}
    `, {"hash":"sha256:abd80f6d9e5ff5c8c6a3755490b2015b22012dc4154ec91eaba604c4126ffb07"}) as unknown as TypedDocumentString<AuthenticateMutation, AuthenticateMutationVariables>;
export const ValidateCredentialDocument = new TypedDocumentString(`
    mutation ValidateCredential($input: ValidateCredentialInput!) {
  validateCredential(input: $input) {
    __typename
    ... on ValidateCredentialPayload {
      credential {
        id
        status
        lastValidatedAt
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:043a0b203348cef2c2eb86edd4f31d4b5059b398d8791fd27148dba2ae260ebe"}) as unknown as TypedDocumentString<ValidateCredentialMutation, ValidateCredentialMutationVariables>;
export const RevokeCredentialDocument = new TypedDocumentString(`
    mutation RevokeCredential($input: RevokeCredentialInput!) {
  revokeCredential(input: $input) {
    __typename
    ... on RevokeCredentialPayload {
      revokedCredentialId
      revokedAtProvider
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:ab38b65ab306b47d78041ee3ba8b3773465a0b1c7060ea4d3ed95abe87bdca3c"}) as unknown as TypedDocumentString<RevokeCredentialMutation, RevokeCredentialMutationVariables>;
export const IssueAccessDocument = new TypedDocumentString(`
    mutation IssueAccess($input: IssueAccessInput!) {
  issueAccess(input: $input) {
    __typename
    ... on IssueAccessPayload {
      grant {
        grantId
        method
        source
        baseUrl
        expiresAt
        headers {
          name
          value
        }
        provider {
          name
        }
        credential {
          id
          label
        }
      }
    }
    ... on Error {
      code
      message
    }
    ... on ReauthenticationRequiredError {
      credential {
        id
        status
        statusReason
      }
    }
  }
}
    `, {"hash":"sha256:99e652464c1c48d5a2b293c5b7e8bdbfe631c3c85d631866e1b9954b4809e548"}) as unknown as TypedDocumentString<IssueAccessMutation, IssueAccessMutationVariables>;
export const CredentialEventsDocument = new TypedDocumentString(`
    subscription CredentialEvents($after: String, $provider: String) {
  credentialEvents(after: $after, provider: $provider) {
    __typename
    cursor
    occurredAt
    credentialId
    method
    label
    provider {
      name
    }
    credential {
      id
      status
      last4
    }
    ... on CredentialStored {
      previousAccount {
        id
      }
    }
    ... on TokenExpiring {
      expiresAt
    }
    ... on TokenRefreshed {
      newExpiresAt: expiresAt
    }
    ... on TokenRefreshFailed {
      reason
      retryAt
    }
    ... on ReauthenticationRequired {
      reauthenticationReason: reason
    }
  }
}
    `, {"hash":"sha256:e850e892b963ea7f379d4a156fb31aa1741d00fdea510fd620e177b2e7019818"}) as unknown as TypedDocumentString<CredentialEventsSubscription, CredentialEventsSubscriptionVariables>;
export const EventsDocument = new TypedDocumentString(`
    subscription Events($after: String) {
  events(after: $after) {
    __typename
    cursor
    occurredAt
  }
}
    `, {"hash":"sha256:7ae33fac980e6b84a816eda5b66c54b6174bf727b1da3d72716313bcc964078d"}) as unknown as TypedDocumentString<EventsSubscription, EventsSubscriptionVariables>;
export const InitiateOAuthDocument = new TypedDocumentString(`
    mutation InitiateOAuth($input: InitiateOAuthInput!) {
  initiateOAuth(input: $input) {
    __typename
    ... on InitiateOAuthPayload {
      flow {
        id
        kind
        status
        authorizationUrl
        redirectUri
        state
        userCode
        verificationUri
        expiresAt
      }
    }
    ... on Error {
      code
      message
    }
    ... on MethodUnavailableError {
      availableMethods
    }
  }
}
    `, {"hash":"sha256:d79f8f8762b686b6f43af74ade9a7952f218bac0cfca4c949fe5b928bd8ce2f1"}) as unknown as TypedDocumentString<InitiateOAuthMutation, InitiateOAuthMutationVariables>;
export const CompleteOAuthDocument = new TypedDocumentString(`
    mutation CompleteOAuth($input: CompleteOAuthInput!) {
  completeOAuth(input: $input) {
    __typename
    ... on CompleteOAuthPayload {
      flow {
        id
        status
      }
      credential {
        id
        method
        label
        status
        scopes
        expiresAt
        refreshable
        account {
          id
          email
          organization
          plan
        }
      }
    }
    ... on Error {
      code
      message
    }
    ... on ProviderUnavailableError {
      retryAfter
    }
  }
}
    `, {"hash":"sha256:05bf0ff890095b037a76fd3f1ec0b43aab036df42c206d944697603aabd2ce81"}) as unknown as TypedDocumentString<CompleteOAuthMutation, CompleteOAuthMutationVariables>;
export const ImportCredentialDocument = new TypedDocumentString(`
    mutation ImportCredential($input: ImportCredentialInput!) {
  importCredential(input: $input) {
    __typename
    ... on ImportCredentialPayload {
      credential {
        id
        method
        label
        scopes
        expiresAt
        refreshable
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:b288c893c00af78c8a99887f0a57950a0325bb54387c864b50166ead132df64b"}) as unknown as TypedDocumentString<ImportCredentialMutation, ImportCredentialMutationVariables>;
export const OAuthFlowDocument = new TypedDocumentString(`
    subscription OAuthFlow($id: ID!) {
  oauthFlow(id: $id) {
    id
    status
    authorizationUrl
    state
    credential {
      id
    }
    error {
      __typename
      code
      message
    }
  }
}
    `, {"hash":"sha256:2f0d257bcb332c78f1284acb0486d1f658edce1680960134567ba384f40b40e3"}) as unknown as TypedDocumentString<OAuthFlowSubscription, OAuthFlowSubscriptionVariables>;
export const RefreshCredentialDocument = new TypedDocumentString(`
    mutation RefreshCredential($input: RefreshCredentialInput!) {
  refreshCredential(input: $input) {
    __typename
    ... on RefreshCredentialPayload {
      credential {
        id
        status
        statusReason
        expiresAt
        nextRefreshAt
        lastRefreshedAt
      }
    }
    ... on ProviderUnavailableError {
      retryAfter
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:48b1ab06a3eb4cfd36bfa8248cede2816e31b57557787fe04ed5c157d1620d15"}) as unknown as TypedDocumentString<RefreshCredentialMutation, RefreshCredentialMutationVariables>;
export const RefreshCredentialsDocument = new TypedDocumentString(`
    mutation RefreshCredentials {
  refreshCredentials {
    refreshed {
      id
      label
    }
    failed {
      credential {
        id
        label
        status
      }
      error {
        __typename
        code
        message
      }
    }
  }
}
    `, {"hash":"sha256:e753b19a15b301111c0821188741c4a80b3b01bb54d55ac12db6e7d7a2699c10"}) as unknown as TypedDocumentString<RefreshCredentialsMutation, RefreshCredentialsMutationVariables>;
export const CredentialStateDocument = new TypedDocumentString(`
    query CredentialState($id: ID!) {
  node(id: $id) {
    ... on Credential {
      status
      statusReason
      expiresAt
      nextRefreshAt
      lastRefreshedAt
      account {
        email
      }
      provider {
        health {
          status
          complaint
        }
      }
    }
  }
}
    `, {"hash":"sha256:b274db8a7bc0983de6ae9fcd81bb8181cca9375d9f7c8cd9d51a55df9676b211"}) as unknown as TypedDocumentString<CredentialStateQuery, CredentialStateQueryVariables>;
export const RenewedAccessDocument = new TypedDocumentString(`
    mutation RenewedAccess($input: IssueAccessInput!) {
  issueAccess(input: $input) {
    __typename
    ... on IssueAccessPayload {
      grant {
        grantId
        method
        headers {
          name
          value
        }
      }
    }
    ... on Error {
      message
    }
    ... on ProviderUnavailableError {
      retryAfter
    }
  }
}
    `, {"hash":"sha256:ffdbc8ea34448c19d9717505c47be64d19eb85f75c328f6e4b494b5766627943"}) as unknown as TypedDocumentString<RenewedAccessMutation, RenewedAccessMutationVariables>;
export const StartSessionDocument = new TypedDocumentString(`
    mutation StartSession($input: StartSessionInput!) {
  startSession(input: $input) {
    __typename
    ... on StartSessionPayload {
      session {
        id
        label
        status
        expiresAt
        activeProvider {
          status
        }
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:afffc95811e7c5ede6119d1002d17bc91583c767328a7d7410421f95875728d4"}) as unknown as TypedDocumentString<StartSessionMutation, StartSessionMutationVariables>;
export const SetActiveProviderDocument = new TypedDocumentString(`
    mutation SetActiveProvider($input: SetActiveProviderInput!) {
  setActiveProvider(input: $input) {
    __typename
    ... on SetActiveProviderPayload {
      session {
        id
        activeProvider {
          provider {
            name
          }
          status
          method
          source
          model
          selectedAt
          credential {
            id
            label
          }
        }
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:7d369b906f39526c97834c50f8f6fc4ed9d823d32b6f6c1e610a2fad4ab64ab9"}) as unknown as TypedDocumentString<SetActiveProviderMutation, SetActiveProviderMutationVariables>;
export const SessionDocument = new TypedDocumentString(`
    query Session($id: ID!) {
  viewer {
    session(id: $id) {
      id
      label
      status
      createdAt
      lastActivityAt
      expiresAt
      activeProvider {
        provider {
          name
        }
        status
        method
        source
        model
        credential {
          id
          label
        }
      }
      providers {
        provider {
          name
        }
        status
        method
        source
        selectedAt
      }
    }
  }
}
    `, {"hash":"sha256:5e5e295ab990daa909e133e545559ed66c5c7b49564915774d7b2f37ab61b77e"}) as unknown as TypedDocumentString<SessionQuery, SessionQueryVariables>;
export const SessionsDocument = new TypedDocumentString(`
    query Sessions($first: Int, $after: String, $last: Int, $before: String, $status: SessionStatus) {
  viewer {
    sessions(
      first: $first
      after: $after
      last: $last
      before: $before
      status: $status
    ) {
      nodes {
        id
        label
        status
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
}
    `, {"hash":"sha256:ce80a03a5ad316d96bfeafda79450818100504b85e8b424bb205343ef8045436"}) as unknown as TypedDocumentString<SessionsQuery, SessionsQueryVariables>;
export const ClearProviderDocument = new TypedDocumentString(`
    mutation ClearProvider($input: ClearProviderInput!) {
  clearProvider(input: $input) {
    __typename
    ... on ClearProviderPayload {
      session {
        id
        activeProvider {
          status
        }
      }
      revokedCredentialIds
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:898489f697804022c43b6047944f139930f79570c45d46b15e2af0feede3a376"}) as unknown as TypedDocumentString<ClearProviderMutation, ClearProviderMutationVariables>;
export const TouchSessionDocument = new TypedDocumentString(`
    mutation TouchSession($input: TouchSessionInput!) {
  touchSession(input: $input) {
    __typename
    ... on TouchSessionPayload {
      session {
        id
        lastActivityAt
        expiresAt
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:06680edcbbf02054dce44b2d78db83f6959a5e1597143243bed1f8f714290e91"}) as unknown as TypedDocumentString<TouchSessionMutation, TouchSessionMutationVariables>;
export const EndSessionDocument = new TypedDocumentString(`
    mutation EndSession($input: EndSessionInput!) {
  endSession(input: $input) {
    __typename
    ... on EndSessionPayload {
      session {
        id
        status
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:d9f0c7fa97690ed470c957e465e89ffa5a0fe7508438d29dc66e8c02f38c7204"}) as unknown as TypedDocumentString<EndSessionMutation, EndSessionMutationVariables>;
export const EndOtherSessionsDocument = new TypedDocumentString(`
    mutation EndOtherSessions($input: EndOtherSessionsInput!) {
  endOtherSessions(input: $input) {
    __typename
    ... on EndOtherSessionsPayload {
      endedSessionIds
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:068c968712901a3b5fb01c7b4dc66ff91c426d03e542a97478ae478afcc9c56f"}) as unknown as TypedDocumentString<EndOtherSessionsMutation, EndOtherSessionsMutationVariables>;
export const SessionEventsDocument = new TypedDocumentString(`
    subscription SessionEvents($after: String, $sessionId: ID) {
  sessionEvents(after: $after, sessionId: $sessionId) {
    __typename
    cursor
    session {
      id
      status
      activeProvider {
        provider {
          name
        }
      }
    }
    ... on ActiveProviderChanged {
      from
      to
    }
    ... on SessionExpiring {
      expiresAt
    }
  }
}
    `, {"hash":"sha256:06472ef2f4d7f1d4e95f2ca12d1b6d9ae3e633d71ac063c7f8b319bff4eeda3e"}) as unknown as TypedDocumentString<SessionEventsSubscription, SessionEventsSubscriptionVariables>;
export const SessionProviderDocument = new TypedDocumentString(`
    query SessionProvider($id: ID!, $name: String!) {
  viewer {
    session(id: $id) {
      provider(name: $name) {
        provider {
          name
        }
        status
        method
        source
        model
        selectedAt
        credential {
          id
          label
        }
      }
    }
  }
}
    `, {"hash":"sha256:606e3867eebebff13caa1ec7ccbee5d7d125c515366c17e7e59f8757915de348"}) as unknown as TypedDocumentString<SessionProviderQuery, SessionProviderQueryVariables>;
export const AuthenticateInSessionDocument = new TypedDocumentString(`
    mutation AuthenticateInSession($input: AuthenticateInput!) {
  authenticate(input: $input) {
    __typename
    ... on AuthenticatePayload {
      credential {
        id
      }
      session {
        id
        activeProvider {
          provider {
            name
          }
          status
          credential {
            id
          }
        }
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:970d936b43444c5a47db3ba30a5ba6d62b31f3bfee97e2e6d49a8b47119cf5f4"}) as unknown as TypedDocumentString<AuthenticateInSessionMutation, AuthenticateInSessionMutationVariables>;
export const CompleteOAuthInSessionDocument = new TypedDocumentString(`
    mutation CompleteOAuthInSession($input: CompleteOAuthInput!) {
  completeOAuth(input: $input) {
    __typename
    ... on CompleteOAuthPayload {
      credential {
        id
      }
      session {
        id
        status
        activeProvider {
          status
          credential {
            id
          }
        }
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:d8967313569f763aeeb4a2d80ea251a472ef171f331974727668d0c8f307746b"}) as unknown as TypedDocumentString<CompleteOAuthInSessionMutation, CompleteOAuthInSessionMutationVariables>;
export const AuditLogDocument = new TypedDocumentString(`
    query AuditLog($first: Int, $after: String, $last: Int, $before: String) {
  viewer {
    auditLog(first: $first, after: $after, last: $last, before: $before) {
      edges {
        cursor
      }
      nodes {
        id
        at
        actor
        action
        outcome
        provider
        credentialId
        ip
        userAgent
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
}
    `, {"hash":"sha256:046c531ab7626a0b2178c1020840dd67cfacae67875cd710c5a95bc0229e6b7f"}) as unknown as TypedDocumentString<AuditLogQuery, AuditLogQueryVariables>;
export const UserAuditLogDocument = new TypedDocumentString(`
    query UserAuditLog($id: String!) {
  user(id: $id) {
    auditLog(last: 100) {
      nodes {
        actor
        action
      }
    }
  }
}
    `, {"hash":"sha256:3a3c624bd4ad2d74ce3236dd87cfa47ac076d94fb653f7d2cd2c9dc2ea6c6518"}) as unknown as TypedDocumentString<UserAuditLogQuery, UserAuditLogQueryVariables>;
export const ExampleStateDocument = new TypedDocumentString(`
    query ExampleState {
  viewer {
    id
    eventCursor
  }
}
    `, {"hash":"sha256:408a81f9e11c3e65aaaf13a6b16ed61d4d00eaf7bff58890b6fa0ad243001d2c"}) as unknown as TypedDocumentString<ExampleStateQuery, ExampleStateQueryVariables>;
export const ExampleConnectDocument = new TypedDocumentString(`
    mutation ExampleConnect($input: AuthenticateInput!) {
  authenticate(input: $input) {
    __typename
    ... on AuthenticatePayload {
      credential {
        id
        label
        status
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:3d9740c506583350a2160c3ca986559189a11240fade3f1a62f1251121f8debf"}) as unknown as TypedDocumentString<ExampleConnectMutation, ExampleConnectMutationVariables>;
export const ExampleEventsDocument = new TypedDocumentString(`
    subscription ExampleEvents($after: String) {
  credentialEvents(after: $after) {
    __typename
    cursor
    label
    credential {
      id
      status
    }
  }
}
    `, {"hash":"sha256:08e0b3594ffe19d03536dc37cd17f282f67a52f64bdf23c6e6ccf9449177d231"}) as unknown as TypedDocumentString<ExampleEventsSubscription, ExampleEventsSubscriptionVariables>;
export const ProviderAccessDocument = new TypedDocumentString(`
    mutation ProviderAccess($input: IssueAccessInput!) {
  issueAccess(input: $input) {
    __typename
    ... on IssueAccessPayload {
      grant {
        grantId
        baseUrl
        headers {
          name
          value
        }
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:95340d4415cd35faa08e728f1747aebdd46aced21290b359a667f78623aba90c"}) as unknown as TypedDocumentString<ProviderAccessMutation, ProviderAccessMutationVariables>;
export const AccessDocument = new TypedDocumentString(`
    mutation Access($provider: String!) {
  issueAccess(input: { provider: $provider }) {
    __typename
    ... on IssueAccessPayload {
      grant {
        baseUrl
        headers {
          name
          value
        }
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `, {"hash":"sha256:d7d49d525003f955744c5daa7c296c4eb74c275b57f21b60f00b74e52ad4bf65"}) as unknown as TypedDocumentString<AccessMutation, AccessMutationVariables>;