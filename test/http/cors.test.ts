import { expect, test } from "vitest";
import { startTestApp } from "../support/test-app.ts";
import { post } from "./http-request.ts";

const origin = "https://app.example.com";

async function preflightOf(baseUrl: string): Promise<Response> {
  return fetch(`${baseUrl}/graphql`, {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" },
  });
}

function allowedHeaders({ headers }: Response): string[] {
  return headers.get("access-control-allow-headers")!.split(", ");
}

test("a browser is let through from a listed origin, and told what it may send and read", async () => {
  await using server = await startTestApp({ environment: { ALLOWED_ORIGINS: `${origin},https://other.example.com` } });
  const preflight = await preflightOf(server.baseUrl);
  expect(preflight.status).toBe(204);
  expect(Object.fromEntries(preflight.headers)).toMatchObject({
    "access-control-allow-origin": origin,
    "access-control-allow-methods": "GET, POST",
    vary: "origin",
  });
  expect(allowedHeaders(preflight)).toEqual(
    expect.arrayContaining(["authorization", "content-type", "x-on-behalf-of", "traceparent", "baggage"]),
  );
  const response = await post(server, { headers: { origin } });
  expect(response.headers.get("access-control-allow-origin")).toBe(origin);
  expect(response.headers.get("access-control-expose-headers")).toBe(
    "www-authenticate, retry-after, ratelimit, ratelimit-policy",
  );
  expect(response.headers.get("access-control-allow-credentials")).toBeNull();
  const refused = await post(server, { headers: { origin, authorization: null } });
  expect(refused.headers.get("access-control-allow-origin")).toBe(origin);
});

/** What libraries for tracing, error reporting and GraphQL add in browsers by themselves. */
test.each(["traceparent", "tracestate", "baggage", "sentry-trace", "x-request-id", "apollographql-client-name"])(
  "a page may send %s without any configuration",
  async (name) => {
    await using server = await startTestApp({ environment: { ALLOWED_ORIGINS: origin } });
    expect(allowedHeaders(await preflightOf(server.baseUrl))).toContain(name);
  },
);

test("CORS_ALLOWED_HEADERS replaces what may be sent beside the API's own headers", async () => {
  const environment = { ALLOWED_ORIGINS: origin, CORS_ALLOWED_HEADERS: "X-Tenant, traceparent" };
  await using server = await startTestApp({ environment });
  expect(allowedHeaders(await preflightOf(server.baseUrl))).toEqual([
    "authorization",
    "content-type",
    "x-on-behalf-of",
    "x-tenant",
    "traceparent",
  ]);
});

test.each(["https://evil.example", "https://app.example.com:8443", "http://app.example.com", "null"])(
  "a browser is not let through from %s",
  async (origin) => {
    await using server = await startTestApp({ environment: { ALLOWED_ORIGINS: "https://app.example.com" } });
    const preflight = await fetch(`${server.baseUrl}/graphql`, { method: "OPTIONS", headers: { origin } });
    for (const response of [preflight, await post(server, { headers: { origin } })]) {
      expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
      expect(response.headers.get("vary")).toBe("origin");
    }
  },
);
