import { userScopes } from "../../../src/callers/scope.ts";
import { signToken } from "../../../src/callers/token-verifier.ts";
import type { Config } from "../../../src/config/config.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { anthropic } from "../../support/mock-provider/anthropic.ts";
import type { Exchange } from "../load.ts";

/** Somebody with one stored API key. */
export interface BenchUser {
  readonly userId: string;
  readonly apiKey: string;
  readonly token: string;
}

/** The provider whose keys all users have. */
export const provider = "anthropic";

const document = `mutation IssueAccess($input: IssueAccessInput!) {
  issueAccess(input: $input) {
    __typename
    ... on IssueAccessPayload {
      grant {
        baseUrl
        headers {
          name
          value
        }
        expiresAt
      }
    }
  }
}`;

/** So many users, with tokens that outlast the bench. */
export async function createUsers(count: number, { callerTokens }: Config): Promise<BenchUser[]> {
  if (callerTokens.kind !== "secret") throw new TypeError("the bench signs its tokens itself");
  return Promise.all(
    Array.from({ length: count }, async (_value, index) => {
      const userId = `user-${index}`;
      const token = await signToken(
        callerTokens,
        { subject: userId, scopes: userScopes, lifetime: 12 * 3600 },
        systemClock,
      );
      return { userId, apiKey: anthropic.newKey(), token };
    }),
  );
}

/** The request as a GraphQL client sends it, and the key that must be among the headers of the answer. */
export function issueAccessExchange({ token, apiKey }: BenchUser): Exchange {
  return {
    path: "/graphql",
    headers: {
      accept: "application/graphql-response+json, application/json;q=0.9",
      "content-type": "application/json",
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ operationName: "IssueAccess", query: document, variables: { input: { provider } } }),
    expected: `{"name":"x-api-key","value":"${apiKey}"}`,
  };
}
