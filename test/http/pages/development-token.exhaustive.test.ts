import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { startTestApp } from "../../support/test-app.ts";
import { faultsOf, load } from "../../support/test-config.ts";
import { read, visit, visitAs } from "./page-visit.ts";

const token = /eyJ[\w-]+\.[\w-]+\.[\w-]+/;
const outside = { PUBLIC_URL: "http://maestro.example.com" };

test.each([
  [{}, "local"],
  [{ HOST: "::1" }, "local"],
  [{ HOST: "0.0.0.0" }, "nobody"],
  [{ HOST: "::" }, "nobody"],
  [{ HOST: "192.168.1.5" }, "nobody"],
  [{ PUBLIC_URL: "https://tunnel.example.com" }, "nobody"],
  [{ HOST: "0.0.0.0", DEVELOPMENT_TOKEN: "anyone" }, "anyone"],
  [{ HOST: "0.0.0.0", DEVELOPMENT_TOKEN: "local" }, "local"],
  [{ NODE_ENV: "production" }, "nobody"],
])("with %j a token is for %s", (variables, readers) => {
  expect(load(variables).developmentToken).toBe(readers);
});

test("production gives none, and other words are a fault", () => {
  expect(faultsOf({ NODE_ENV: "production", DEVELOPMENT_TOKEN: "anyone" })).toEqual(["DEVELOPMENT_TOKEN"]);
  expect(faultsOf({ DEVELOPMENT_TOKEN: "everybody" })).toEqual(["DEVELOPMENT_TOKEN"]);
});

test("pages of a server that others can reach have no token, unless a variable says so", async () => {
  await using server = await startTestApp({ environment: outside });
  for (const path of ["/", "/graphql"]) expect(await read(server.baseUrl + path)).not.toMatch(token);
  await using open = await startTestApp({ environment: { ...outside, DEVELOPMENT_TOKEN: "anyone" } });
  for (const path of ["/", "/graphql"]) expect(await read(open.baseUrl + path)).toMatch(token);
});

test.each(["forwarded", "x-forwarded-for", "x-forwarded-host", "via", "x-real-ip", "cf-connecting-ip"])(
  "a visitor that a proxy on this machine brings (%s) finds no token, and a direct one does",
  async (name) => {
    await using server = await startTestApp();
    for (const path of ["/", "/graphql"]) {
      const { body } = await visit(server.baseUrl + path, { [name]: "for=203.0.113.9" });
      expect(gunzipSync(body).toString()).not.toMatch(token);
      expect(await read(server.baseUrl + path)).toMatch(token);
    }
  },
);

test.each([
  [{ "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" }, false],
  [{ "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" }, false],
  [{ "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }, false],
  [{ "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" }, true],
  [{ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }, true],
  [{ "sec-fetch-site": "none", "sec-fetch-mode": "navigate" }, true],
])("a browser's request with %j finds a token: %s", async (headers, hasToken) => {
  await using server = await startTestApp();
  const { body } = await visit(server.baseUrl, headers);
  expect(token.test(gunzipSync(body).toString())).toBe(hasToken);
});

test("metrics and the schema are given out under the server's own names only", async () => {
  await using server = await startTestApp({ environment: { METRICS: "true", INTROSPECTION: "true" } });
  const { port } = new URL(server.baseUrl);
  for (const path of ["/metrics", "/schema.graphql"]) {
    for (const host of ["rebound.example", `rebound.example:${port}`]) {
      const { status, body } = await visitAs(host, server.baseUrl + path);
      expect(status).toBe(421);
      expect(body.toString()).toContain("MISDIRECTED_REQUEST");
    }
    expect((await visitAs(`LOCALHOST:${port}`, server.baseUrl + path)).status).toBe(200);
  }
});

test("metrics with a token are given out under any name", async () => {
  await using server = await startTestApp({ environment: { METRICS: "true", METRICS_TOKEN: "x".repeat(32) } });
  expect((await visitAs("auth.internal:9000", `${server.baseUrl}/metrics`)).status).toBe(401);
});
