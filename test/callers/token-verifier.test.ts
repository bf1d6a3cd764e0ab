import { createHmac } from "node:crypto";
import { SignJWT, UnsecuredJWT } from "jose";
import { afterEach, expect, test, vi } from "vitest";
import { CallerError } from "../../src/callers/caller.ts";
import { scopeNames } from "../../src/callers/scope.ts";
import { type CallerTokenSettings, signToken, TokenVerifier } from "../../src/callers/token-verifier.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { Secret } from "../../src/lib/secret.ts";
import { audience, IdentityProvider, issuer } from "./identity-provider.ts";

const text = "a secret for tests of at least 32 bytes";
const secret = { kind: "secret", secret: new Secret(text), issuer: null, audience: null } as const;

afterEach(() => {
  vi.useRealTimers();
});

/** A token of Alice's signed with a secret, with whatever is changed about it. */
async function sign(claims: Record<string, unknown> = {}, key = text, header: object = {}): Promise<string> {
  const payload = { sub: "alice", exp: Math.floor(Date.now() / 1_000) + 3_600, ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg: "HS256", ...header }).sign(Buffer.from(key));
}

/** A token with a header that no library would sign. */
function signByHand(header: object): string {
  const payload = { sub: "alice", exp: Math.floor(Date.now() / 1_000) + 3_600 };
  const content = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${content}.${createHmac("sha256", text).update(content).digest("base64url")}`;
}

function verifier(settings: CallerTokenSettings = secret): TokenVerifier {
  return new TokenVerifier(settings, systemClock);
}

async function refusal(verifying: Promise<unknown>): Promise<Pick<CallerError, "code" | "message">> {
  const error = await verifying.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CallerError)) throw new Error("not refused as a caller", { cause: error });
  return { code: error.code, message: error.message };
}

test("a token signed with the secret says who calls, what for and how long", async () => {
  const token = await signToken(
    secret,
    { subject: "alice", scopes: ["sessions"], lifetime: 60 },
    {
      now: () => new Date(1_000_500),
    },
  );
  const now = new TokenVerifier(secret, { now: () => new Date(1_001_000) });
  expect(await now.verify(token)).toEqual({
    subject: "alice",
    scopes: new Set(["sessions"]),
    expiresAt: new Date(1_060_000),
    login: { authTime: new Date(1_000_000), acr: null, amr: [] },
    signedBy: null,
  });
});

test("of the claim scope only the names that this server knows count", async () => {
  const granted = async (scope: unknown) => [...(await verifier().verify(await sign({ scope }))).scopes];
  expect(await granted("admin sessions openid SESSIONS credentials:read,credentials:write")).toEqual([
    "sessions",
    "admin",
  ]);
  expect(await granted(scopeNames.join(" "))).toEqual(scopeNames);
  expect(await granted(["admin", "sessions credentials:read", 7, "openid"])).toEqual(["admin"]);
  for (const scope of ["", undefined, [], [["admin"]], { admin: true }, 7]) expect(await granted(scope)).toEqual([]);
});

const hour = 3_600;
const inAnHour = () => Math.floor(Date.now() / 1_000) + hour;
const notAccepted = "This server does not accept the token.";
const expired = "The token has expired. Get a new one.";
const claim = (name: string) => `The token's claim "${name}" is missing or is not what this server expects.`;
const badSubject =
  'The token\'s claim "sub" must be a text of 1 to 255 characters, none of them a control character or an invisible one.';

const badTokens: Record<string, [() => Promise<string> | string, string]> = {
  "no JWT": [() => "opaque", notAccepted],
  "another secret": [() => sign({}, text.toUpperCase()), notAccepted],
  "the algorithm none": [() => new UnsecuredJWT({ sub: "alice", exp: inAnHour() }).encode(), notAccepted],
  "a longer hash": [() => sign({}, text.repeat(2), { alg: "HS512" }), notAccepted],
  "an extension that must be understood": [() => signByHand({ alg: "HS256", crit: ["x"], x: 1 }), notAccepted],
  "an expiry in the past": [() => sign({ exp: inAnHour() - hour - 6 }), expired],
  "no expiry": [() => sign({ exp: undefined }), claim("exp")],
  "an expiry that is no number": [() => sign({ exp: "tomorrow" }), claim("exp")],
  "a start in the future": [() => sign({ nbf: inAnHour() }), claim("nbf")],
  "no subject": [() => sign({ sub: undefined }), claim("sub")],
  "an empty subject": [() => sign({ sub: "" }), badSubject],
  "a very long subject": [() => sign({ sub: "x".repeat(256) }), badSubject],
  "a subject that is no text": [() => sign({ sub: ["alice"] }), badSubject],
  "a subject with a NUL": [() => sign({ sub: "alice\0" }), badSubject],
  "a subject with half a character": [() => sign({ sub: "alice\ud800" }), badSubject],
};

test.each(Object.entries(badTokens))("a token with %s is refused", async (_name, [create, message]) => {
  expect(await refusal(verifier().verify(await create()))).toEqual({ code: "UNAUTHENTICATED", message });
});

test("a token that expired less than five seconds ago passes: clocks differ", async () => {
  const token = await sign({ exp: inAnHour() - hour - 3 });
  expect((await verifier().verify(token)).subject).toBe("alice");
});

test("a subject may have 255 characters of any kind", async () => {
  const sub = "ü".repeat(253) + "🔑";
  expect((await verifier().verify(await sign({ sub }))).subject).toBe(sub);
});

test("where an issuer and an audience are set, a token signed with the secret must name them", async () => {
  const settings = { ...secret, issuer, audience };
  const request = { subject: "alice", scopes: [], lifetime: 60 };
  const named = await signToken(settings, request, systemClock);
  expect((await verifier(settings).verify(named)).subject).toBe("alice");
  const unnamed = await signToken(secret, request, systemClock);
  expect((await refusal(verifier(settings).verify(unnamed))).message).toBe(claim("iss"));
  const foreign = await signToken({ ...settings, audience: "another" }, request, systemClock);
  expect((await refusal(verifier(settings).verify(foreign))).message).toBe(claim("aud"));
});

test("a token that was good is refused once it has expired", async () => {
  let now = new Date();
  const verifying = new TokenVerifier(secret, { now: () => now });
  const token = await signToken(secret, { subject: "alice", scopes: [], lifetime: 30 }, { now: () => now });
  expect((await verifying.verify(token)).subject).toBe("alice");
  now = new Date(now.getTime() + 36_000);
  expect((await refusal(verifying.verify(token))).message).toBe(expired);
});

/**
 * Counts how often a verifier looks at a token itself: then, and not for one that it remembers, it asks for the time
 * twice.
 */
function countingVerifier() {
  let now = Date.now();
  let asked = 0;
  const verifying = new TokenVerifier(secret, { now: () => (asked++, new Date(now)) });
  return {
    pass: (ms: number) => void (now += ms),
    isVerified: async (token: string) => {
      asked = 0;
      await verifying.verify(token);
      return asked === 2;
    },
  };
}

test("a good token is verified once a minute", async () => {
  const { pass, isVerified } = countingVerifier();
  const token = await sign();
  const seen: boolean[] = [];
  for (const ms of [0, 0, 59_999, 1, 1]) {
    pass(ms);
    seen.push(await isVerified(token));
  }
  expect(seen).toEqual([true, false, false, true, false]);
});

test("no more than ten thousand tokens are remembered", async () => {
  const { isVerified } = countingVerifier();
  const first = await sign({ jti: "first" });
  await isVerified(first);
  const second = await sign({ jti: "second" });
  await isVerified(second);
  for (let jti = 2; jti < 10_000; jti++) await isVerified(await sign({ jti: String(jti) }));
  expect(await isVerified(first)).toBe(false);
  await isVerified(await sign({ jti: "one more" }));
  expect(await isVerified(second)).toBe(false);
  expect(await isVerified(first)).toBe(true);
});

test.each(["ES256", "RS256", "EdDSA"])("a token signed with a published %s key passes", async (alg) => {
  await using provider = await IdentityProvider.start();
  const [other, key] = await Promise.all([provider.createKey("ES256", "1"), provider.createKey(alg, "2")]);
  provider.publish(other, key);
  const token = await provider.sign(key, { scope: "sessions" });
  const verified = await verifier(provider.settings).verify(token);
  expect(verified).toMatchObject({ subject: "alice", scopes: new Set(["sessions"]) });
});

const badProviderTokens = {
  "of another issuer": [{ iss: "https://evil.example" }, claim("iss")],
  "of no issuer": [{ iss: undefined }, claim("iss")],
  "for another audience": [{ aud: "another" }, claim("aud")],
  "for no audience": [{ aud: undefined }, claim("aud")],
  "that has expired": [{ exp: 1 }, expired],
} as const;

test.each(Object.entries(badProviderTokens))("a provider's token %s is refused", async (_name, [claims, message]) => {
  await using provider = await IdentityProvider.start();
  const key = await provider.createKey("ES256", "1");
  provider.publish(key);
  expect(await refusal(verifier(provider.settings).verify(await provider.sign(key, claims)))).toEqual({
    code: "UNAUTHENTICATED",
    message,
  });
});

test("a provider's public key is no secret to sign with", async () => {
  await using provider = await IdentityProvider.start();
  const key = await provider.createKey("RS256", "1");
  provider.publish(key);
  const verifying = verifier(provider.settings);
  const claims = { iss: issuer, aud: audience };
  for (const forged of [
    await sign(claims, key.pem, { kid: "1" }),
    await sign(claims, JSON.stringify(key.publicKey), { kid: "1" }),
    new UnsecuredJWT({ sub: "alice", exp: inAnHour(), ...claims }).encode(),
    // Its own key, brought along.
    await provider.sign({ ...(await provider.createKey("RS256", "1")) }),
  ]) {
    expect(await refusal(verifying.verify(forged))).toEqual({ code: "UNAUTHENTICATED", message: notAccepted });
  }
  expect((await verifying.verify(await provider.sign(key))).subject).toBe("alice");
});

test("a key that the provider takes into use works with its first token", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  await using provider = await IdentityProvider.start();
  const [old, fresh] = await Promise.all([provider.createKey("ES256", "old"), provider.createKey("ES256", "new")]);
  const verifying = verifier(provider.settings);
  provider.publish(old);
  await verifying.verify(await provider.sign(old));
  provider.publish(old, fresh);
  expect((await verifying.verify(await provider.sign(fresh))).subject).toBe("alice");
  expect(provider.server.requests).toHaveLength(2);
  expect((await verifying.verify(await provider.sign(fresh, { sub: "bob" }))).subject).toBe("bob");
  expect(provider.server.requests).toHaveLength(2);
});

