import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkOAuthEndpoints } from "../../../../src/cli/commands/doctor/oauth-endpoints.ts";
import { checkTrustedDocuments } from "../../../../src/cli/commands/doctor/trusted-documents.ts";
import { ConfigError } from "../../../../src/config/config.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { load } from "../../../support/test-config.ts";

/** Answers each path with a status, and remembers how it was asked. */
async function authorizationServer(statuses: Readonly<Record<string, number>>) {
  const asked: string[] = [];
  const server = createServer(({ method, url }, response) => {
    asked.push(`${method} ${url}`);
    response.writeHead(statuses[url!] ?? 404).end("{}");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, asked, [Symbol.asyncDispose]: async () => void server.close() };
}

const check = (variables: Readonly<Record<string, string>>) => checkOAuthEndpoints(load(variables), "google")?.();

test("each address that the operator has set for OAuth is asked, with nothing that could do anything", async () => {
  const paths = {
    "/.well-known/openid-configuration": 200,
    "/auth": 200,
    "/token": 400,
    "/revoke": 400,
    "/device": 401,
  };
  await using server = await authorizationServer(paths);
  const variables = {
    GOOGLE_OAUTH_ISSUER: server.origin,
    GOOGLE_OAUTH_AUTHORIZATION_URL: `${server.origin}/auth`,
    GOOGLE_OAUTH_TOKEN_URL: `${server.origin}/token`,
    GOOGLE_OAUTH_REVOCATION_URL: `${server.origin}/revoke`,
    GOOGLE_OAUTH_DEVICE_URL: `${server.origin}/device`,
  };
  expect(await check(variables)).toMatchObject({
    status: "ok",
    detail: expect.stringContaining("GOOGLE_OAUTH_ISSUER"),
  });
  expect(server.asked.toSorted()).toEqual([
    "GET /.well-known/openid-configuration",
    "GET /auth",
    "POST /device",
    "POST /revoke",
    "POST /token",
  ]);
});

test.each([
  ["ISSUER", "", {}, /openid-configuration \(GOOGLE_OAUTH_ISSUER\) has no such path \(HTTP 404\)/],
  ["TOKEN_URL", "/token", { "/token": 503 }, /\/token \(GOOGLE_OAUTH_TOKEN_URL\) is out of order \(HTTP 503\)/],
  ["DEVICE_URL", "/device", {}, /\/device \(GOOGLE_OAUTH_DEVICE_URL\) has no such path/],
])("GOOGLE_OAUTH_%s that is wrong is named", async (name, path, statuses, cause) => {
  await using server = await authorizationServer(statuses);
  const finding = await check({ [`GOOGLE_OAUTH_${name}`]: `${server.origin}${path}` });
  expect(finding).toMatchObject({ status: "fail", cause: expect.stringMatching(cause) });
});

test("one that nobody answers at is named, without what its query holds", async () => {
  const server = await authorizationServer({});
  await server[Symbol.asyncDispose]();
  const finding = await check({ GOOGLE_OAUTH_TOKEN_URL: `${server.origin}/token?key=canary` });
  expect(finding).toMatchObject({ status: "fail", cause: expect.stringContaining("does not answer (ECONNREFUSED)") });
  expect(JSON.stringify(finding)).not.toContain("canary");
});

test("where the operator has set none, nothing is asked", () => {
  expect(check({})).toBeUndefined();
});

test("trusted documents are read as a start reads them", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "documents.json");
  const checkFile = () => checkTrustedDocuments(load({ TRUSTED_DOCUMENTS: file }));
  await expect(checkFile()).rejects.toThrow(ConfigError);
  await writeFile(file, JSON.stringify({ one: "{ viewer { noSuchField } }" }));
  await expect(checkFile()).rejects.toThrow(/does not fit this server/);
  expect(await checkTrustedDocuments(load({}))).toMatchObject({ status: "skip" });
});
