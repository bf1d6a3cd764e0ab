import {
  authenticateMutation,
  credentialEventsSubscription,
  credentialsQuery,
  eventsSubscription,
  issueAccessMutation,
  nodeQuery,
  revokeCredentialMutation,
  validateCredentialMutation,
} from "../../client/operations.ts";
import type { Operation } from "./echo.ts";

const authenticate = authenticateMutation.toString();
const credentials = credentialsQuery.toString();
const issueAccess = issueAccessMutation.toString();

/** A GraphQL string literal. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

function connect(fields: object): Operation {
  return { query: authenticate, variables: { input: fields } };
}

/** Operations with the secret as a value of a wrong kind, as people send it by mistake. */
const inVariables: Record<string, (secret: string) => Operation> = {
  "a list for a text": (secret) => connect({ provider: "anthropic", credential: { apiKey: [secret] } }),
  "two texts for one": (secret) => connect({ provider: "anthropic", credential: { apiKey: [secret, secret] } }),
  "an object for a text": (secret) => connect({ provider: "anthropic", credential: { apiKey: { value: secret } } }),
  "the secret as a key for a text": (secret) =>
    connect({ provider: "anthropic", credential: { apiKey: { [secret]: 1 } } }),
  "the secret for the credential": (secret) => connect({ provider: "anthropic", credential: secret }),
  "the secret for the input": (secret) => ({ query: authenticate, variables: { input: secret } }),
  "a list for the input": (secret) => ({ query: authenticate, variables: { input: [secret] } }),
  "two kinds of credential": (secret) =>
    connect({ provider: "anthropic", credential: { apiKey: secret, oauthCode: { code: secret, state: secret } } }),
  "an incomplete code": (secret) => connect({ provider: "anthropic", credential: { oauthCode: { code: secret } } }),
  "a misspelt field with a text": (secret) => connect({ provider: "anthropic", credential: { apikey: secret } }),
  "a misspelt field with an object": (secret) =>
    connect({ provider: "anthropic", credential: { apikey: { [secret]: { deep: [secret, 1] } } } }),
  "an unknown field": (secret) => connect({ provider: "anthropic", credential: { password: secret } }),
  "the secret for a field's name": (secret) => connect({ provider: "anthropic", credential: { [secret]: 1 } }),
  "the secret beside the credential": (secret) =>
    connect({ provider: "anthropic", credential: { apiKey: "x" }, [secret]: secret }),
  "a field after the secret is missing": (secret) => connect({ credential: { apiKey: secret } }),
  "the secret for an enum": (secret) => ({ query: credentials, variables: { method: secret } }),
  "an object for an enum": (secret) => ({ query: credentials, variables: { status: { [secret]: secret } } }),
  "the secret for a number": (secret) => ({ query: credentials, variables: { first: secret } }),
  "a list for a number": (secret) => ({ query: credentials, variables: { first: [secret, secret] } }),
  "an object for an id": (secret) => ({ query: nodeQuery.toString(), variables: { id: { id: secret } } }),
  "an object for a cursor": (secret) => ({
    query: eventsSubscription.toString(),
    variables: { after: { [secret]: 1 } },
  }),
  "a variable of the secret's name": (secret) => ({ query: authenticate, variables: { [secret]: secret } }),
  "an unknown variable beside": (secret) => ({
    query: "query ($first: Int!) { viewer { credentials(first: $first) { nodes { id } } } }",
    variables: { key: secret },
  }),
  "a variable of the secret's name and another type": (secret) => ({
    query: `query ($${secret}: String!) { provider(name: $${secret}) { id } }`,
    variables: { [secret]: 7 },
  }),
  "the secret for all variables": (secret) => ({ query: authenticate, variables: secret }),
  "a list for all variables": (secret) => ({ query: authenticate, variables: [secret] }),
};

