import { afterAll, beforeAll, expect, test } from "vitest";
import { Secret } from "../../../src/lib/secret.ts";
import type { OAuthCodeExchange, ProviderAuth } from "../../../src/providers/provider-auth.ts";
import {
  audience,
  type IdTokenForgery,
  type IdTokenIssuer,
  startIdTokenIssuer,
} from "../../support/authorization-server/id-token-issuer.ts";
import { catalogEntry, createProvider, expectOAuth, loopbackUri, newFlow, refusal } from "./sign-in.ts";

let server: IdTokenIssuer;
let provider: ProviderAuth;

beforeAll(async () => {
  server = await startIdTokenIssuer();
  provider = createProvider(await catalogEntry("google"), {
    GOOGLE_OAUTH_CLIENT_ID: audience,
    GOOGLE_OAUTH_CLIENT_SECRET: "a secret",
    GOOGLE_OAUTH_ISSUER: server.issuer,
  });
});

afterAll(() => server[Symbol.asyncDispose]());

async function exchange(forgery: IdTokenForgery, changes: Partial<OAuthCodeExchange> = {}) {
  const { state, nonce, codeVerifier } = newFlow();
  server.nonce = nonce;
  server.forgery = forgery;
  const code = new Secret("a code");
  const usual = { code, state, nonce, codeVerifier, issuer: server.issuer, redirectUri: loopbackUri };
  return provider.exchangeOAuthCode({ ...usual, ...changes });
}

const now = Math.floor(Date.now() / 1000);

function changePayload(token: string): string {
  const [header, payload, signature] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload!, "base64url").toString()) as object;
  const changed = Buffer.from(JSON.stringify({ ...claims, sub: "mallory" })).toString("base64url");
  return [header, changed, signature].join(".");
}

function unsign(token: string): string {
  const header = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
  return [header, token.split(".")[1], ""].join(".");
}

test("a good ID token tells who the account is", async () => {
  const credentials = expectOAuth(await exchange({ claims: { email: "alice@example.test", hd: "example.test" } }));
  expect(credentials.account).toEqual({
    id: "alice",
    email: "alice@example.test",
    organization: "example.test",
    plan: null,
  });
});

test("a key that the issuer has taken up since its keys were fetched is looked for at once", async () => {
  await exchange({});
  await server.rotate();
  expect(expectOAuth(await exchange({})).account?.id).toBe("alice");
});

/** With what the log is to say of the reason. */
const forgeries: [string, IdTokenForgery, RegExp][] = [
  ["signed by somebody else", { strangerSigns: true }, /signature verification failed/],
  ["of another issuer", { claims: { iss: "https://evil.example" } }, /"iss"/],
  ["for another client", { claims: { aud: "somebody-else" } }, /"aud"/],
  ["for several clients, without saying for whom", { claims: { aud: [audience, "somebody-else"] } }, /"aud"/],
  ["with another nonce", { claims: { nonce: "of another flow" } }, /"nonce"/],
  ["without a nonce", { claims: { nonce: undefined } }, /"nonce"/],
  ["that has expired", { claims: { iat: now - 7200, exp: now - 3600 } }, /"exp"/],
  ["that is not valid yet", { claims: { nbf: now + 3600 } }, /"nbf"/],
  ["without an expiry", { claims: { exp: undefined } }, /"exp"/],
  ["without a subject", { claims: { sub: undefined } }, /"sub"/],
  ["whose content was changed", { tamper: changePayload }, /signature verification failed/],
  ["without a signature", { tamper: unsign }, /"alg"/],
  ["whose signature is not base64", { tamper: (token) => `${token.slice(0, token.lastIndexOf("."))}.***` }, /decoded/],
  ["that is no token", { tamper: () => "rubbish" }, /Invalid JWT/],
  ["that is missing", { tamper: () => null }, /"id_token"/],
];

test.each(forgeries)("an ID token %s is refused", async (_name, forgery, reason) => {
  const error = await refusal(exchange(forgery));
  expect(error.code).toBe("INVALID_CREDENTIAL");
  expect((error.cause as Error).message).toMatch(reason);
});

test.each([
  ["of another server (RFC 9207)", "https://evil.example"],
  ["that the server promises and does not send", null],
])("an issuer %s ends the exchange before the code is sent", async (_name, issuer) => {
  const error = await refusal(exchange({}, { issuer }));
  expect(error.code).toBe("INVALID_CREDENTIAL");
});

test("a discovery document of another issuer is not used (OpenID Connect Discovery, section 4.3)", async () => {
  await using lonely = await startIdTokenIssuer();
  const other = createProvider(await catalogEntry("google"), {
    GOOGLE_OAUTH_CLIENT_ID: audience,
    GOOGLE_OAUTH_CLIENT_SECRET: "a secret",
    GOOGLE_OAUTH_ISSUER: `${lonely.issuer}/another`,
  });
  expect((await refusal(other.initiateOAuthFlow(newFlow()))).code).toBe("PROVIDER_UNAVAILABLE");
});

test("an issuer that begins to sign with a new key costs nobody the code, and its keys are read once for it", async () => {
  await using issuer = await startIdTokenIssuer();
  const rotating = createProvider(await catalogEntry("google"), {
    GOOGLE_OAUTH_CLIENT_ID: audience,
    GOOGLE_OAUTH_CLIENT_SECRET: "a secret",
    GOOGLE_OAUTH_ISSUER: issuer.issuer,
  });
  const signIn = async () => {
    const { state, nonce, codeVerifier } = newFlow();
    issuer.nonce = nonce;
    const usual = { state, nonce, codeVerifier, issuer: issuer.issuer, redirectUri: loopbackUri };
    return expectOAuth(await rotating.exchangeOAuthCode({ ...usual, code: new Secret("a code") })).account?.id;
  };
  expect([await signIn(), await signIn()]).toEqual(["alice", "alice"]);
  expect(issuer.keyRequests).toBe(1);
  await issuer.rotate();
  expect([await signIn(), await signIn()]).toEqual(["alice", "alice"]);
  expect(issuer.keyRequests).toBe(2);
});
