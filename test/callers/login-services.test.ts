import { readFileSync } from "node:fs";
import { SignJWT } from "jose";
import { expect, test } from "vitest";
import type { CallerError } from "../../src/callers/caller.ts";
import { signToken, TokenVerifier, type VerifiedToken } from "../../src/callers/token-verifier.ts";
import { loadConfig } from "../../src/config/config.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { requiredVariables } from "../support/test-config.ts";
import { IdentityProvider } from "./identity-provider.ts";

const page = readFileSync(new URL("../../docs/login-services.md", import.meta.url), "utf8");

/** The settings that the page gives for a service. */
function settingsOf(service: string): Record<string, string> {
  const [, block] = new RegExp(`^### ${service}$[^]*?\`\`\`sh\n([^]*?)\`\`\``, "m").exec(page)!;
  return Object.fromEntries(
    block!
      .trim()
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

const now = Math.floor(Date.now() / 1_000);
const times = { iat: now - 10, exp: now + 600 };
const forUsers = ["credentials:read", "credentials:write", "credentials:use", "sessions"];

interface Shape {
  readonly header?: object;
  readonly claims: Record<string, unknown>;
  readonly user: string;
  readonly scopes: readonly string[];
  readonly amr?: readonly string[];
  /** Tokens of the same service, with the claims that differ, that are not for this server: why they are refused. */
  readonly refused: Readonly<Record<string, readonly [Record<string, unknown>, RegExp]>>;
}

/** Access tokens as the services document them, shortened where a claim says nothing to this server. */
const shapes: Record<string, Shape> = {
  Auth0: {
    header: { typ: "JWT" },
    claims: {
      iss: "https://example.eu.auth0.com/",
      sub: "auth0|507f1f77bcf86cd799439011",
      aud: ["https://llm.example.com", "https://example.eu.auth0.com/userinfo"],
      azp: "my_client_id",
      scope: "openid profile credentials:import",
      permissions: ["credentials:read", "sessions", "read:reports"],
    },
    user: "auth0|507f1f77bcf86cd799439011",
    scopes: ["credentials:read", "sessions"],
    refused: {
      "a token for another API": [{ aud: "https://other.example.com" }, /"aud"/],
      "an ID token": [{ aud: "https://llm.example.com", nonce: "n", permissions: undefined }, /ID token/],
    },
  },
  Okta: {
    claims: {
      ver: 1,
      jti: "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE",
      iss: "https://example.okta.com/oauth2/default",
      aud: "api://default",
      sub: "alice@example.com",
      cid: "0oabucvyc38HLL1ef0h7",
      uid: "00uid4BxXw6I6TV4m0g3",
      scp: ["openid", "credentials:use", "credentials:read"],
      auth_time: now - 60,
    },
    user: "00uid4BxXw6I6TV4m0g3",
    scopes: ["credentials:read", "credentials:use"],
    refused: {
      "a token of the org authorization server": [
        { iss: "https://example.okta.com", aud: "https://example.okta.com" },
        /"iss"/,
      ],
      "a token of a service, which names no user": [{ uid: undefined }, /"uid"/],
      "an ID token": [{ aud: "0oabucvyc38HLL1ef0h7", at_hash: "h" }, /"aud"/],
    },
  },
  "Microsoft Entra ID": {
    header: { typ: "JWT" },
    claims: {
      aud: "66666666-7777-8888-9999-000000000000",
      iss: "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",
      nbf: now - 10,
      azp: "77777777-8888-9999-aaaa-bbbbbbbbbbbb",
      azpacr: "0",
      oid: "00000000-0000-0000-66f3-3332eca7ea81",
      preferred_username: "alice@example.com",
      scp: "access_as_user User.Read",
      sub: "HkZpfFHyaGGhTgF4JNSWYp-pairwise",
      tid: "11111111-2222-3333-4444-555555555555",
      ver: "2.0",
    },
    user: "00000000-0000-0000-66f3-3332eca7ea81",
    scopes: forUsers,
    refused: {
      "a token of another tenant": [{ iss: "https://login.microsoftonline.com/other/v2.0" }, /"iss"/],
      "a token for Microsoft Graph": [{ aud: "00000003-0000-0000-c000-000000000000" }, /"aud"/],
      "an ID token": [{ scp: undefined, nonce: "n" }, /ID token/],
    },
  },
  "Amazon Cognito": {
    claims: {
      sub: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
      "cognito:groups": ["testers"],
      iss: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example",
      version: 2,
      client_id: "1example23456789",
      token_use: "access",
      scope: "openid maestro/use maestro/read aws.cognito.signin.user.admin",
      auth_time: now - 60,
      username: "alice",
    },
    user: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    scopes: ["credentials:read", "credentials:use"],
    refused: {
      "a token for another app client": [{ client_id: "2example23456789" }, /"client_id"/],
      "an ID token": [{ client_id: undefined, aud: "1example23456789", token_use: "id" }, /"client_id"/],
      "an ID token with the claim of an access token": [{ token_use: "id" }, /another use/],
    },
  },
  Keycloak: {
    header: { typ: "JWT" },
    claims: {
      iss: "https://login.example.com/realms/example",
      aud: ["maestro-auth", "account"],
      sub: "f:5d0a:alice",
      typ: "Bearer",
      azp: "app",
      acr: "1",
      realm_access: { roles: ["offline_access", "llm-user"] },
      resource_access: { account: { roles: ["manage-account"] } },
      scope: "openid email profile credentials:import",
    },
    user: "f:5d0a:alice",
    scopes: ["credentials:read", "credentials:write", "credentials:use", "credentials:import", "sessions"],
    refused: {
      "a token without an audience mapper": [{ aud: "account" }, /"aud"/],
      "an ID token": [{ typ: "ID" }, /another use/],
      "a refresh token": [{ typ: "Refresh" }, /another use/],
    },
  },
  Clerk: {
    header: { typ: "JWT", cat: "cl_B7d4PD111AAA" },
    claims: {
      azp: "https://app.example.com",
      fva: [7, -1],
      iss: "https://clerk.example.com",
      nbf: now - 10,
      sid: "sess_2GaMqUCB3Sc1WNAkWuNzsnYVVEy",
      sts: "active",
      sub: "user_2G2PhM8jdCSFy8vYhNcAoFxHsUl",
      v: 2,
    },
    user: "user_2G2PhM8jdCSFy8vYhNcAoFxHsUl",
    scopes: forUsers,
    refused: {
      "a token for another page": [{ azp: "https://other.example.com" }, /"azp"/],
      "a token for no page": [{ azp: undefined }, /"azp"/],
    },
  },
  Supabase: {
    header: { typ: "JWT" },
    claims: {
      iss: "https://example.supabase.co/auth/v1",
      aud: "authenticated",
      sub: "123e4567-e89b-12d3-a456-426614174000",
      role: "authenticated",
      aal: "aal2",
      amr: [
        { method: "password", timestamp: now - 60 },
        { method: "totp", timestamp: now - 50 },
      ],
      session_id: "4b938a09-5372-4177-a314-cfa292099ea2",
      email: "alice@example.com",
      is_anonymous: false,
      app_metadata: { provider: "email" },
      user_metadata: { scope: "admin" },
    },
    user: "123e4567-e89b-12d3-a456-426614174000",
    scopes: forUsers,
    amr: ["password", "totp"],
    refused: {
      "the key that browsers have": [{ aud: undefined, sub: undefined, role: "anon" }, /"aud"/],
      "the key of the backend": [{ sub: undefined, role: "service_role" }, /"sub"/],
    },
  },
  Firebase: {
    header: { typ: "JWT" },
    claims: {
      iss: "https://securetoken.google.com/example-project",
      aud: "example-project",
      auth_time: now - 60,
      user_id: "kP0dVzjEgRXxS0nN3mT2bUFnGtx1",
      sub: "kP0dVzjEgRXxS0nN3mT2bUFnGtx1",
      email: "alice@example.com",
      email_verified: true,
      firebase: { identities: { email: ["alice@example.com"] }, sign_in_provider: "password" },
    },
    user: "kP0dVzjEgRXxS0nN3mT2bUFnGtx1",
    scopes: forUsers,
    refused: {
      "a token of another project": [{ iss: "https://securetoken.google.com/other", aud: "other" }, /"iss"/],
      "a session cookie": [{ iss: "https://session.firebase.google.com/example-project" }, /"iss"/],
    },
  },
};

async function startService(name: string) {
  const provider = await IdentityProvider.start();
  const key = await provider.createKey("RS256", "key-1");
  provider.publish(key);
  const environment = {
    ...requiredVariables,
    AUTH_JWT_SECRET: "",
    ...settingsOf(name),
    AUTH_JWKS_URL: `${provider.server.baseUrl}/jwks.json`,
  };
  const verifier = new TokenVerifier(loadConfig([], environment).callerTokens, systemClock);
  const { header = {}, claims } = shapes[name]!;
  const verify = async (changes: Record<string, unknown> = {}): Promise<VerifiedToken> => {
    const token = new SignJWT({ ...times, ...claims, ...changes });
    return verifier.verify(
      await token.setProtectedHeader({ ...header, alg: key.alg, kid: key.kid }).sign(key.privateKey),
    );
  };
  return { verify, [Symbol.asyncDispose]: () => provider[Symbol.asyncDispose]() };
}

test("the page and the tests have the same services", () => {
  const [, part] = page.split("## Settings by service");
  expect(Array.from(part!.matchAll(/^### (.*)$/gm), ([, name]) => name)).toEqual(Object.keys(shapes));
});

test.each(Object.keys(shapes))("tokens of %s are read with the settings of the page", async (name) => {
  await using service = await startService(name);
  const { user, scopes, amr = [] } = shapes[name]!;
  const token = await service.verify();
  expect({ user: token.subject, scopes: [...token.scopes], amr: token.login.amr }).toEqual({ user, scopes, amr });
});

test.each(
  Object.entries(shapes).flatMap(([name, { refused }]) => Object.keys(refused).map((kind) => [name, kind] as const)),
)("of %s, %s is refused", async (name, kind) => {
  await using service = await startService(name);
  const [changes, reason] = shapes[name]!.refused[kind]!;
  const error: unknown = await service.verify(changes).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: "UNAUTHENTICATED",
    message: expect.stringMatching(reason),
  } satisfies Partial<CallerError>);
});

test.each(["Clerk", "Supabase", "Firebase"])(
  "a claim of scopes in a token of %s takes the place of the defaults",
  async (name) => {
    await using service = await startService(name);
    for (const scope of ["", "openid", [], 7, null]) expect([...(await service.verify({ scope })).scopes]).toEqual([]);
    expect([...(await service.verify({ scope: "sessions" })).scopes]).toEqual(["sessions"]);
  },
);

test("a service of Entra ID acts for users by its role, and by nothing that a user can ask for", async () => {
  await using service = await startService("Microsoft Entra ID");
  const { scopes } = await service.verify({ scp: undefined, roles: ["Act.ForUsers"] });
  expect([...scopes]).toEqual(["users:act"]);
  expect([...(await service.verify({ scp: "Act" })).scopes]).toEqual([]);
});

/** A token of the shared secret's, read with these settings. */
async function readWith(environment: Record<string, string>, claims: Record<string, unknown>): Promise<VerifiedToken> {
  const settings = loadConfig([], { ...requiredVariables, ...environment }).callerTokens;
  const key = Buffer.from(requiredVariables.AUTH_JWT_SECRET);
  const token = await new SignJWT({ ...times, sub: "alice", ...claims }).setProtectedHeader({ alg: "HS256" }).sign(key);
  return new TokenVerifier(settings, systemClock).verify(token);
}

test("an optional audience may be absent, and never another", async () => {
  const environment = { AUTH_AUDIENCE: "maestro-auth", AUTH_AUDIENCE_OPTIONAL: "true" };
  expect((await readWith(environment, {})).subject).toBe("alice");
  expect((await readWith(environment, { aud: ["other", "maestro-auth"] })).subject).toBe("alice");
  for (const aud of ["other", ["other"], [], "", 7, null, { "maestro-auth": true }]) {
    await expect(readWith(environment, { aud })).rejects.toThrow(/"aud"/);
  }
  await expect(readWith({ AUTH_AUDIENCE: "maestro-auth" }, {})).rejects.toThrow(/"aud"/);
});

test("a user's id may be a whole number, and nothing that only looks like one", async () => {
  const environment = { AUTH_USER_CLAIM: "app.user_id" };
  expect((await readWith(environment, { app: { user_id: 42 } })).subject).toBe("42");
  expect((await readWith(environment, { "app.user_id": "by name", app: { user_id: 42 } })).subject).toBe("by name");
  for (const id of [4.2, 2 ** 53, 1e300, null, true, ["42"], { id: 42 }, "", "a\u0000b"]) {
    await expect(readWith(environment, { app: { user_id: id } })).rejects.toThrow(/"app.user_id"/);
  }
  for (const app of [undefined, null, [42], "user_id", { constructor: 42 }]) {
    await expect(readWith(environment, { app })).rejects.toThrow(/"app.user_id"/);
  }
});

test("tokens that this server signs itself are such as it reads", async () => {
  const { callerTokens } = loadConfig([], {
    ...requiredVariables,
    AUTH_AUDIENCE: "maestro-auth",
    AUTH_AUDIENCE_CLAIM: "client_id",
    AUTH_USER_CLAIM: "https://example.com/user",
    AUTH_SCOPES_CLAIM: "permissions,scope",
    AUTH_TOKEN_TYPES: "at+jwt",
  });
  if (callerTokens.kind !== "secret") throw new Error("there is no secret");
  const token = await signToken(callerTokens, { subject: "alice", scopes: ["sessions"], lifetime: 60 }, systemClock);
  const { subject, scopes } = await new TokenVerifier(callerTokens, systemClock).verify(token);
  expect([subject, ...scopes]).toEqual(["alice", "sessions"]);
});
