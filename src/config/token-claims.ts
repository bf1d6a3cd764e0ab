import { type Scope, scopeNames, userScopes } from "../callers/scope.ts";
import { mediaType, type TokenClaims, usualClaims } from "../callers/token-claims.ts";
import type { EnvironmentReader } from "./environment-reader.ts";

/** Characters of a claim's name; longer than any URL that login services use as one. */
const maxNameLength = 255;

function isScope(name: string): name is Scope {
  return (scopeNames as readonly string[]).includes(name);
}

function isUserScope(name: string): name is (typeof userScopes)[number] {
  return (userScopes as readonly string[]).includes(name);
}

function list(text: string): string[] {
  return text.split(",").map((item) => item.trim());
}

function readNames(
  reader: EnvironmentReader,
  variable: string,
  usual: readonly string[],
  example: string,
): readonly string[] {
  const text = reader.text(variable);
  if (text === null) return usual;
  const names = list(text);
  if (names.every((name) => name !== "" && name.length <= maxNameLength && !/[\s"\p{C}]/u.test(name))) return names;
  reader.fault(variable, "expected names of claims without spaces and quotes, separated by commas.", example);
  return usual;
}

function readName(reader: EnvironmentReader, variable: string, usual: string, example: string): string {
  const names = readNames(reader, variable, [usual], example);
  if (names.length > 1) reader.fault(variable, "expected the name of one claim.", example);
  return names[0]!;
}

/** What nobody has decided to give is never what lets a caller act for others. */
function readDefaultScopes(reader: EnvironmentReader): readonly Scope[] {
  const variable = "AUTH_DEFAULT_SCOPES";
  const names = (reader.text(variable) ?? "").split(/[\s,]+/).filter((name) => name !== "");
  const scopes = names.filter(isUserScope);
  if (scopes.length < names.length) {
    const problem = `expected scopes among ${userScopes.join(", ")}; a token must name the others itself.`;
    reader.fault(variable, problem, "credentials:read credentials:write sessions");
  }
  return scopes;
}

function readScopeMap(reader: EnvironmentReader): ReadonlyMap<string, readonly Scope[]> {
  const variable = "AUTH_SCOPE_MAP";
  const text = reader.text(variable);
  const map = new Map<string, readonly Scope[]>();
  for (const entry of text === null ? [] : list(text)) {
    // Their names may be URLs with a query; ours have no such sign.
    const at = entry.lastIndexOf("=");
    const theirs = entry.slice(0, Math.max(at, 0)).trim();
    const ours = entry
      .slice(at + 1)
      .split(/\s+/)
      .filter((name) => name !== "");
    const scopes = ours.filter(isScope);
    // Two entries with another separator between them would be one with a strange name.
    const isOne = !scopeNames.some((name) => theirs.includes(`=${name}`));
    if (theirs !== "" && isOne && !/\s/.test(theirs) && scopes.length > 0 && scopes.length === ours.length) {
      map.set(theirs, [...(map.get(theirs) ?? []), ...scopes]);
      continue;
    }
    const problem = `expected <their scope>=<scopes of this server, with spaces>, separated by commas; its scopes are ${scopeNames.join(", ")}.`;
    reader.fault(variable, problem, "access_as_user=credentials:read credentials:write,llm.call=credentials:use");
    break;
  }
  return map;
}

function readTypes(reader: EnvironmentReader): TokenClaims["types"] {
  const text = reader.text("AUTH_TOKEN_TYPES");
  if (text === null) return usualClaims.types;
  const types = list(text).map((type) => (type === "none" ? null : mediaType(type)));
  if (types.every((type) => type === null || /^[\w.+-]+$/.test(type))) return new Set(types);
  reader.fault(
    "AUTH_TOKEN_TYPES",
    "expected media types, or none for tokens without any, separated by commas.",
    "at+jwt",
  );
  return usualClaims.types;
}

/** Where the login service's tokens say who calls, and what for. */
export function readTokenClaims(reader: EnvironmentReader): TokenClaims {
  return {
    user: readName(reader, "AUTH_USER_CLAIM", usualClaims.user, "oid"),
    scopes: readNames(reader, "AUTH_SCOPES_CLAIM", usualClaims.scopes, "scope,permissions"),
    defaultScopes: readDefaultScopes(reader),
    scopeMap: readScopeMap(reader),
    audience: readName(reader, "AUTH_AUDIENCE_CLAIM", usualClaims.audience, "client_id"),
    isAudienceOptional: reader.flag("AUTH_AUDIENCE_OPTIONAL", usualClaims.isAudienceOptional),
    types: readTypes(reader),
  };
}