test("of many tokens with a new key at once all pass, by one reading of the keys", async () => {
  await using provider = await IdentityProvider.start();
  const [old, fresh] = await Promise.all([provider.createKey("ES256", "old"), provider.createKey("ES256", "new")]);
  const verifying = verifier(provider.settings);
  provider.publish(old);
  await verifying.verify(await provider.sign(old));
  provider.publish(fresh);
  const tokens = await Promise.all(
    Array.from({ length: 20 }, (_, index) => provider.sign(fresh, { sub: `u${index}` })),
  );
  await Promise.all(tokens.map((token) => verifying.verify(token)));
  expect(provider.server.requests).toHaveLength(2);
});

test("a new key waits at most five seconds behind strangers' tokens that name keys which do not exist", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  await using provider = await IdentityProvider.start();
  const [old, fresh] = await Promise.all([provider.createKey("ES256", "old"), provider.createKey("ES256", "new")]);
  const verifying = verifier(provider.settings);
  provider.publish(old);
  await verifying.verify(await provider.sign(old));
  for (let index = 0; index < 50; index++) {
    const forged = await provider.sign({ ...old, kid: `no-such-${index}` });
    expect(await refusal(verifying.verify(forged))).toEqual({ code: "UNAUTHENTICATED", message: notAccepted });
  }
  expect(provider.server.requests).toHaveLength(2);
  provider.publish(old, fresh);
  const token = await provider.sign(fresh);
  vi.setSystemTime(Date.now() + 4_999);
  expect((await refusal(verifying.verify(token))).message).toBe(notAccepted);
  vi.setSystemTime(Date.now() + 1);
  expect((await verifying.verify(token)).subject).toBe("alice");
  expect(provider.server.requests).toHaveLength(3);
});

