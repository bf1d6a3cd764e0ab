interface Tab {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** Which providers the tabs work with. */
export interface TabProviders {
  /** One of the catalogue. */
  readonly example: string;
  /** One that anybody can connect, by OAuth and by any key that begins with its name, where this server has one. */
  readonly sandbox: string | null;
}

/** What GraphiQL opens with. Lines fit half a window; a tab is called after its operation, and the page numbers it. */
export function graphiqlTabs({ example, sandbox }: TabProviders): readonly Tab[] {
  const provider = sandbox ?? example;
  const apiKey = (name: string) => (sandbox === null ? "" : `${sandbox}-${name}`);
  const keyHint = sandbox === null ? "put a real one below." : `any "${sandbox}-…" is one.`;
  return [
    whoAmI,
    watchEvents,
    connectByOAuth(provider, sandbox !== null),
    connectByApiKey(provider, apiKey("key-one"), keyHint),
    startSession(provider, apiKey("key-two"), sandbox === null ? null : `${sandbox}-echo`),
    issueAccess(provider),
    readAnError,
  ];
}

const whoAmI: Tab = {
  query: `# 1. Who am I, and what is connected?
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
        nextRefreshAt
      }
    }
  }
}
`,
};

const watchEvents: Tab = {
  query: `# 2. Run this, then run tab 5: the foot of the page
# shows the events. "after" goes on from a cursor.
subscription WatchEvents($after: String) {
  events(after: $after) {
    __typename
    cursor
    ... on CredentialEvent {
      provider { name }
      label
      credential { status last4 }
    }
    ... on SessionEvent {
      session {
        label
        activeProvider {
          provider { name }
          model
        }
      }
    }
  }
}
`,
  variables: { after: null },
};

const connectByOAuth = (provider: string, isSandbox: boolean): Tab => ({
  query: `# 3. Connect by OAuth: open authorizationUrl in this
# ${isSandbox ? "browser, and allow. Tab 1 then shows it." : "browser. What is missing, the answer says."}
mutation ConnectByOAuth($provider: String!) {
  initiateOAuth(input: { provider: $provider }) {
    __typename
    ... on InitiateOAuthPayload {
      flow { id kind status authorizationUrl }
    }
    ... on Error { code message }
  }
}
`,
  variables: { provider },
});

const connectByApiKey = (provider: string, apiKey: string, hint: string): Tab => ({
  query: `# 4. Connect by API key: ${hint}
# It is checked with the provider, then sealed.
mutation ConnectByApiKey(
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
        fingerprint
        lastValidatedAt
      }
    }
    ... on Error { code message }
  }
}
`,
  variables: { provider, apiKey },
});

const startSession = (provider: string, apiKey: string, model: string | null): Tab => ({
  query: `# 5. From the top: connects a second account, then
# starts a session and switches it to that account.
mutation StartSession(
  $provider: String!
  $apiKey: String!
  $model: String
) {
  authenticate(input: {
    provider: $provider
    label: "second"
    credential: { apiKey: $apiKey }
  }) {
    __typename
    ... on Error { code message }
  }
  startSession(input: {
    label: "GraphiQL"
    activeProvider: {
      provider: $provider
      label: "second"
      model: $model
    }
  }) {
    __typename
    ... on StartSessionPayload {
      session {
        id
        expiresAt
        activeProvider {
          provider { name }
          status
          model
        }
      }
    }
    ... on Error { code message }
  }
}
`,
  variables: { provider, apiKey, model },
});

const issueAccess = (provider: string): Tab => ({
  query: `# 6. What a backend asks before it calls: where to,
# and with which headers? (Run tab 4 or 5 first.)
mutation IssueAccess($provider: String!) {
  issueAccess(input: { provider: $provider }) {
    __typename
    ... on IssueAccessPayload {
      grant {
        source
        method
        baseUrl
        expiresAt
        headers { name value }
      }
    }
    ... on Error { code message }
  }
}
`,
  variables: { provider },
});

const readAnError: Tab = {
  query: `# 7. A refusal is data: switch on __typename, show
# people the message, and act on the other fields.
mutation ReadAnError {
  issueAccess(input: { provider: "no-such-provider" }) {
    __typename
    ... on Error { code message }
    ... on ProviderNotFoundError {
      availableProviders
    }
    ... on ProviderUnavailableError { retryAfter }
  }
}
`,
};