/** Operations with the secret as a well-formed value that the server refuses, or does not find. */
const asValue: Record<string, (secret: string) => Operation> = {
  "the secret for a provider": (secret) => connect({ provider: secret, credential: { apiKey: secret } }),
  "a label that is too long": (secret) =>
    connect({ provider: "anthropic", label: secret.repeat(80), credential: { apiKey: "x" } }),
  "a label with a line break": (secret) =>
    connect({ provider: "anthropic", label: `${secret}\n1`, credential: { apiKey: "x" } }),
  "a key with a blank": (secret) => connect({ provider: "anthropic", credential: { apiKey: ` ${secret}` } }),
  "a key that is too long": (secret) =>
    connect({ provider: "anthropic", credential: { apiKey: secret.repeat(2_048) } }),
  "a code where there is no OAuth": (secret) =>
    connect({ provider: "anthropic", credential: { oauthCode: { code: secret, state: secret } } }),
  "access by the secret's provider": (secret) => ({ query: issueAccess, variables: { input: { provider: secret } } }),
  "access by the secret's label": (secret) => ({
    query: issueAccess,
    variables: { input: { provider: "anthropic", label: secret } },
  }),
  "access by the secret's grant": (secret) => ({
    query: issueAccess,
    variables: { input: { rejectedGrantId: secret } },
  }),
  "a credential of the secret's id to revoke": (secret) => ({
    query: revokeCredentialMutation.toString().replace("revokedCredentialId", "__typename"),
    variables: { input: { credentialId: secret } },
  }),
  "a credential of the secret's id to check": (secret) => ({
    query: validateCredentialMutation.toString(),
    variables: { input: { credentialId: secret } },
  }),
  "a node of the secret's id": (secret) => ({ query: nodeQuery.toString(), variables: { id: secret } }),
  "a list of the secret's provider": (secret) => ({ query: credentials, variables: { provider: secret } }),
  "a list of a provider with a NUL": (secret) => ({ query: credentials, variables: { provider: `${secret}\0` } }),
  "a credential with a NUL": (secret) => ({
    query: "query ($x: String!) { viewer { credential(provider: $x, label: $x) { id } } }",
    variables: { x: `${secret}\0` },
  }),
  "a page after the secret": (secret) => ({ query: credentials, variables: { after: secret } }),
  "events after the secret": (secret) => ({ query: eventsSubscription.toString(), variables: { after: secret } }),
  "events of the secret's provider after nothing": (secret) => ({
    query: credentialEventsSubscription.toString(),
    variables: { provider: secret, after: "" },
  }),
  "another user": (secret) => ({ query: `query ($id: String!) { user(id: $id) { id } }`, variables: { id: secret } }),
  "an operation of the secret's name": (secret) => ({ query: "query A { __typename }", operationName: secret }),
  "one of two operations": (secret) => ({
    query: "query A { __typename } query B { __typename }",
    operationName: secret,
  }),
  "a list for an operation's name": (secret) => ({ query: "{ __typename }", operationName: [secret] }),
  "the secret for the operation": (secret) => ({ query: secret }),
  "a list for the operation": (secret) => ({ query: [secret] }),
  "an unknown parameter": (secret) => ({ query: "{ __typename }", [secret]: secret }),
};