test("a key that cannot be looked up, as the provider is away, is looked up later; the others go on working", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  await using provider = await IdentityProvider.start();
  const [old, fresh] = await Promise.all([provider.createKey("ES256", "old"), provider.createKey("ES256", "new")]);
  const verifying = verifier(provider.settings);
  provider.publish(old);
  await verifying.verify(await provider.sign(old));
  provider.publish(fresh);
  provider.server.always({ kind: "reset" });
  const token = await provider.sign(fresh);
  expect((await refusal(verifying.verify(token))).message).toBe(notAccepted);
  expect((await verifying.verify(await provider.sign(old, { sub: "bob" }))).subject).toBe("bob");
  provider.server.always(null);
  vi.setSystemTime(Date.now() + 5_000);
  expect((await verifying.verify(token)).subject).toBe("alice");
});

test("a withdrawn key ends within a minute, also where keys are looked up all the time for tokens that name none", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  await using provider = await IdentityProvider.start();
  const [old, fresh] = await Promise.all([provider.createKey("ES256", "old"), provider.createKey("ES256", "new")]);
  const verifying = verifier(provider.settings);
  provider.publish(old);
  const token = await provider.sign(old);
  await verifying.verify(token);
  provider.publish(fresh);
  provider.server.always({ kind: "reset" });
  const forged = await provider.sign({ ...old, kid: "no-such" });
  for (let seconds = 0; seconds < 60; seconds += 6) {
    await refusal(verifying.verify(forged));
    vi.setSystemTime(Date.now() + 6_000);
  }
  provider.server.always(null);
  vi.setSystemTime(Date.now() + 30_000);
  expect((await refusal(verifying.verify(token))).message).toBe(notAccepted);
});

