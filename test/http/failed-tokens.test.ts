import { expect, test } from "vitest";
import { viewerQuery } from "../client/operations.ts";
import { startTestApp, type TestApp } from "../support/test-app.ts";
import { codeOf, post, query } from "./http-request.ts";
import { ProtocolSocket } from "./websocket/protocol-socket.ts";

const limits = { "failed-token-ip": { points: 3, seconds: 600 } };
const start = (environment: Record<string, string> = {}) => startTestApp({ rateLimits: limits, environment });

const badTokens = { authorization: "Bearer eyJhbGciOiJub25lIn0.e30." };

async function closeOf(server: TestApp, authorization: unknown): Promise<readonly [code: number, reason: string]> {
  await using socket = await ProtocolSocket.open(server.baseUrl);
  socket.send({ type: "connection_init", payload: { authorization } });
  return await socket.closed;
}

/** Fails as often as the limit allows, over HTTP. */
async function spendLimit(server: TestApp): Promise<void> {
  for (let failed = 0; failed < 3; failed++) expect((await post(server, { headers: badTokens })).status).toBe(401);
}

test("too many bad tokens over HTTP are answered with 429, and told when to come back", async () => {
  await using server = await start();
  await spendLimit(server);
  const refused = await post(server, { headers: badTokens });
  expect(refused.status).toBe(429);
  const seconds = Number(refused.headers.get("retry-after"));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(600);
  expect(refused.headers.get("ratelimit")).toBe(`"failed-token-ip";r=0;t=${seconds}`);
  expect(refused.headers.get("ratelimit-policy")).toBe('"failed-token-ip";q=3;w=600');
  expect(refused.headers.get("www-authenticate")).toBeNull();
  expect(await refused.json()).toEqual({
    errors: [
      {
        message: `Too many invalid tokens from this address. Nothing was tried. Try again in ${seconds} s.`,
        extensions: { code: "RATE_LIMITED", retryAfter: seconds },
      },
    ],
  });
});

test("and so they are over SSE", async () => {
  await using server = await start();
  await spendLimit(server);
  const refused = await post(server, { headers: { ...badTokens, accept: "text/event-stream" } });
  expect(refused.status).toBe(429);
  expect(refused.headers.get("content-type")).toContain("application/json");
  expect(await codeOf(refused)).toBe("RATE_LIMITED");
});

test("over WebSocket the socket is closed with 1013, after which clients wait and come back", async () => {
  await using server = await start();
  for (let failed = 0; failed < 3; failed++) expect((await closeOf(server, badTokens.authorization))[0]).toBe(4403);
  const [code, reason] = await closeOf(server, badTokens.authorization);
  expect(code).toBe(1013);
  expect(reason).toMatch(/^Too many tokens from this address are not valid\. Come back in \d+ s with a new one\.$/);
});

test("bad tokens of all transports count together", async () => {
  await using server = await start();
  expect((await post(server, { headers: badTokens })).status).toBe(401);
  expect((await post(server, { headers: { ...badTokens, accept: "text/event-stream" } })).status).toBe(401);
  expect((await closeOf(server, badTokens.authorization))[0]).toBe(4403);
  expect((await post(server, { headers: badTokens })).status).toBe(429);
  expect((await closeOf(server, badTokens.authorization))[0]).toBe(1013);
});

test("a good token is never refused for its neighbours' bad ones, on no transport", async () => {
  await using server = await start();
  await spendLimit(server);
  expect((await post(server, { headers: badTokens })).status).toBe(429);
  expect((await post(server)).status).toBe(200);
  expect((await post(server, { headers: { accept: "text/event-stream" } })).status).toBe(200);
  await using socket = await ProtocolSocket.connect(server.baseUrl, await server.token("alice"));
  socket.subscribe("1", viewerQuery);
  expect(JSON.stringify(await socket.until(({ type }) => type === "complete"))).toContain('"alice"');
});

test("who sends no token has tried none", async () => {
  await using server = await start();
  for (let sent = 0; sent < 5; sent++) {
    expect((await post(server, { headers: { authorization: null } })).status).toBe(401);
    expect((await closeOf(server, undefined))[0]).toBe(4403);
  }
});

test("a token that lacks a scope, and one that cannot be checked, are no bad tokens", async () => {
  await using server = await start();
  for (let sent = 0; sent < 5; sent++) {
    expect((await post(server, { headers: { "x-on-behalf-of": "bob" } })).status).toBe(403);
  }
  await using away = await start({
    AUTH_JWT_SECRET: "",
    AUTH_JWKS_URL: "http://127.0.0.1:1/jwks.json",
    AUTH_ISSUER: "https://login.example.com",
    AUTH_AUDIENCE: "maestro-auth",
  });
  const authorization = "Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln";
  for (let sent = 0; sent < 5; sent++) {
    const response = await fetch(`${away.baseUrl}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization },
      body: JSON.stringify({ query }),
    });
    expect(response.status).toBe(503);
  }
});

test("each address has its own count, an IPv6 network one", async () => {
  await using server = await start({ TRUSTED_PROXY_HOPS: "1" });
  const from = async (address: string) =>
    (await post(server, { headers: { ...badTokens, "x-forwarded-for": address } })).status;
  for (let failed = 0; failed < 3; failed++) expect(await from(`2001:db8::${failed}`)).toBe(401);
  expect(await from("2001:db8::ffff")).toBe(429);
  expect(await from("2001:db8:0:1::1")).toBe(401);
  expect(await from("203.0.113.7")).toBe(401);
});

test("the log tells once of an address whose tokens are refused", async () => {
  await using server = await start();
  await spendLimit(server);
  for (let refused = 0; refused < 4; refused++) await post(server, { headers: badTokens });
  expect(server.logs.filter((line) => line.includes("too many tokens from one address"))).toHaveLength(1);
});
