import { graphql } from "../client/gql/index.ts";

const accessMutation = graphql(`
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
`);

/** Where a provider's API is, and the headers that work there now. A failure's message says what to do. */
export async function issueAccess(provider: string, rejectedGrantId: string | null = null) {
  const response = await fetch(process.env["MAESTRO_URL"] ?? "http://localhost:4000/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${process.env["TOKEN"]}` },
    body: JSON.stringify({ query: accessMutation, variables: { input: { provider, rejectedGrantId } } }),
  });
  const { data, errors } = await response.json();
  if (data == null) throw new Error(errors[0].message);
  if (data.issueAccess.__typename !== "IssueAccessPayload") throw new Error(data.issueAccess.message);
  return data.issueAccess.grant as { grantId: string; baseUrl: string; headers: { name: string; value: string }[] };
}

/** A fetch for a provider's SDK: it puts the headers that work now in the place of those that the SDK made up. */
export function providerFetch(provider: string): typeof fetch {
  return async (input, init) => {
    const grant = await issueAccess(provider);
    const response = await send(grant);
    if (response.status !== 401) return response;
    // The provider no longer takes this token: say which, and it is renewed, once for all who say so.
    await response.body?.cancel();
    return send(await issueAccess(provider, grant.grantId));

    async function send(access: typeof grant): Promise<Response> {
      const headers = new Headers(init?.headers);
      for (const placeholder of ["authorization", "x-api-key"]) headers.delete(placeholder);
      for (const { name, value } of access.headers) headers.set(name, value);
      return fetch(input, { ...init, headers });
    }
  };
}
