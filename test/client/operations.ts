import { graphql } from "./gql/index.ts";

export const viewerQuery = graphql(`
  query Viewer {
    viewer {
      id
      userId
      eventCursor
    }
  }
`);

export const credentialsQuery = graphql(`
  query Credentials(
    $first: Int
    $after: String
    $last: Int
    $before: String
    $provider: String
    $method: AuthMethod
    $status: CredentialStatus
  ) {
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
`);

export const verdictQuery = graphql(`
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
`);

export const providersQuery = graphql(`
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
`);

export const nodeQuery = graphql(`
  query Node($id: ID!) {
    node(id: $id) {
      __typename
      id
    }
  }
`);

export const authenticateMutation = graphql(`
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
`);

export const validateCredentialMutation = graphql(`
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
`);

export const revokeCredentialMutation = graphql(`
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
`);

export const issueAccessMutation = graphql(`
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
`);

export const credentialEventsSubscription = graphql(`
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
`);

export const eventsSubscription = graphql(`
  subscription Events($after: String) {
    events(after: $after) {
      __typename
      cursor
      occurredAt
    }
  }
`);

export const initiateOAuthMutation = graphql(`
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
`);

export const completeOAuthMutation = graphql(`
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
`);

export const importCredentialMutation = graphql(`
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
`);

export const oauthFlowSubscription = graphql(`
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
`);

export const refreshCredentialMutation = graphql(`
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
`);

export const refreshCredentialsMutation = graphql(`
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
`);

/** A credential as it stands, with what is known of its provider. */
export const credentialStateQuery = graphql(`
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
`);

/** Access, or the way in which it is refused. */
export const renewedAccessMutation = graphql(`
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
`);

export const startSessionMutation = graphql(`
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
`);

export const setActiveProviderMutation = graphql(`
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
`);

export const sessionQuery = graphql(`
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
`);

export const sessionsQuery = graphql(`
  query Sessions($first: Int, $after: String, $last: Int, $before: String, $status: SessionStatus) {
    viewer {
      sessions(first: $first, after: $after, last: $last, before: $before, status: $status) {
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
`);

export const clearProviderMutation = graphql(`
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
`);

export const touchSessionMutation = graphql(`
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
`);

export const endSessionMutation = graphql(`
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
`);

export const endOtherSessionsMutation = graphql(`
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
`);

export const sessionEventsSubscription = graphql(`
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
`);

export const sessionProviderQuery = graphql(`
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
`);

export const authenticateInSessionMutation = graphql(`
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
`);

export const completeOAuthInSessionMutation = graphql(`
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
`);

export const auditLogQuery = graphql(`
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
`);

export const userAuditLogQuery = graphql(`
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
`);
