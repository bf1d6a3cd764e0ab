import { viewerQuery } from "../client/operations.ts";
import type { TestApp } from "../support/test-app.ts";

/** An operation that every caller may send. */
export const query = viewerQuery.toString();

/** A POST of an operation, with whatever is changed about it; a header that is null is not sent. */
export async function post(
  server: TestApp,
  { headers = {}, ...init }: Omit<RequestInit, "headers"> & { headers?: Record<string, string | null> } = {},
): Promise<Response> {
  const all = {
    "content-type": "application/json",
    authorization: `Bearer ${await server.token("alice")}`,
    ...headers,
  };
  return fetch(`${server.baseUrl}/graphql`, {
    method: "POST",
    body: JSON.stringify({ query }),
    ...init,
    headers: Object.entries(all).filter((header): header is [string, string] => header[1] !== null),
  });
}

/** The code of an answer's first error. */
export async function codeOf(response: Response): Promise<string | undefined> {
  const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return errors?.[0]?.extensions.code;
}
