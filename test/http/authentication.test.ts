import { expect, test } from "vitest";
import { authenticateMutation } from "../client/operations.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { startTestApp } from "../support/test-app.ts";
import { codeOf, post, query } from "./http-request.ts";
import { RawConnection } from "./raw-connection.ts";

const unauthenticated = {
  "no authorization": { authorization: null, challenge: 'Bearer realm="maestro-auth"' },
  "an empty authorization": { authorization: "" },
  "another scheme": { authorization: "Basic YWxpY2U6c2VjcmV0" },
  "a scheme without a token": { authorization: "Bearer" },
  "two tokens": { authorization: "Bearer a b" },
  "a token that is no JWT": { authorization: "Bearer opaque" },
  "a token that nobody signed": {
    authorization: "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImV4cCI6OTk5OTk5OTk5OX0.",
  },
};

test.each(Object.entries(unauthenticated))(
  "%s is 401 with a challenge, and nothing is executed",
  async (_name, row) => {
    await using provider = await startMockProvider("anthropic");
    await using server = await startTestApp({ environment: { ANTHROPIC_API_BASE_URL: provider.baseUrl } });
    const { challenge = 'Bearer realm="maestro-auth", error="invalid_token"', authorization } = {
      challenge: undefined,
      ...row,
    };
    const variables = { input: { provider: "anthropic", credential: { apiKey: provider.key } } };
    const response = await post(server, {
      headers: { authorization },
      body: JSON.stringify({ query: authenticateMutation.toString(), variables }),
    });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe(challenge);
    expect(await codeOf(response)).toBe("UNAUTHENTICATED");
    expect(provider.requests).toEqual([]);
    // Of a stranger's request not even the body is read.
    expect((await post(server, { headers: { authorization }, body: "{" })).status).toBe(401);
  },
);

test("an expired token is 401", async () => {
  await using server = await startTestApp();
  const authorization = `Bearer ${await server.token("alice", { lifetime: -60 })}`;
  const response = await post(server, { headers: { authorization } });
  expect(response.status).toBe(401);
  expect(response.headers.get("www-authenticate")).toContain('error="invalid_token"');
});

test("while the identity provider's keys cannot be read every token is 503, without a challenge", async () => {
  await using server = await startTestApp({
    environment: {
      AUTH_JWT_SECRET: "",
      AUTH_JWKS_URL: "http://127.0.0.1:1/jwks.json",
      AUTH_ISSUER: "https://login.example.com",
      AUTH_AUDIENCE: "maestro-auth",
    },
  });
  const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln";
  const response = await fetch(`${server.baseUrl}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  });
  expect(response.status).toBe(503);
  expect(response.headers.get("www-authenticate")).toBeNull();
  expect(await codeOf(response)).toBe("IDENTITY_PROVIDER_UNAVAILABLE");
});

test("acting for another user without the scope for it is 403", async () => {
  await using server = await startTestApp();
  const response = await post(server, { headers: { "x-on-behalf-of": "bob" } });
  expect(response.status).toBe(403);
  expect(response.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
  expect(await codeOf(response)).toBe("FORBIDDEN");
});

test("with the scope for it a service acts for the user that its header names", async () => {
  await using server = await startTestApp();
  const authorization = `Bearer ${await server.token("service", { scopes: ["users:act"] })}`;
  const response = await post(server, { headers: { authorization, "x-on-behalf-of": "bob" } });
  expect(await response.json()).toMatchObject({ data: { viewer: { userId: "bob" } } });
});

test.each([
  ["an empty user id", ["x-on-behalf-of: "]],
  ["a very long user id", [`x-on-behalf-of: ${"x".repeat(256)}`]],
  ["two user ids", ["x-on-behalf-of: alice", "x-on-behalf-of: bob"]],
])("%s is 403 for a service too", async (_name, headers) => {
  await using server = await startTestApp();
  await using connection = await RawConnection.open(server.baseUrl);
  const body = JSON.stringify({ query });
  connection.write(
    [
      "POST /graphql HTTP/1.1",
      "host: localhost",
      "connection: close",
      "content-type: application/json",
      `content-length: ${body.length}`,
      `authorization: Bearer ${await server.token("service", { scopes: ["users:act"] })}`,
      ...headers,
    ],
    body,
  );
  expect(await connection.received()).toMatch(/^HTTP\/1.1 403 .*must be one user id/s);
});

test("a user id in UTF-8 names that user, and bytes that are not UTF-8 name nobody", async () => {
  await using server = await startTestApp();
  const authorization = `Bearer ${await server.token("service", { scopes: ["users:act"] })}`;
  const latin1 = Buffer.from("Zoë 用户").toString("latin1");
  const response = await post(server, { headers: { authorization, "x-on-behalf-of": latin1 } });
  expect(await response.json()).toMatchObject({ data: { viewer: { userId: "Zoë 用户" } } });
  const refused = await post(server, { headers: { authorization, "x-on-behalf-of": "\xe9" } });
  expect(refused.status).toBe(403);
});
