import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { checkIdentityProvider } from "../../../../src/cli/commands/doctor/identity-provider.ts";
import { load } from "../../../support/test-config.ts";

async function provider(status: number, body: string) {
  const server = createServer((_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, [Symbol.asyncDispose]: async () => void server.close() };
}

const configOf = (origin: string) =>
  load({
    AUTH_JWT_SECRET: "",
    AUTH_JWKS_URL: `${origin}/jwks?token=canary`,
    AUTH_ISSUER: "https://login.example.com/",
    AUTH_AUDIENCE: "maestro-auth",
  });

test.each([
  [200, '{"keys":[{"kty":"RSA"}]}', { status: "ok", detail: expect.stringMatching(/^1 key at http/) }],
  [200, '{"keys":[]}', { status: "fail", cause: expect.stringContaining("has no keys") }],
  [200, "<html>", { status: "fail", cause: expect.stringContaining("cannot be read (SyntaxError)") }],
  [404, "{}", { status: "fail", cause: expect.stringContaining("answers 404") }],
] as const)("an identity provider that answers %i with %s", async (status, body, finding) => {
  await using server = await provider(status, body);
  expect(await checkIdentityProvider(configOf(server.origin))).toMatchObject(finding);
});

test("an identity provider that cannot be reached is told with cause and cure, and no more of its address than its origin", async () => {
  const finding = await checkIdentityProvider(configOf("http://127.0.0.1:1"));
  expect(finding).toMatchObject({
    status: "fail",
    cause: expect.stringContaining("http://127.0.0.1:1 cannot be read"),
  });
  expect(JSON.stringify(finding)).not.toContain("canary");
});

test("without an identity provider nothing is asked", async () => {
  expect(await checkIdentityProvider(load({}))).toMatchObject({ status: "skip" });
});