test.each([
  ["a token that was used just before", 29_999],
  ["one that was used all the time", 0],
])("a key that the provider has withdrawn stops working within a minute: %s", async (_name, usedAfterMs) => {
  vi.useFakeTimers({ toFake: ["Date"] });
  await using provider = await IdentityProvider.start();
  const [old, fresh] = await Promise.all([provider.createKey("ES256", "old"), provider.createKey("ES256", "new")]);
  const verifying = verifier(provider.settings);
  provider.publish(old);
  const token = await provider.sign(old);
  await verifying.verify(await provider.sign(old, { sub: "bob" }));
  vi.setSystemTime(Date.now() + usedAfterMs);
  await verifying.verify(token);
  provider.publish(fresh);
  vi.setSystemTime(Date.now() + 60_000);
  expect((await refusal(verifying.verify(token))).message).toBe(notAccepted);
});

test("keys that cannot be read anew do for ten minutes, and no longer", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  await using provider = await IdentityProvider.start();
  const key = await provider.createKey("ES256", "1");
  provider.publish(key);
  const verifying = verifier(provider.settings);
  const token = await provider.sign(key);
  await verifying.verify(token);
  provider.server.always({ kind: "reset" });
  vi.setSystemTime(Date.now() + 9 * 60_000);
  expect((await verifying.verify(token)).subject).toBe("alice");
  vi.setSystemTime(Date.now() + 2 * 60_000);
  expect((await refusal(verifying.verify(token))).code).toBe("IDENTITY_PROVIDER_UNAVAILABLE");
});

test("what a token says of its user's login is kept, and what is no such claim is not", async () => {
  const loginOf = async (claims: object) => (await verifier().verify(await sign({ ...claims }))).login;
  expect(await loginOf({ auth_time: 1_000, acr: "gold", amr: ["pwd", "mfa"] })).toEqual({
    authTime: new Date(1_000_000),
    acr: "gold",
    amr: ["pwd", "mfa"],
  });
  const nothing = { authTime: null, acr: null, amr: [] };
  expect(await loginOf({})).toEqual(nothing);
  expect(await loginOf({ auth_time: "1000", acr: 2, amr: "mfa" })).toEqual(nothing);
  expect(await loginOf({ auth_time: 1e300, acr: ["gold"], amr: [1, null, { mfa: true }] })).toEqual(nothing);
});

test("tokens with keys that do not exist make one call more to the provider, and no second one", async () => {
  await using provider = await IdentityProvider.start();
  const key = await provider.createKey("ES256", "1");
  provider.publish(key);
  const verifying = verifier(provider.settings);
  for (const kid of ["2", "3", "../4", ""]) {
    const token = await provider.sign({ ...key, kid });
    expect(await refusal(verifying.verify(token))).toEqual({ code: "UNAUTHENTICATED", message: notAccepted });
  }
  expect(provider.server.requests).toHaveLength(2);
});

const outages = {
  "answers with an error": { kind: "status", status: 500 },
  redirects: { kind: "redirect", location: "https://evil.example" },
  "sends a page": { kind: "html" },
  "sends broken JSON": { kind: "rubbish" },
  "sends no set of keys": { kind: "status", status: 200, body: {} },
  "cuts the connection": { kind: "reset" },
} as const;

test.each(Object.entries(outages))("while the provider %s no token is judged", async (_name, fault) => {
  await using provider = await IdentityProvider.start();
  const key = await provider.createKey("ES256", "1");
  provider.publish(key);
  const verifying = verifier(provider.settings);
  const token = await provider.sign(key);
  provider.server.always(fault);
  const message = "The token could not be checked: the keys at AUTH_JWKS_URL cannot be read. Try again later.";
  expect(await refusal(verifying.verify(token))).toEqual({ code: "IDENTITY_PROVIDER_UNAVAILABLE", message });
  provider.server.always(null);
  expect((await verifying.verify(token)).subject).toBe("alice");
});

test("while the provider is not there no token is judged", async () => {
  const provider = await IdentityProvider.start();
  const token = await provider.sign(await provider.createKey("ES256", "1"));
  await provider[Symbol.asyncDispose]();
  expect((await refusal(verifier(provider.settings).verify(token))).code).toBe("IDENTITY_PROVIDER_UNAVAILABLE");
});

test("while the provider is away the keys that were read go on working", async () => {
  await using provider = await IdentityProvider.start();
  const key = await provider.createKey("ES256", "1");
  provider.publish(key);
  const verifying = verifier(provider.settings);
  await verifying.verify(await provider.sign(key));
  provider.server.always({ kind: "reset" });
  expect((await verifying.verify(await provider.sign(key, { sub: "bob" }))).subject).toBe("bob");
});
