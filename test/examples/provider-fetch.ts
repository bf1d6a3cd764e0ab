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

/** A provider's address and the headers that work there now. Throws with a message that says what to do. */
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

/** A fetch for a provider's SDK: it replaces the SDK's credential headers with headers that work now. */
export function providerFetch(provider: string): typeof fetch {
  return async (input, init) => {
    const grant = await issueAccess(provider);
    const response = await send(grant);
    if (response.status !== 401) return response;
    // The provider rejects this token. Report which one, and it is refreshed once for all who report it.
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
