/* eslint-disable */
import * as types from './graphql.ts';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  query Viewer {\n    viewer {\n      id\n      userId\n      eventCursor\n    }\n  }\n": typeof types.ViewerDocument,
    "\n  query Credentials(\n    $first: Int\n    $after: String\n    $last: Int\n    $before: String\n    $provider: String\n    $method: AuthMethod\n    $status: CredentialStatus\n  ) {\n    viewer {\n      credentials(\n        first: $first\n        after: $after\n        last: $last\n        before: $before\n        provider: $provider\n        method: $method\n        status: $status\n      ) {\n        edges {\n          cursor\n          node {\n            id\n            label\n          }\n        }\n        nodes {\n          id\n          provider {\n            name\n          }\n          method\n          label\n          status\n          statusReason\n          last4\n          fingerprint\n          lastUsedAt\n          lastValidatedAt\n        }\n        pageInfo {\n          hasNextPage\n          hasPreviousPage\n          startCursor\n          endCursor\n        }\n      }\n    }\n  }\n": typeof types.CredentialsDocument,
    "\n  query Providers {\n    providers {\n      id\n      name\n      displayName\n      documentationUrl\n      methods {\n        method\n        available\n        unavailableReason\n        flows\n        policy\n      }\n      health {\n        status\n        since\n        lastCheckedAt\n      }\n    }\n  }\n": typeof types.ProvidersDocument,
    "\n  query Node($id: ID!) {\n    node(id: $id) {\n      __typename\n      id\n    }\n  }\n": typeof types.NodeDocument,
    "\n  mutation Authenticate($input: AuthenticateInput!) {\n    authenticate(input: $input) {\n      __typename\n      ... on AuthenticatePayload {\n        credential {\n          id\n          label\n          method\n          status\n          last4\n          fingerprint\n          lastValidatedAt\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n      ... on ValidationError {\n        issues {\n          path\n          message\n        }\n      }\n      ... on ProviderNotFoundError {\n        availableProviders\n      }\n      ... on MethodUnavailableError {\n        availableMethods\n      }\n      ... on ProviderUnavailableError {\n        retryAfter\n      }\n    }\n  }\n": typeof types.AuthenticateDocument,
    "\n  mutation ValidateCredential($input: ValidateCredentialInput!) {\n    validateCredential(input: $input) {\n      __typename\n      ... on ValidateCredentialPayload {\n        credential {\n          id\n          status\n          lastValidatedAt\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": typeof types.ValidateCredentialDocument,
    "\n  mutation RevokeCredential($input: RevokeCredentialInput!) {\n    revokeCredential(input: $input) {\n      __typename\n      ... on RevokeCredentialPayload {\n        revokedCredentialId\n        revokedAtProvider\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": typeof types.RevokeCredentialDocument,
    "\n  mutation IssueAccess($input: IssueAccessInput!) {\n    issueAccess(input: $input) {\n      __typename\n      ... on IssueAccessPayload {\n        grant {\n          grantId\n          method\n          source\n          baseUrl\n          expiresAt\n          headers {\n            name\n            value\n          }\n          provider {\n            name\n          }\n          credential {\n            id\n            label\n          }\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n      ... on ReauthenticationRequiredError {\n        credential {\n          id\n          status\n          statusReason\n        }\n      }\n    }\n  }\n": typeof types.IssueAccessDocument,
    "\n  subscription CredentialEvents($after: String, $provider: String) {\n    credentialEvents(after: $after, provider: $provider) {\n      __typename\n      cursor\n      occurredAt\n      credentialId\n      method\n      label\n      provider {\n        name\n      }\n      credential {\n        id\n        status\n        last4\n      }\n    }\n  }\n": typeof types.CredentialEventsDocument,
    "\n  subscription Events($after: String) {\n    events(after: $after) {\n      __typename\n      cursor\n      occurredAt\n    }\n  }\n": typeof types.EventsDocument,
    "\n  mutation InitiateOAuth($input: InitiateOAuthInput!) {\n    initiateOAuth(input: $input) {\n      __typename\n      ... on InitiateOAuthPayload {\n        flow {\n          id\n          kind\n          status\n          authorizationUrl\n          redirectUri\n          state\n          userCode\n          verificationUri\n          expiresAt\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n      ... on MethodUnavailableError {\n        availableMethods\n      }\n    }\n  }\n": typeof types.InitiateOAuthDocument,
    "\n  mutation CompleteOAuth($input: CompleteOAuthInput!) {\n    completeOAuth(input: $input) {\n      __typename\n      ... on CompleteOAuthPayload {\n        flow {\n          id\n          status\n        }\n        credential {\n          id\n          method\n          label\n          status\n          scopes\n          expiresAt\n          refreshable\n          account {\n            id\n            email\n            organization\n            plan\n          }\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": typeof types.CompleteOAuthDocument,
    "\n  mutation ImportCredential($input: ImportCredentialInput!) {\n    importCredential(input: $input) {\n      __typename\n      ... on ImportCredentialPayload {\n        credential {\n          id\n          method\n          label\n          scopes\n          expiresAt\n          refreshable\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": typeof types.ImportCredentialDocument,
    "\n  subscription OAuthFlow($id: ID!) {\n    oauthFlow(id: $id) {\n      id\n      status\n      authorizationUrl\n      state\n      credential {\n        id\n      }\n      error {\n        __typename\n        code\n        message\n      }\n    }\n  }\n": typeof types.OAuthFlowDocument,
    "\n  mutation Access($provider: String!) {\n    issueAccess(input: { provider: $provider }) {\n      __typename\n      ... on IssueAccessPayload {\n        grant {\n          baseUrl\n          headers {\n            name\n            value\n          }\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": typeof types.AccessDocument,
};
const documents: Documents = {
    "\n  query Viewer {\n    viewer {\n      id\n      userId\n      eventCursor\n    }\n  }\n": types.ViewerDocument,
    "\n  query Credentials(\n    $first: Int\n    $after: String\n    $last: Int\n    $before: String\n    $provider: String\n    $method: AuthMethod\n    $status: CredentialStatus\n  ) {\n    viewer {\n      credentials(\n        first: $first\n        after: $after\n        last: $last\n        before: $before\n        provider: $provider\n        method: $method\n        status: $status\n      ) {\n        edges {\n          cursor\n          node {\n            id\n            label\n          }\n        }\n        nodes {\n          id\n          provider {\n            name\n          }\n          method\n          label\n          status\n          statusReason\n          last4\n          fingerprint\n          lastUsedAt\n          lastValidatedAt\n        }\n        pageInfo {\n          hasNextPage\n          hasPreviousPage\n          startCursor\n          endCursor\n        }\n      }\n    }\n  }\n": types.CredentialsDocument,
    "\n  query Providers {\n    providers {\n      id\n      name\n      displayName\n      documentationUrl\n      methods {\n        method\n        available\n        unavailableReason\n        flows\n        policy\n      }\n      health {\n        status\n        since\n        lastCheckedAt\n      }\n    }\n  }\n": types.ProvidersDocument,
    "\n  query Node($id: ID!) {\n    node(id: $id) {\n      __typename\n      id\n    }\n  }\n": types.NodeDocument,
    "\n  mutation Authenticate($input: AuthenticateInput!) {\n    authenticate(input: $input) {\n      __typename\n      ... on AuthenticatePayload {\n        credential {\n          id\n          label\n          method\n          status\n          last4\n          fingerprint\n          lastValidatedAt\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n      ... on ValidationError {\n        issues {\n          path\n          message\n        }\n      }\n      ... on ProviderNotFoundError {\n        availableProviders\n      }\n      ... on MethodUnavailableError {\n        availableMethods\n      }\n      ... on ProviderUnavailableError {\n        retryAfter\n      }\n    }\n  }\n": types.AuthenticateDocument,
    "\n  mutation ValidateCredential($input: ValidateCredentialInput!) {\n    validateCredential(input: $input) {\n      __typename\n      ... on ValidateCredentialPayload {\n        credential {\n          id\n          status\n          lastValidatedAt\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": types.ValidateCredentialDocument,
    "\n  mutation RevokeCredential($input: RevokeCredentialInput!) {\n    revokeCredential(input: $input) {\n      __typename\n      ... on RevokeCredentialPayload {\n        revokedCredentialId\n        revokedAtProvider\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": types.RevokeCredentialDocument,
    "\n  mutation IssueAccess($input: IssueAccessInput!) {\n    issueAccess(input: $input) {\n      __typename\n      ... on IssueAccessPayload {\n        grant {\n          grantId\n          method\n          source\n          baseUrl\n          expiresAt\n          headers {\n            name\n            value\n          }\n          provider {\n            name\n          }\n          credential {\n            id\n            label\n          }\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n      ... on ReauthenticationRequiredError {\n        credential {\n          id\n          status\n          statusReason\n        }\n      }\n    }\n  }\n": types.IssueAccessDocument,
    "\n  subscription CredentialEvents($after: String, $provider: String) {\n    credentialEvents(after: $after, provider: $provider) {\n      __typename\n      cursor\n      occurredAt\n      credentialId\n      method\n      label\n      provider {\n        name\n      }\n      credential {\n        id\n        status\n        last4\n      }\n    }\n  }\n": types.CredentialEventsDocument,
    "\n  subscription Events($after: String) {\n    events(after: $after) {\n      __typename\n      cursor\n      occurredAt\n    }\n  }\n": types.EventsDocument,
    "\n  mutation InitiateOAuth($input: InitiateOAuthInput!) {\n    initiateOAuth(input: $input) {\n      __typename\n      ... on InitiateOAuthPayload {\n        flow {\n          id\n          kind\n          status\n          authorizationUrl\n          redirectUri\n          state\n          userCode\n          verificationUri\n          expiresAt\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n      ... on MethodUnavailableError {\n        availableMethods\n      }\n    }\n  }\n": types.InitiateOAuthDocument,
    "\n  mutation CompleteOAuth($input: CompleteOAuthInput!) {\n    completeOAuth(input: $input) {\n      __typename\n      ... on CompleteOAuthPayload {\n        flow {\n          id\n          status\n        }\n        credential {\n          id\n          method\n          label\n          status\n          scopes\n          expiresAt\n          refreshable\n          account {\n            id\n            email\n            organization\n            plan\n          }\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": types.CompleteOAuthDocument,
    "\n  mutation ImportCredential($input: ImportCredentialInput!) {\n    importCredential(input: $input) {\n      __typename\n      ... on ImportCredentialPayload {\n        credential {\n          id\n          method\n          label\n          scopes\n          expiresAt\n          refreshable\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": types.ImportCredentialDocument,
    "\n  subscription OAuthFlow($id: ID!) {\n    oauthFlow(id: $id) {\n      id\n      status\n      authorizationUrl\n      state\n      credential {\n        id\n      }\n      error {\n        __typename\n        code\n        message\n      }\n    }\n  }\n": types.OAuthFlowDocument,
    "\n  mutation Access($provider: String!) {\n    issueAccess(input: { provider: $provider }) {\n      __typename\n      ... on IssueAccessPayload {\n        grant {\n          baseUrl\n          headers {\n            name\n            value\n          }\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": types.AccessDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Viewer {\n    viewer {\n      id\n      userId\n      eventCursor\n    }\n  }\n"): typeof import('./graphql.ts').ViewerDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Credentials(\n    $first: Int\n    $after: String\n    $last: Int\n    $before: String\n    $provider: String\n    $method: AuthMethod\n    $status: CredentialStatus\n  ) {\n    viewer {\n      credentials(\n        first: $first\n        after: $after\n        last: $last\n        before: $before\n        provider: $provider\n        method: $method\n        status: $status\n      ) {\n        edges {\n          cursor\n          node {\n            id\n            label\n          }\n        }\n        nodes {\n          id\n          provider {\n            name\n          }\n          method\n          label\n          status\n          statusReason\n          last4\n          fingerprint\n          lastUsedAt\n          lastValidatedAt\n        }\n        pageInfo {\n          hasNextPage\n          hasPreviousPage\n          startCursor\n          endCursor\n        }\n      }\n    }\n  }\n"): typeof import('./graphql.ts').CredentialsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Providers {\n    providers {\n      id\n      name\n      displayName\n      documentationUrl\n      methods {\n        method\n        available\n        unavailableReason\n        flows\n        policy\n      }\n      health {\n        status\n        since\n        lastCheckedAt\n      }\n    }\n  }\n"): typeof import('./graphql.ts').ProvidersDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Node($id: ID!) {\n    node(id: $id) {\n      __typename\n      id\n    }\n  }\n"): typeof import('./graphql.ts').NodeDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Authenticate($input: AuthenticateInput!) {\n    authenticate(input: $input) {\n      __typename\n      ... on AuthenticatePayload {\n        credential {\n          id\n          label\n          method\n          status\n          last4\n          fingerprint\n          lastValidatedAt\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n      ... on ValidationError {\n        issues {\n          path\n          message\n        }\n      }\n      ... on ProviderNotFoundError {\n        availableProviders\n      }\n      ... on MethodUnavailableError {\n        availableMethods\n      }\n      ... on ProviderUnavailableError {\n        retryAfter\n      }\n    }\n  }\n"): typeof import('./graphql.ts').AuthenticateDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ValidateCredential($input: ValidateCredentialInput!) {\n    validateCredential(input: $input) {\n      __typename\n      ... on ValidateCredentialPayload {\n        credential {\n          id\n          status\n          lastValidatedAt\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n"): typeof import('./graphql.ts').ValidateCredentialDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RevokeCredential($input: RevokeCredentialInput!) {\n    revokeCredential(input: $input) {\n      __typename\n      ... on RevokeCredentialPayload {\n        revokedCredentialId\n        revokedAtProvider\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n"): typeof import('./graphql.ts').RevokeCredentialDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation IssueAccess($input: IssueAccessInput!) {\n    issueAccess(input: $input) {\n      __typename\n      ... on IssueAccessPayload {\n        grant {\n          grantId\n          method\n          source\n          baseUrl\n          expiresAt\n          headers {\n            name\n            value\n          }\n          provider {\n            name\n          }\n          credential {\n            id\n            label\n          }\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n      ... on ReauthenticationRequiredError {\n        credential {\n          id\n          status\n          statusReason\n        }\n      }\n    }\n  }\n"): typeof import('./graphql.ts').IssueAccessDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription CredentialEvents($after: String, $provider: String) {\n    credentialEvents(after: $after, provider: $provider) {\n      __typename\n      cursor\n      occurredAt\n      credentialId\n      method\n      label\n      provider {\n        name\n      }\n      credential {\n        id\n        status\n        last4\n      }\n    }\n  }\n"): typeof import('./graphql.ts').CredentialEventsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription Events($after: String) {\n    events(after: $after) {\n      __typename\n      cursor\n      occurredAt\n    }\n  }\n"): typeof import('./graphql.ts').EventsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation InitiateOAuth($input: InitiateOAuthInput!) {\n    initiateOAuth(input: $input) {\n      __typename\n      ... on InitiateOAuthPayload {\n        flow {\n          id\n          kind\n          status\n          authorizationUrl\n          redirectUri\n          state\n          userCode\n          verificationUri\n          expiresAt\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n      ... on MethodUnavailableError {\n        availableMethods\n      }\n    }\n  }\n"): typeof import('./graphql.ts').InitiateOAuthDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CompleteOAuth($input: CompleteOAuthInput!) {\n    completeOAuth(input: $input) {\n      __typename\n      ... on CompleteOAuthPayload {\n        flow {\n          id\n          status\n        }\n        credential {\n          id\n          method\n          label\n          status\n          scopes\n          expiresAt\n          refreshable\n          account {\n            id\n            email\n            organization\n            plan\n          }\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n"): typeof import('./graphql.ts').CompleteOAuthDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ImportCredential($input: ImportCredentialInput!) {\n    importCredential(input: $input) {\n      __typename\n      ... on ImportCredentialPayload {\n        credential {\n          id\n          method\n          label\n          scopes\n          expiresAt\n          refreshable\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n"): typeof import('./graphql.ts').ImportCredentialDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription OAuthFlow($id: ID!) {\n    oauthFlow(id: $id) {\n      id\n      status\n      authorizationUrl\n      state\n      credential {\n        id\n      }\n      error {\n        __typename\n        code\n        message\n      }\n    }\n  }\n"): typeof import('./graphql.ts').OAuthFlowDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Access($provider: String!) {\n    issueAccess(input: { provider: $provider }) {\n      __typename\n      ... on IssueAccessPayload {\n        grant {\n          baseUrl\n          headers {\n            name\n            value\n          }\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n"): typeof import('./graphql.ts').AccessDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
