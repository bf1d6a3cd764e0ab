import { printSchema } from "graphql";
import { expect, test } from "vitest";
import { schema } from "../../../src/graphql/schema.ts";
import { startTestApp } from "../../support/test-app.ts";
import { read, readPolicy, visit, visitAs } from "./page-visit.ts";

const production = { NODE_ENV: "production" };

test("the page says what this is, and links to what is there", async () => {
  await using server = await startTestApp({ environment: { SANDBOX: "true", METRICS: "true" } });
  const page = await visit(server.baseUrl);
  expect(page.status).toBe(200);
  expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
  const html = await read(server.baseUrl);
  expect(html).toContain("self-hosted GraphQL API");
  const links = new Set(Array.from(html.matchAll(/<a href="([^"]+)"/g), ([, href]) => href!));
  expect([...links]).toEqual(["/graphql", "/schema.graphql", "/health", "/ready", "/metrics", server.app.sandboxUrl]);
  for (const href of links) expect((await visit(new URL(href, server.baseUrl).href)).status).toBe(200);
});

test("what is switched off is not linked to", async () => {
  await using server = await startTestApp({
    environment: { GRAPHIQL: "false", INTROSPECTION: "false", METRICS: "false" },
  });
  const html = await read(server.baseUrl);
  expect(html).not.toContain('href="/graphql"');
  expect(html).not.toContain('href="/schema.graphql"');
  expect(html).not.toContain('href="/metrics"');
  expect((await visit(`${server.baseUrl}/schema.graphql`)).status).toBe(404);
});

test("without JavaScript the content, the links and the providers are there, and no button that does nothing", async () => {
  await using server = await startTestApp({ environment: { SANDBOX: "true", OPENAI_API_KEY: "the-servers-key" } });
  const html = (await read(server.baseUrl)).replaceAll(/<script.*?<\/script>/gs, "");
  for (const name of ["Anthropic (Claude)", "Google (Gemini)", "OpenAI (ChatGPT)", "Sandbox"]) {
    expect(html).toContain(`<h3>${name}</h3>`);
  }
  expect(html).toMatch(/<section[^>]* data-still>.*README\.md/s);
  expect(html).toMatch(/<section[^>]* data-live hidden>.*<button id="begin"/s);
});

test("its policy allows one script and one style by their hashes, and requests to this server alone", async () => {
  await using server = await startTestApp({ environment: { SANDBOX: "true" } });
  const { headers } = await visit(server.baseUrl);
  const policy = readPolicy(headers["content-security-policy"]);
  const hash = expect.stringMatching(/^'sha256-[\w+/]{43}='$/);
  expect(Object.fromEntries(policy)).toEqual({
    "default-src": ["'none'"],
    "script-src": [hash],
    "connect-src": ["'self'"],
    "style-src": [hash],
    "img-src": ["data:"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'none'"],
    "require-trusted-types-for": ["'script'"],
  });
  const html = await read(server.baseUrl);
  expect(html).not.toMatch(/ style=| on\w+=/);
});

test("it is compressed once; a visitor who has it gets 304, and HEAD its headers alone", async () => {
  await using server = await startTestApp();
  const page = await visit(server.baseUrl);
  expect(page.headers).toMatchObject({
    "content-encoding": "gzip",
    "content-length": String(page.body.length),
    "cache-control": "private, no-cache",
    vary: "accept, accept-encoding",
    etag: expect.stringMatching(/^"[\w-]{22}"$/),
  });
  const again = await visit(server.baseUrl, { "if-none-match": String(page.headers.etag) });
  expect(again).toMatchObject({ status: 304, body: Buffer.alloc(0) });
  const head = await visit(server.baseUrl, {}, "HEAD");
  expect(head).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  expect(head.headers["content-length"]).toBe(String(page.body.length));
  const plain = await visit(server.baseUrl, { "accept-encoding": "identity" });
  expect(plain.headers["content-encoding"]).toBeUndefined();
  expect(plain.body.toString()).toBe(await read(server.baseUrl));
});

test("under a foreign `Host` the page, and with it the token, is refused: it may be DNS rebinding", async () => {
  await using server = await startTestApp();
  const { port } = new URL(server.baseUrl);
  for (const host of [`attacker.example:${port}`, "attacker.example", "localhost:1", "localhost"]) {
    const { status, body } = await visitAs(host, `${server.baseUrl}/`);
    expect(status).toBe(421);
    expect(body.toString()).not.toContain("eyJ");
  }
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
    const { status, body } = await visitAs(host, `${server.baseUrl}/`);
    expect(status).toBe(200);
    expect(body.toString()).toContain("eyJ");
  }
});

test("in production there is no page unless it is switched on", async () => {
  await using server = await startTestApp({ environment: production });
  const { status, headers } = await visit(server.baseUrl);
  expect(status).toBe(404);
  expect(headers["content-type"]).toBe("application/json; charset=utf-8");
});

test("in production it is text and links: no token, no script, nothing of the configuration, any `Host`", async () => {
  await using server = await startTestApp({ environment: { ...production, LANDING_PAGE: "true" } });
  const { headers } = await visit(server.baseUrl);
  const policy = readPolicy(headers["content-security-policy"]);
  expect(policy.get("default-src")).toEqual(["'none'"]);
  expect(policy.has("script-src")).toBe(false);
  expect(policy.has("connect-src")).toBe(false);
  const html = await read(server.baseUrl);
  expect(html).not.toMatch(/<script|eyJ|<button|OAuth: /);
  expect(html).toContain('<a href="/health">');
  expect(html).not.toContain('href="/graphql"');
  expect((await visitAs("auth.internal", `${server.baseUrl}/`)).status).toBe(200);
});

test("where an identity provider issues the tokens, it is text and links in development too", async () => {
  const identityProvider = {
    AUTH_JWT_SECRET: "",
    AUTH_JWKS_URL: "http://127.0.0.1:9/jwks",
    AUTH_ISSUER: "http://127.0.0.1:9/",
    AUTH_AUDIENCE: "maestro-auth",
  };
  await using server = await startTestApp({ environment: identityProvider });
  expect(await read(server.baseUrl)).not.toMatch(/<script|<button/);
});

test("with LANDING_PAGE=false a browser is led on to GraphiQL", async () => {
  await using server = await startTestApp({ environment: { LANDING_PAGE: "false" } });
  const { status, headers } = await visit(server.baseUrl);
  expect([status, headers.location]).toEqual([302, "/graphql"]);
});

test("the icon is there for whoever asks for it by its old name", async () => {
  await using server = await startTestApp({ environment: production });
  const { status, headers, body } = await visit(`${server.baseUrl}/favicon.ico`);
  expect([status, headers["content-type"]]).toEqual([200, "image/svg+xml"]);
  expect(body.toString()).toMatch(/^<svg /);
});

test("the schema is there as text, where introspection is allowed", async () => {
  await using server = await startTestApp();
  const { headers, body } = await visit(`${server.baseUrl}/schema.graphql`);
  expect(headers["content-type"]).toBe("text/plain; charset=utf-8");
  expect(body.toString()).toBe(printSchema(schema));
  await using closed = await startTestApp({ environment: production });
  expect((await visit(`${closed.baseUrl}/schema.graphql`)).status).toBe(404);
});

test.each(["/", "/favicon.ico", "/schema.graphql"])("%s can only be read", async (path) => {
  await using server = await startTestApp();
  const { status, headers } = await visit(server.baseUrl + path, {}, "POST");
  expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
});
