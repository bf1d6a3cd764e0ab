import { SignJWT } from "jose";
import { expect, test } from "vitest";
import { faultOfAccessToken } from "../../src/callers/access-token.ts";
import { usualClaims } from "../../src/callers/token-claims.ts";
import { TokenVerifier } from "../../src/callers/token-verifier.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { startServer } from "../support/mock-provider/server.ts";
import { audience, IdentityProvider, issuer } from "./identity-provider.ts";

const fault = (typ: unknown, claims: object = {}) =>
  faultOfAccessToken(typ === undefined ? {} : { typ: typ as string }, { sub: "alice", ...claims }, usualClaims.types);

test.each([undefined, "JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])(
  "typ %s may be an access token",
  (typ) => {
    expect(fault(typ)).toBeNull();
  },
);

test.each(["logout+jwt", "dpop+jwt", "secevent+jwt", "id+jwt", "application/logout+jwt", "JOSE", "", 1])(
  "typ %j is another kind of token",
  (typ) => {
    expect(fault(typ)).toMatch(/typ/);
  },
);

test.each([
  ["an ID token with a nonce", { nonce: "n" }],
  ["an ID token with a nonce and a scope", { nonce: "n", scope: "credentials:read" }],
  ["an ID token with at_hash", { at_hash: "h", typ: "Bearer" }],
  ["an ID token with c_hash", { c_hash: "h" }],
  ["an ID token of Keycloak", { typ: "ID" }],
  ["a refresh token of Keycloak", { typ: "Refresh" }],
  ["an ID token of Cognito", { token_use: "id" }],
  ["a logout token", { events: { "http://schemas.openid.net/event/backchannel-logout": {} } }],
  ["a DPoP proof", { htm: "GET", htu: "https://example.com" }],
])("%s is no access token, whatever its header says", (_name, claims) => {
  for (const typ of [undefined, "JWT"]) expect(fault(typ, claims)).not.toBeNull();
});

test.each([
  ["Keycloak's, which repeats the nonce", undefined, { nonce: "n", typ: "Bearer" }],
  ["Cognito's", undefined, { token_use: "access" }],
  ["one that says so in its header", "at+jwt", { nonce: "n" }],
])("%s is an access token", (_name, typ, claims) => {
  expect(fault(typ, claims)).toBeNull();
});

test("times that no date can be made of are refused", async () => {
  await using provider = await IdentityProvider.start();
  const key = await provider.createKey("ES256", "1");
  provider.publish(key);
  const verifier = new TokenVerifier(provider.settings, systemClock);
  for (const claims of [{ exp: 1e300 }, { exp: 8.64e12 + 1 }, { exp: 253_402_300_800 }, { iat: -1e300 }]) {
    await expect(verifier.verify(await provider.sign(key, claims))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  }
  const { expiresAt } = await verifier.verify(await provider.sign(key, { exp: 253_402_300_799 }));
  expect(expiresAt.toISOString()).toBe("9999-12-31T23:59:59.000Z");
});

test("an ID token of the right issuer and audience does not pass", async () => {
  await using provider = await IdentityProvider.start();
  const key = await provider.createKey("ES256", "1");
  provider.publish(key);
  const verifier = new TokenVerifier(provider.settings, systemClock);
  const exp = Math.floor(Date.now() / 1_000) + 60;
  const token = await new SignJWT({ sub: "alice", iss: issuer, aud: audience, exp })
    .setProtectedHeader({ alg: "ES256", kid: "1", typ: "logout+jwt" })
    .sign(key.privateKey);
  await expect(verifier.verify(token)).rejects.toThrow(/not an access token/);
  await expect(verifier.verify(await provider.sign(key, { nonce: "n" }))).rejects.toThrow(/not an access token/);
});

test.each([
  ["too many bytes", { keys: [], padding: "x".repeat(300_000) }],
  ["too many keys", { keys: Array.from({ length: 5_000 }, () => ({})) }],
])("keys in an answer of %s are not read", async (_name, body) => {
  await using server = await startServer(
    () => ({ status: 200, body }),
    (status) => ({ status, body: "" }),
  );
  await using provider = await IdentityProvider.start();
  const key = await provider.createKey("ES256", "1");
  const settings = { kind: "jwks", url: new URL(`${server.baseUrl}/jwks.json`), issuer, audience } as const;
  await expect(new TokenVerifier(settings, systemClock).verify(await provider.sign(key))).rejects.toMatchObject({
    code: "IDENTITY_PROVIDER_UNAVAILABLE",
  });
});
