import { once } from "node:events";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { basePathOf, withoutBasePath } from "../../src/http/base-path.ts";
import { viewerQuery } from "../client/operations.ts";
import { startTestApp } from "../support/test-app.ts";
import { read, visit } from "./pages/page-visit.ts";

const prefixed = { PUBLIC_URL: "http://127.0.0.1:4999/auth", SANDBOX: "true" };

test.each([
  ["https://auth.example.com", ""],
  ["https://auth.example.com/", ""],
  ["https://app.example.com/auth", "/auth"],
  ["https://app.example.com/a/b/", "/a/b"],
])("the base path of %s is '%s'", (publicUrl, basePath) => {
  expect(basePathOf(publicUrl)).toBe(basePath);
});

test.each([
  ["/auth/graphql?x=1", "/graphql?x=1"],
  ["/auth", "/"],
  ["/auth?x=1", "/?x=1"],
  ["/auth/", "/"],
  ["/graphql", "/graphql"],
  ["/authority", "/authority"],
  ["/auth/auth/google/callback", "/auth/google/callback"],
])("below /auth, a request for %s means %s", (url, expected) => {
  expect(withoutBasePath(url, "/auth")).toBe(expected);
});

test("without a base path no request is changed", () => {
  expect(withoutBasePath("/auth/google/callback", "")).toBe("/auth/google/callback");
});

test("every link and every request of the landing page begins with the base path, and leads somewhere", async () => {
  await using server = await startTestApp({ environment: prefixed });
  const html = await read(`${server.baseUrl}/auth/`);
  const links = Array.from(html.matchAll(/<a href="(\/[^"]*)"/g), ([, href]) => href!);
  expect(links).toContain("/auth/graphql");
  for (const href of links) {
    expect(href).toMatch(/^\/auth\//);
    expect((await visit(`${server.baseUrl}${href}`)).status).toBe(200);
  }
  expect(html).toContain('"endpoint":"/auth/graphql"');
});

test("GraphiQL sends its operations below the base path", async () => {
  await using server = await startTestApp({ environment: prefixed });
  expect(await read(`${server.baseUrl}/auth/graphql`)).toContain('"endpoint":"/auth/graphql"');
});

test("a redirect to GraphiQL stays below the base path", async () => {
  await using server = await startTestApp({ environment: { ...prefixed, LANDING_PAGE: "false" } });
  expect((await visit(`${server.baseUrl}/auth/`)).headers["location"]).toBe("/auth/graphql");
});

test.each(["/graphql", "/auth/graphql"])(
  "the API answers at %s, whether or not the proxy removes the prefix",
  async (path) => {
    await using server = await startTestApp({ environment: prefixed });
    const authorization = `Bearer ${await server.token("alice")}`;
    const response = await fetch(`${server.baseUrl}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization },
      body: JSON.stringify({ query: viewerQuery.toString() }),
    });
    expect(await response.json()).toMatchObject({ data: { viewer: expect.anything() } });
    const socket = new WebSocket(`${server.baseUrl.replace("http", "ws")}${path}`, "graphql-transport-ws");
    await once(socket, "open");
    socket.terminate();
  },
);

test("a provider's callback works below a base path that has its own name", async () => {
  await using server = await startTestApp({ environment: prefixed });
  for (const path of ["/auth/google/callback", "/auth/auth/google/callback"]) {
    expect((await visit(`${server.baseUrl}${path}?code=a&state=b`)).status).toBe(400);
  }
});
