import { GraphQLError } from "graphql";
import { pino } from "pino";
import { expect, test } from "vitest";
import { RateLimitedError } from "../../src/errors.ts";
import { PublicErrors } from "../../src/graphql/public-error.ts";
import { schema } from "../../src/graphql/schema.ts";

test("a refusal by a rate limit says when to come back also where a field has no union to say it in", () => {
  const refusal = new RateLimitedError("attempts", { name: "refresh-user", quota: 1, windowSeconds: 60 }, 42);
  const thrown = new GraphQLError(refusal.message, { originalError: refusal, path: ["refreshCredentials"] });
  const shown = new PublicErrors(schema, pino({ level: "silent" })).toPublic(thrown);
  expect(shown.toJSON()).toMatchObject({
    message: "Too many attempts. Nothing was tried. Try again in 42 s.",
    path: ["refreshCredentials"],
    extensions: { code: "RATE_LIMITED", retryAfter: 42 },
  });
});
