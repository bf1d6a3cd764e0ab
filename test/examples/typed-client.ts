import type { TypedDocumentString } from "../client/gql/graphql.ts";
import { graphql } from "../client/gql/index.ts";

// The types of `data` and `variables` come from the query: `npm run codegen` writes them.
async function send<Data, Variables>(query: TypedDocumentString<Data, Variables>, variables: Variables): Promise<Data> {
  const response = await fetch(process.env["MAESTRO_URL"] ?? "http://localhost:4000/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${process.env["TOKEN"]}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data?: Data; errors?: { message: string }[] };
  if (data === undefined) throw new Error(errors?.[0]?.message);
  return data;
}

const accessMutation = graphql(`
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
`);

const { issueAccess } = await send(accessMutation, { provider: "anthropic" });
if (issueAccess.__typename !== "IssueAccessPayload") throw new Error(`${issueAccess.code}: ${issueAccess.message}`);

// Headers that work now: call the provider with them.
const { baseUrl, headers } = issueAccess.grant;
const models = await fetch(`${baseUrl}/v1/models`, { headers: headers.map(({ name, value }) => [name, value]) });
console.log(models.status, await models.text());