/** Documents with the secret in them, where a literal may stand and where none may. */
const inDocument: Record<string, (secret: string) => string> = {
  "a text for a number": (secret) => `{ viewer { credentials(first: ${quoted(secret)}) { nodes { id } } } }`,
  "a text for an enum": (secret) => `{ viewer { credentials(method: ${quoted(secret)}) { nodes { id } } } }`,
  "a block text for an enum": (secret) => `{ viewer { credentials(method: """${secret}""") { nodes { id } } } }`,
  "a list for an enum": (secret) => `{ viewer { credentials(method: [${quoted(secret)}]) { nodes { id } } } }`,
  "an object for a text": (secret) => `{ provider(name: { name: ${quoted(secret)} }) { id } }`,
  "a text for the input": (secret) => `mutation { authenticate(input: ${quoted(secret)}) { __typename } }`,
  "a text for the credential": (secret) =>
    `mutation { authenticate(input: { provider: "anthropic", credential: ${quoted(secret)} }) { __typename } }`,
  "a list for the credential": (secret) =>
    `mutation { authenticate(input: { provider: "anthropic", credential: [${quoted(secret)}] }) { __typename } }`,
  "a misspelt field": (secret) =>
    `mutation { authenticate(input: { provider: "x", credential: { apikey: ${quoted(secret)} } }) { __typename } }`,
  "a missing field": (secret) =>
    `mutation { authenticate(input: { credential: { apiKey: ${quoted(secret)} } }) { __typename } }`,
  "two kinds of credential": (secret) =>
    `mutation { authenticate(input: { provider: "x", credential: { apiKey: ${quoted(secret)}, oauthCode: null } }) { __typename } }`,
  "a misspelt argument": (secret) => `{ provider(nme: ${quoted(secret)}) { id } }`,
  "an argument that is not there": (secret) => `{ viewer(key: ${quoted(secret)}) { userId } }`,
  "an argument twice": (secret) => `{ provider(name: ${quoted(secret)}, name: ${quoted(secret)}) { id } }`,
  "a default of a wrong type": (secret) =>
    `query ($first: Int = ${quoted(secret)}) { viewer { credentials(first: $first) { nodes { id } } } }`,
  "a directive's argument": (secret) => `{ viewer @include(if: ${quoted(secret)}) { userId } }`,
  "different arguments of one field": (secret) =>
    `{ viewer { credential(provider: ${quoted(secret)}) { id } credential(provider: "x") { id } } }`,
  "garbage after the text": (secret) => `{ provider(name: ${quoted(secret)} ${quoted(secret)}) { id } }`,
  "a text where a name belongs": (secret) => `{ ${quoted(secret)} }`,
  "a text where a definition belongs": (secret) => quoted(secret),
  "a text after the document": (secret) => `{ __typename } ${quoted(secret)}`,
  "a text without its end": (secret) => `{ provider(name: "${secret}`,
  "a block text without its end": (secret) => `{ provider(name: """${secret}`,
  "a text of two lines": (secret) => `{ provider(name: "${secret}\n${secret}") { id } }`,
  "single quotes": (secret) => `{ provider(name: '${secret}') { id } }`,
  "an escape that does not exist": (secret) => `{ provider(name: "\\q${secret}") { id } }`,
  "an escape of Unicode that does not exist": (secret) => `{ provider(name: "\\u${secret}") { id } }`,
  "the bare secret for a text": (secret) => `{ provider(name: ${secret}) { id } }`,
  "the bare secret for a number": (secret) => `{ viewer { credentials(first: ${secret}) { nodes { id } } } }`,
  "the bare secret for an enum": (secret) => `{ viewer { credentials(method: ${secret}) { nodes { id } } } }`,
  "the bare secret for an argument's name": (secret) => `{ provider(${secret}: "x") { id } }`,
  "the bare secret for a field of an input": (secret) =>
    `mutation { authenticate(input: { provider: "x", credential: { ${secret}: "x" } }) { __typename } }`,
  "the bare secret for a field": (secret) => `{ ${secret} }`,
  "the bare secret for a field's field": (secret) => `{ viewer { userId { ${secret} } } }`,
  "the bare secret for an alias": (secret) => `{ ${secret}: viewer { userId } ${secret}: providers { id } }`,
  "the bare secret for a variable": (secret) => `{ provider(name: $${secret}) { id } }`,
  "the bare secret for a variable that is not given": (secret) =>
    `query ($${secret}: String!) { provider(name: $${secret}) { id } }`,
  "the bare secret for a variable's type": (secret) => `query ($x: ${secret}) { provider(name: $x) { id } }`,
  "the bare secret for a fragment": (secret) => `{ ...${secret} }`,
  "the bare secret for a fragment in itself": (secret) =>
    `{ viewer { ...${secret} } } fragment ${secret} on User { ...${secret} }`,
  "the bare secret for a type": (secret) => `{ ... on ${secret} { id } }`,
  "the bare secret for a directive": (secret) => `{ viewer @${secret} { userId } }`,
  "the bare secret for an operation": (secret) => `query ${secret} { nothing } query ${secret} { nothing }`,
  "the bare secret for a keyword": (secret) => `${secret} { viewer { userId } }`,
};

/** Every way in which a secret gets into an operation that fails. */
export const secretOperations: readonly (readonly [name: string, create: (secret: string) => Operation])[] = [
  ...Object.entries(inVariables),
  ...Object.entries(asValue),
  ...Object.entries(inDocument).map(
    ([name, write]) => [`${name} in the document`, (secret: string) => ({ query: write(secret) })] as const,
  ),
];
