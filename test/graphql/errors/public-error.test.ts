import { GraphQLError, parse, validate } from "graphql";
import { expect, test } from "vitest";
import { RateLimitedError } from "../../../src/errors/auth-error.ts";
import { PublicErrors } from "../../../src/graphql/errors/public-error.ts";
import { schema } from "../../../src/graphql/schema.ts";
import { createLogger } from "../../../src/observability/logger.ts";

const publicErrors = new PublicErrors(schema, createLogger("silent"));

/** Names beside or in place of an input's value, where a secret may stand that has the form of a name. */
const inputPlaces = [
  "{ viewer { credentials(method: hunter2) { nodes { id } } } }",
  "{ viewer { credentials(method: [hunter2]) { nodes { id } } } }",
  "{ provider(name: hunter2) { id } }",
  '{ provider(hunter2: "x") { id } }',
  '{ provider(name: "x", hunter2: 1) { id } }',
  "{ viewer @skip(hunter2: true) { id } }",
  "{ viewer @skip(if: hunter2) { id } }",
  'mutation { authenticate(input: { hunter2: "x" }) { __typename } }',
  'mutation { authenticate(input: { provider: "x", credential: { hunter2: "x" } }) { __typename } }',
  'mutation { authenticate(input: { provider: "x", credential: { apiKey: hunter2 } }) { __typename } }',
  'mutation { authenticate(input: { provider: "x", credential: hunter2 }) { __typename } }',
  "query ($method: AuthMethod = hunter2) { viewer { credentials(method: $method) { nodes { id } } } }",
];

test.each(inputPlaces)("a short name where an input stands may be a secret, and is not repeated: %s", (text) => {
  const document = parse(text);
  const errors = validate(schema, document);
  expect(errors).not.toEqual([]);
  for (const error of errors) expect(publicErrors.fromValidation(error, document).message).not.toContain("hunter2");
});

test("a name that the document gives is repeated only where it is too short for a key", () => {
  const messageOf = (name: string) => {
    const document = parse(`{ viewer { ${name} } }`);
    return publicErrors.fromValidation(validate(schema, document)[0]!, document).message;
  };
  expect(messageOf("n".repeat(30))).toContain("n".repeat(30));
  expect(messageOf("n".repeat(31))).not.toContain("n".repeat(31));
});

test("a refusal by a rate limit says when to come back also where a field has no union to say it in", () => {
  const refusal = new RateLimitedError("attempts", { name: "refresh-user", quota: 1, windowSeconds: 60 }, 42);
  const thrown = new GraphQLError(refusal.message, { originalError: refusal, path: ["refreshCredentials"] });
  const shown = publicErrors.toPublic(thrown);
  expect(shown.toJSON()).toMatchObject({
    message: "Too many attempts. Nothing was tried. Try again in 42 s.",
    path: ["refreshCredentials"],
    extensions: { code: "RATE_LIMITED", retryAfter: 42 },
  });
});
