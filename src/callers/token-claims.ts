import type { Scope } from "./scope.ts";

/**
 * Where a login service's tokens say what. A claim is named as it stands in the token; one that is nested in others may
 * be named by its path, with dots.
 */
export interface TokenClaims {
  /** The user's id: a text, or a whole number. */
  readonly user: string;
  /** What the token allows: a text with spaces, or a list of texts. What several of them say is added up. */
  readonly scopes: readonly string[];
  /** What a token allows that has none of those claims. */
  readonly defaultScopes: readonly Scope[];
  /** The scopes of this server that the login service's own names stand for. */
  readonly scopeMap: ReadonlyMap<string, readonly Scope[]>;
  /** Whom the token is meant for. */
  readonly audience: string;
  /** Whether a token may leave that out. */
  readonly isAudienceOptional: boolean;
  /** Media types that the header's `typ` may name, in lower case and without `application/`; null: it may be absent. */
  readonly types: ReadonlySet<string | null>;
}

/** RFC 9068, with `scp` beside `scope` as many login services write it, and without its requirement of a `typ`. */
export const usualClaims: TokenClaims = {
  user: "sub",
  scopes: ["scope", "scp"],
  defaultScopes: [],
  scopeMap: new Map(),
  audience: "aud",
  isAudienceOptional: false,
  types: new Set([null, "jwt", "at+jwt"]),
};

/** Media types may leave out `application/` (RFC 7515, section 4.1.9). */
export function mediaType(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, "");
}
