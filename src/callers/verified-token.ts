import type { JWTHeaderParameters, JWTPayload } from "jose";
import { faultOfAccessToken, isTime } from "./access-token.ts";
import { CallerError, type Login } from "./caller.ts";
import { type Scope, scopeNames } from "./scope.ts";
import type { TokenClaims } from "./token-claims.ts";
import { isUserId, userIdRule } from "./user-id.ts";

/** What a verified token says. */
export interface VerifiedToken {
  readonly subject: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly expiresAt: Date;
  readonly login: Login;
  /** The published key that it was signed with, by its thumbprint (RFC 7638); null where that is a shared secret. */
  readonly signedBy: string | null;
}

/** A token whose signature, issuer and times are right. */
export interface SignedToken {
  readonly payload: JWTPayload;
  readonly header: JWTHeaderParameters;
  readonly signedBy: string | null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A claim by its name or its path; undefined where there is none. Namespaced names have dots themselves, so they come
 * first.
 */
function claimOf(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  let value: unknown = payload;
  for (const step of name.split(".")) {
    if (!isObject(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return value;
}

/** The texts of a claim that is one, a list of them, or several in one text. */
function textsOf(claim: unknown): string[] {
  if (typeof claim === "string") return claim.split(" ");
  return Array.isArray(claim) ? claim.filter((item) => typeof item === "string") : [];
}

/** In the words of a claim that fails the library's own checks. */
export function wrongClaim(name: string): string {
  return `The token's claim "${name}" is missing or is not what this server expects.`;
}

function assertAudience(
  payload: JWTPayload,
  { audience: name, isAudienceOptional }: TokenClaims,
  audience: string | null,
) {
  const claim = claimOf(payload, name);
  if (claim === undefined && isAudienceOptional) return;
  if (audience === null) return;
  const named = typeof claim === "string" ? [claim] : Array.isArray(claim) ? claim : [];
  if (!named.includes(audience)) throw new CallerError("UNAUTHENTICATED", wrongClaim(name));
}

function userOf(payload: JWTPayload, { user: name }: TokenClaims): string {
  const claim = claimOf(payload, name);
  if (claim === undefined) throw new CallerError("UNAUTHENTICATED", wrongClaim(name));
  const id = typeof claim === "number" && Number.isSafeInteger(claim) ? String(claim) : claim;
  if (isUserId(id)) return id;
  throw new CallerError("UNAUTHENTICATED", `The token's claim "${name}" must be ${userIdRule}.`);
}

/** A claim that is there and names nothing grants nothing: the defaults are for tokens that have no such claim. */
function scopesOf(payload: JWTPayload, { scopes: names, scopeMap, defaultScopes }: TokenClaims): ReadonlySet<Scope> {
  const claims = names.map((name) => claimOf(payload, name)).filter((claim) => claim !== undefined);
  if (claims.length === 0) return new Set(defaultScopes);
  const granted = new Set(claims.flatMap(textsOf));
  const mapped = new Set([...granted].flatMap((name) => scopeMap.get(name) ?? []));
  return new Set(scopeNames.filter((name) => granted.has(name) || mapped.has(name)));
}

/** RFC 8176 has texts; some services write objects with the method and its time. */
function methodOf(item: unknown): string[] {
  const method = isObject(item) ? item["method"] : item;
  return typeof method === "string" ? [method] : [];
}

function loginOf({ auth_time: authTime, acr, amr }: JWTPayload): Login {
  return {
    authTime: isTime(authTime) ? new Date(authTime * 1000) : null,
    acr: typeof acr === "string" ? acr : null,
    amr: Array.isArray(amr) ? amr.flatMap(methodOf) : [],
  };
}

/** @throws CallerError where the token is no access token, is meant for somebody else, or names no user */
export function readToken(
  { payload, header, signedBy }: SignedToken,
  claims: TokenClaims,
  audience: string | null,
): VerifiedToken {
  assertAudience(payload, claims, audience);
  const fault = faultOfAccessToken(header, payload, claims.types);
  if (fault !== null) {
    throw new CallerError("UNAUTHENTICATED", `This is not an access token: ${fault}. Send the access token.`);
  }
  for (const name of ["exp", "nbf", "iat"] as const) {
    if (payload[name] === undefined || isTime(payload[name])) continue;
    throw new CallerError("UNAUTHENTICATED", `The token's claim "${name}" is not a time before the year 10000.`);
  }
  return {
    subject: userOf(payload, claims),
    scopes: scopesOf(payload, claims),
    expiresAt: new Date(payload.exp! * 1000),
    login: loginOf(payload),
    signedBy,
  };
}
