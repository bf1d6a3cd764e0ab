import { expect, test } from "vitest";
import { startTestApp } from "../support/test-app.ts";
import { post } from "./http-request.ts";

test("a browser is let through from a listed origin, and told what it may send and read", async () => {
  const origin = "https://app.example.com";
  await using server = await startTestApp({ environment: { ALLOWED_ORIGINS: `${origin},https://other.example.com` } });
  const preflight = await fetch(`${server.baseUrl}/graphql`, {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" },
  });
  expect(preflight.status).toBe(204);
  expect(Object.fromEntries(preflight.headers)).toMatchObject({
    "access-control-allow-origin": origin,
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "authorization, content-type, x-on-behalf-of",
    vary: "origin",
  });
  const response = await post(server, { headers: { origin } });
  expect(response.headers.get("access-control-allow-origin")).toBe(origin);
  expect(response.headers.get("access-control-expose-headers")).toBe(
    "www-authenticate, retry-after, ratelimit, ratelimit-policy",
  );
  expect(response.headers.get("access-control-allow-credentials")).toBeNull();
  const refused = await post(server, { headers: { origin, authorization: null } });
  expect(refused.headers.get("access-control-allow-origin")).toBe(origin);
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
