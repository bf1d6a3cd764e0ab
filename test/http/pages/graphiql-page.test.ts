import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { OwnHosts } from "../../../src/http/own-hosts.ts";
import { graphiqlPage } from "../../../src/http/pages/graphiql/graphiql.ts";
import { startTestApp } from "../../support/test-app.ts";
import { readPolicy, visit, visitAs } from "./page-visit.ts";

test("the page is compressed, and a visitor who has it already gets 304", async () => {
  await using server = await startTestApp();
  const page = await visit(`${server.baseUrl}/graphql`);
  expect(page.status).toBe(200);
  expect(page.headers).toMatchObject({
    "content-type": "text/html; charset=utf-8",
    "content-encoding": "gzip",
    "content-length": String(page.body.length),
    "cache-control": "private, no-cache",
    etag: expect.stringMatching(/^"[\w-]{22}"$/),
  });
  const etag = String(page.headers.etag);
  for (const known of [etag, `W/${etag}`, `"another", ${etag}`]) {
    const again = await visit(`${server.baseUrl}/graphql`, { "if-none-match": known });
    expect(again.status).toBe(304);
    expect(again.headers.etag).toBe(etag);
    expect(again.body).toHaveLength(0);
  }
  expect((await visit(`${server.baseUrl}/graphql`, { "if-none-match": '"another"' })).status).toBe(200);
});

test("the page names no other host to load from, and its Content-Security-Policy allows none", async () => {
  await using server = await startTestApp();
  const { headers, body } = await visit(`${server.baseUrl}/graphql`);
  const policy = readPolicy(headers["content-security-policy"]);
  expect(policy.get("default-src")).toEqual(["'none'"]);
  expect(policy.get("connect-src")).toEqual(["'self'"]);
  expect(policy.get("frame-ancestors")).toEqual(["'none'"]);
  // Nothing but the page's own three scripts, whatever a description or an error message should smuggle in.
  const hash = expect.stringMatching(/^'sha256-/);
  expect(policy.get("script-src")).toEqual([hash, hash, hash]);
  expect(String(headers["content-security-policy"])).not.toMatch(/https?:|wss?:|\*/);

  const markup = gunzipSync(body)
    .toString()
    .replaceAll(/<script>.*?<\/script>/gs, "");
  const addresses = [...markup.matchAll(/(?:src|href|action)=["']?|url\(["']?|@import\s*["']?/g)].map(
    ({ index, 0: match }) => markup.slice(index + match.length, index + match.length + 20),
  );
  expect(addresses).not.toHaveLength(0);
  expect(addresses.filter((address) => !/^(data:|#)/.test(address))).toEqual([]);
});

test("under a foreign `Host` the page, and with it the token, is refused: it may be DNS rebinding", async () => {
  await using server = await startTestApp();
  const { port } = new URL(server.baseUrl);
  for (const host of [`attacker.example:${port}`, "attacker.example", "localhost:1", "localhost"]) {
    const { status, body } = await visitAs(host, `${server.baseUrl}/graphql`);
    expect(status).toBe(421);
    expect(body.toString()).not.toContain("Bearer");
  }
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
    expect((await visitAs(host, `${server.baseUrl}/graphql`)).status).toBe(200);
  }
});

test("with GRAPHIQL=false there is no page", async () => {
  await using server = await startTestApp({ environment: { GRAPHIQL: "false" } });
  const { status, headers } = await visit(`${server.baseUrl}/graphql`);
  expect(status).toBe(405);
  expect(headers["content-type"]).toBe("application/json; charset=utf-8");
});

test("whoever cannot read gzip gets the same page as it is, and HEAD its headers alone", async () => {
  await using server = await startTestApp();
  const url = `${server.baseUrl}/graphql`;
  const compressed = await visit(url);
  const plain = await visit(url, { "accept-encoding": "gzip;q=0, identity" });
  expect(plain.headers["content-encoding"]).toBeUndefined();
  expect(plain.body.equals(gunzipSync(compressed.body))).toBe(true);
  const head = await visit(url, {}, "HEAD");
  expect(head.status).toBe(200);
  expect(head.body).toHaveLength(0);
  expect(head.headers).toMatchObject({
    etag: compressed.headers.etag,
    "content-length": String(compressed.body.length),
  });
});

test("the token of the page is renewed in time, and the page is not rendered for each visit", async () => {
  let now = new Date("2030-01-01T00:00:00Z");
  let tokens = 0;
  const token = async () => `token-${++tokens}`;
  const providers = { example: "anthropic", sandbox: null };
  const page = graphiqlPage({
    token,
    hosts: new OwnHosts("http://localhost"),
    mayHaveToken: () => true,
    endpoint: "/graphql",
    providers,
    clock: { now: () => now },
  });
  await using server = createServer((request, response) => void page.handle(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  const visits = await Promise.all([visit(`http://${host}`), visit(`http://${host}`)]);
  expect(visits.map(({ body }) => /Bearer (token-\d)/.exec(gunzipSync(body).toString())?.[1])).toEqual([
    "token-1",
    "token-1",
  ]);
  now = new Date("2030-01-01T00:59:00Z");
  expect((await visit(`http://${host}`)).headers.etag).toBe(visits[0].headers.etag);
  now = new Date("2030-01-01T01:00:00Z");
  const renewed = await visit(`http://${host}`);
  expect(gunzipSync(renewed.body).toString()).toContain("Bearer token-2");
  expect(renewed.headers.etag).not.toBe(visits[0].headers.etag);
});
