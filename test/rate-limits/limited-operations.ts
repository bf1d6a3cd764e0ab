import type { TestClient } from "../support/test-client.ts";

type Field =
  | "authenticate"
  | "initiateOAuth"
  | "completeOAuth"
  | "importCredential"
  | "validateCredential"
  | "refreshCredential"
  | "issueAccess"
  | "startSession";

/** What a mutation has answered, and the header fields that came with it. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly type: string;
  readonly code?: string;
  readonly message?: string;
  readonly retryAfter?: number;
}

const headOf = (field: Field) => `${field[0]!.toUpperCase()}${field.slice(1)}Input`;

/** A mutation of one input, asked for what a rate limited client wants to know. */
export function operation(field: Field): string {
  return `mutation ($input: ${headOf(field)}!) { ${field}(input: $input) {
    __typename ... on Error { code message } ... on RateLimitedError { retryAfter }
  } }`;
}

export async function call(
  client: TestClient,
  field: Field,
  input: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await client.post({ query: operation(field), variables: { input } }, headers);
  const { data, errors } = (await response.json()) as {
    data?: Record<string, { __typename: string } & Omit<Answer, "type">>;
    errors?: unknown;
  };
  const result = data?.[field];
  if (result === undefined) throw new Error(`no data: ${JSON.stringify(errors)}`);
  return { ...result, status: response.status, headers: response.headers, type: result.__typename };
}
