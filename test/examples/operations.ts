import { graphql } from "../client/gql/index.ts";

// What the clients beside this file send. `npm run codegen` checks them against the schema and writes their types.
export const stateQuery = graphql(`
  query ExampleState {
    viewer {
      id
      eventCursor
    }
  }
`);

export const connectMutation = graphql(`
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
`);

export const eventsSubscription = graphql(`
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
`);
