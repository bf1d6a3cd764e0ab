import { expect, test } from "vitest";
import { transports } from "../http/graphql/echo.ts";
import { startTestApp } from "../support/test-app.ts";

const query = "mutation ($input: ImportCredentialInput!) { importCredential(input: $input) { __typename } }";
const wrongDates = [
  "",
  "tomorrow",
  "2026-11-28",
  "2026-13-40T25:61:61Z",
  "+275760-09-13T00:00:00.001Z",
  "0000-06-01T00:00:00Z",
  "0001-01-01T00:00:00+01:00",
  "9999-12-31T23:59:59-01:00",
  0,
  true,
  {},
  [],
];

const { GET: _get, ...posts } = transports;

test.each(Object.entries(posts))("over %s a text that is no date-time is its sender's fault", async (_name, send) => {
  await using server = await startTestApp();
  const token = await server.token("alice");
  for (const expiresAt of wrongDates) {
    const input = { provider: "anthropic", accessToken: "x", expiresAt };
    const { errors } = await send(server, token, { query, variables: { input } });
    expect(errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT" } }]);
    expect(errors[0]!.message).toMatch(/at \.expiresAt: .*Expected an RFC 3339 date-time/);
  }
  const inline =
    'mutation { importCredential(input: { provider: "x", accessToken: "x", expiresAt: "soon" }) { __typename } }';
  const { errors } = await send(server, token, { query: inline });
  expect(errors).toMatchObject([{ extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }]);
  expect(server.logs.join("")).not.toContain("failed unexpectedly");
});
