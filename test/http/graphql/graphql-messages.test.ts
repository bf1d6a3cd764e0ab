import { parse, validate } from "graphql";
import { expect, test } from "vitest";
import { PublicErrors } from "../../../src/graphql/errors/public-error.ts";
import { schema } from "../../../src/graphql/schema.ts";
import { createLogger } from "../../../src/observability/logger.ts";
import { startTestApp } from "../../support/test-app.ts";
import { transports } from "./echo.ts";

const publicErrors = new PublicErrors(schema, createLogger("silent"));

const invalidDocuments = [
  "{ nothing }",
  "{ viewer { userID } }",
  "{ viewer }",
  "{ viewer { userId { id } } }",
  "{ provider { id } }",
  '{ provider(name: "x") { ...Missing } }',
  '{ provider(name: "x") { ... on User { id } } }',
  '{ provider(name: "x") { ... on AuthMethod { id } } }',
  '{ provider(name: "x") { ... on Nothing { id } } }',
  "fragment F on Query { __typename } { __typename }",
  "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
  "{ ...F } fragment F on Query { __typename } fragment F on Query { __typename }",
  "query A { __typename } query A { __typename }",
  "{ __typename } query A { __typename }",
  "query A($x: String) { __typename }",
  "query A { provider(name: $x) { id } }",
  "query A($x: String, $x: String) { provider(name: $x) { id } }",
  "query A($x: String) { provider(name: $x) { id } }",
  "query A($x: Provider) { provider(name: $x) { id } }",
  "{ viewer @missing { id } }",
  "query @skip(if: true) { __typename }",
  "{ viewer @skip { id } }",
  "{ viewer @skip(if: true) @skip(if: true) { id } }",
  "{ a: viewer { id } a: providers { id } }",
  '{ viewer { a: credential(provider: "x") { id } a: credential(provider: "y") { id } } }',
  '{ provider(name: "x", name: "y") { id } }',
  'mutation { authenticate(input: { provider: "x", provider: "y", credential: { apiKey: "z" } }) { __typename } }',
  'mutation { authenticate(input: { provider: "x", credential: {} }) { __typename } }',
  "mutation { authenticate(input: { provider: null, credential: null }) { __typename } }",
  "subscription { events { cursor } credentialEvents { cursor } }",
  "subscription { __typename }",
  "type T { id: ID }",
];

test.each(invalidDocuments)("what is wrong with %s is told in GraphQL's own words", (text) => {
  const document = parse(text);
  const errors = validate(schema, document);
  expect(errors).not.toEqual([]);
  for (const error of errors) expect(publicErrors.fromValidation(error, document).message).toBe(error.message);
});

const brokenDocuments = [
  "{",
  "}",
  "{ viewer",
  "query (",
  "{ a(b: ) }",
  "{ a..b }",
  "{ # }",
  "{ ?",
  "fragment on on T { id }",
  '{ a(b: "',
  "\u0007",
  "query { } 🔑",
];

test.each(brokenDocuments)("where %s breaks is told in GraphQL's own words", (text) => {
  const error = (() => {
    try {
      return parse(text) && null;
    } catch (error) {
      return error as Error;
    }
  })();
  expect(publicErrors.toPublic(error).message).toBe(error?.message);
});

const badRequests: readonly (readonly [object, string])[] = [
  [{ query: null }, "Must provide query string."],
  [{ query: [] }, 'Expected "query" param to be a string, but given array.'],
  [{ query: "{ id }", variables: 7 }, 'Expected "variables" param to be empty or an object, but given number.'],
  [{ query: "{ id }", extensions: true }, 'Expected "extensions" param to be empty or an object, but given boolean.'],
  [{ query: "{ id }", name: "x" }, 'Unexpected parameter "name" in the request body.'],
  [{ query: "query A { __typename }", operationName: "B" }, "Could not determine what operation to execute."],
  [
    { query: "query ($x: String!) { provider(name: $x) { id } }" },
    'Variable "$x" of required type "String!" was not provided.',
  ],
  [
    { query: "query ($x: String!) { provider(name: $x) { id } }", variables: { x: null } },
    'Variable "$x" of non-null type "String!" must not be null.',
  ],
  [
    { query: "query ($x: String!) { provider(name: $x) { id } }", variables: { x: 7 } },
    'Variable "$x" is not valid: String cannot represent a non string value: [hidden].',
  ],
  [
    {
      query: "mutation ($x: AuthenticateInput!) { authenticate(input: $x) { __typename } }",
      variables: { x: { provider: "x", credential: { apikey: "y" } } },
    },
    'Variable "$x" is not valid at .credential: Expected value of type "CredentialInput" not to include unknown field "[hidden]". Did you mean "apiKey"? Found: [hidden].',
  ],
  [
    { query: '{ viewer { credentials(method: "x") { nodes { id } } } }' },
    'Enum "AuthMethod" cannot represent non-enum value: [hidden].',
  ],
  [
    { query: "{ viewer { credentials(method: OAUTHS) { nodes { id } } } }" },
    'Value "[hidden]" does not exist in "AuthMethod" enum. Did you mean the enum value "OAUTH"?',
  ],
];

test.each(badRequests)("to %j the answer is: %s", async (operation, message) => {
  await using server = await startTestApp();
  const { errors } = await transports.HTTP(server, await server.token("alice"), operation);
  expect(errors[0]?.message).toBe(message);
});
