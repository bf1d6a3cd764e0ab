interface Tab {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

const sandboxTab = (provider: string): Tab => ({
  query: `# Open authorizationUrl in this browser, and allow.
# The first tab then shows the credential.
mutation ConnectSandbox($provider: String!) {
  initiateOAuth(input: { provider: $provider }) {
    __typename
    ... on InitiateOAuthPayload {
      flow { id authorizationUrl status }
    }
    ... on Error { code message }
  }
}
`,
  variables: { provider },
});

/** What GraphiQL opens with. Lines fit half a window; a tab is called after its operation. */
export const graphiqlTabs = (exampleProvider: string, sandboxProvider: string | null): readonly Tab[] => [
  {
    query: `# Who am I, and what is connected?
# The token of this page is under "Headers" below.
query WhoAmI {
  viewer {
    userId
    eventCursor
    credentials {
      nodes {
        provider { name }
        method
        label
        status
        last4
      }
    }
  }
}
`,
  },
  {
    query: `# What happens to credentials, as it happens.
#
# Run this in a second window of this page, and
# connect a provider in the first: GraphiQL ends a
# subscription when you go to another tab.
#
# "after" takes an eventCursor of WhoAmI, and goes
# on from there; null is from now on.
subscription WatchCredentials($after: String) {
  credentialEvents(after: $after) {
    __typename
    cursor
    occurredAt
    provider { name }
    label
    credential { status last4 fingerprint }
  }
}
`,
    variables: { after: null },
  },
  ...(sandboxProvider === null ? [] : [sandboxTab(sandboxProvider)]),
  {
    query: `# Put a real key under "Variables" below, and run.
# It is checked with the provider, then stored.
mutation Connect(
  $provider: String!
  $apiKey: String!
) {
  authenticate(input: {
    provider: $provider
    credential: { apiKey: $apiKey }
  }) {
    __typename
    ... on AuthenticatePayload {
      credential {
        id
        status
        last4
        lastValidatedAt
      }
    }
    ... on Error { code message }
  }
}
`,
    variables: { provider: exampleProvider, apiKey: "" },
  },
  {
    query: `# What a backend asks before it calls a provider:
# where to, and with which headers.
mutation IssueAccess($provider: String!) {
  issueAccess(input: { provider: $provider }) {
    __typename
    ... on IssueAccessPayload {
      grant {
        source
        baseUrl
        expiresAt
        headers { name value }
      }
    }
    ... on Error { code message }
  }
}
`,
    variables: { provider: exampleProvider },
  },
];
