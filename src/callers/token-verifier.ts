import { subtle, type webcrypto } from "node:crypto";
import { calculateJwkThumbprint, errors, exportJWK, type JWTVerifyOptions, jwtVerify, SignJWT } from "jose";
import type { Clock } from "../lib/clock.ts";
import type { Secret } from "../lib/secret.ts";
import { CallerError } from "./caller.ts";
import { type OnReading, PublishedKeys } from "./published-keys.ts";
import type { Scope } from "./scope.ts";
import { type TokenClaims, usualClaims } from "./token-claims.ts";
import { readToken, type SignedToken, type VerifiedToken, wrongClaim } from "./verified-token.ts";

/** How caller tokens are verified: by a shared secret (HS256), or by an identity provider's published keys. */
export type CallerTokenSettings = {
  /** Null: any. */
  readonly audience: string | null;
  /** Where the tokens say what; as usual unless given. */
  readonly claims?: TokenClaims;
} & (
  | { readonly kind: "secret"; readonly secret: Secret; readonly issuer: string | null }
  | { readonly kind: "jwks"; readonly url: URL; readonly issuer: string }
);

export type { VerifiedToken };

interface Verifying {
  readonly verify: (token: string) => Promise<SignedToken>;
  /** The thumbprints of the keys that are good now; null where they are not known, or are no published ones. */
  readonly presentKeys: () => Promise<ReadonlySet<string> | null>;
  /** From when on, in milliseconds since 1970, a token that passed now has to be looked at again. */
  readonly trustedUntil: (now: number) => number;
}

/** Asymmetric algorithms only: with HS256 in this list a published key would do as a secret (RFC 8725, section 2.1). */
const jwksAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const clockToleranceSeconds = 5;
const cacheSize = 10_000;
/** A token is verified anew so long after its key was last read: a key that is withdrawn stops working. */
const cacheMs = 60_000;

async function importSecret(secret: string): Promise<webcrypto.CryptoKey> {
  return subtle.importKey("raw", Buffer.from(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
}

function createVerifying(settings: CallerTokenSettings, clock: Clock, onReading?: OnReading): Verifying {
  const options = (): JWTVerifyOptions => ({
    requiredClaims: ["exp"],
    clockTolerance: clockToleranceSeconds,
    currentDate: clock.now(),
    ...(settings.issuer === null ? {} : { issuer: settings.issuer }),
  });
  if (settings.kind === "jwks") {
    const keys = new PublishedKeys(settings.url, clock, onReading);
    return {
      verify: async (token) => {
        const verified = await jwtVerify(token, keys.find, { ...options(), algorithms: jwksAlgorithms });
        const { payload, protectedHeader: header, key } = verified;
        return { payload, header, signedBy: await calculateJwkThumbprint(await exportJWK(key)) };
      },
      presentKeys: () => keys.thumbprints(),
      trustedUntil: () => keys.askedAt + cacheMs,
    };
  }
  const key = importSecret(settings.secret.reveal());
  return {
    verify: async (token) => {
      const verified = await jwtVerify(token, await key, { ...options(), algorithms: ["HS256"] });
      return { payload: verified.payload, header: verified.protectedHeader, signedBy: null };
    },
    presentKeys: () => Promise.resolve(null),
    trustedUntil: (now) => now + cacheMs,
  };
}

/** The identity provider does not answer in time, answers with an error status or no JSON, or with no set of keys. */
const keySetFaults: ReadonlySet<string> = new Set([
  errors.JWKSTimeout.code,
  errors.JOSEError.code,
  errors.JWKSInvalid.code,
]);

/** In words that help whoever holds the token, and say nothing of its content. */
function explain(error: unknown): CallerError {
  const options = { cause: error };
  if (error instanceof errors.JWTExpired) {
    return new CallerError("UNAUTHENTICATED", "The token has expired. Get a new one.", options);
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new CallerError("UNAUTHENTICATED", wrongClaim(error.claim), options);
  }
  if (error instanceof errors.JOSEError && !keySetFaults.has(error.code)) {
    return new CallerError("UNAUTHENTICATED", "This server does not accept the token.", options);
  }
  const message = "The token could not be checked: the keys at AUTH_JWKS_URL cannot be read. Try again later.";
  return new CallerError("IDENTITY_PROVIDER_UNAVAILABLE", message, options);
}

/** Verifies callers' tokens (RFC 7519) and remembers the good ones for a minute. */
export class TokenVerifier {
  readonly #clock: Clock;
  readonly #verifying: Verifying;
  readonly #settings: CallerTokenSettings;
  readonly #cache = new Map<string, { readonly token: VerifiedToken; readonly until: number }>();

  /** @param onReading told whether published keys could be read */
  constructor(settings: CallerTokenSettings, clock: Clock, onReading?: OnReading) {
    this.#clock = clock;
    this.#settings = settings;
    this.#verifying = createVerifying(settings, clock, onReading);
  }

  /** @throws CallerError */
  async verify(token: string): Promise<VerifiedToken> {
    const now = this.#clock.now().getTime();
    const cached = this.#cache.get(token);
    if (cached !== undefined && now < cached.until) return cached.token;
    const verified = await this.#verifyAnew(token);
    // The oldest goes first: a Map keeps the order of insertion.
    if (this.#cache.size >= cacheSize) this.#cache.delete(this.#cache.keys().next().value!);
    const until = Math.min(this.#verifying.trustedUntil(now), verified.expiresAt.getTime());
    this.#cache.set(token, { token: verified, until });
    return verified;
  }

  async #verifyAnew(token: string): Promise<VerifiedToken> {
    let verified: SignedToken;
    try {
      verified = await this.#verifying.verify(token);
    } catch (error) {
      this.#cache.delete(token);
      throw explain(error);
    }
    const { claims = usualClaims, audience } = this.#settings;
    return readToken(verified, claims, audience);
  }

  /**
   * The keys, by their thumbprints, that tokens may be signed with now; null where that is not known. Never rejects.
   */
  async presentKeys(): Promise<ReadonlySet<string> | null> {
    return this.#verifying.presentKeys();
  }
}

export interface TokenRequest {
  readonly subject: string;
  readonly scopes: readonly Scope[];
  /** Seconds. */
  readonly lifetime: number;
  /** What to say of the user's login beside its time, which is now. */
  readonly login?: { readonly acr?: string | undefined; readonly amr?: readonly string[] | undefined };
}

/** Signs a token with the shared secret: for development, and for services that have no identity provider. */
export async function signToken(
  settings: Extract<CallerTokenSettings, { kind: "secret" }>,
  { subject, scopes, lifetime, login = {} }: TokenRequest,
  clock: Clock,
): Promise<string> {
  const now = Math.floor(clock.now().getTime() / 1000);
  const { user, scopes: scopeClaims, audience, types } = settings.claims ?? usualClaims;
  const claims = {
    [user]: subject,
    [scopeClaims[0]!]: scopes.join(" "),
    auth_time: now,
    ...login,
    ...(settings.audience === null ? {} : { [audience]: settings.audience }),
  };
  const [typ] = types;
  const token = new SignJWT(claims).setProtectedHeader({ alg: "HS256", ...(types.has(null) ? {} : { typ: typ! }) });
  token.setIssuedAt(now).setExpirationTime(now + lifetime);
  if (settings.issuer !== null) token.setIssuer(settings.issuer);
  return token.sign(await importSecret(settings.secret.reveal()));
}
