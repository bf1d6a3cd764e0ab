import { ValidationError } from "../errors.ts";

/** What comes back from a provider's authorization endpoint (RFC 6749, sections 4.1.2 and 4.1.2.1; RFC 9207). */
export interface AuthorizationResponse {
  readonly state: string;
  readonly code: string | null;
  readonly error: string | null;
  readonly issuer: string | null;
}

const maxLength = 4_096;

/** A parameter without a value counts as left out (RFC 6749, section 3.1). */
function readParameter(parameters: URLSearchParams, name: string): string | null {
  const value = parameters.get(name);
  return value === null || value === "" || value.length > maxLength ? null : value;
}

/** Null where there is no state, neither a code nor an error, or one of them twice (RFC 6749, section 3.1). */
export function readAuthorizationResponse(parameters: URLSearchParams): AuthorizationResponse | null {
  const names = ["state", "code", "error", "iss"];
  if (names.some((name) => parameters.getAll(name).length > 1)) return null;
  const [state, code, error, issuer] = names.map((name) => readParameter(parameters, name));
  if (state == null || (code == null && error == null)) return null;
  return { state, code: code ?? null, error: error ?? null, issuer: issuer ?? null };
}

/**
 * Reads what a user pasted: the whole callback URL, or `code#state`.
 * @throws ValidationError
 */
export function readPasted(pasted: string): AuthorizationResponse {
  const text = pasted.trim();
  const url = /^https?:\/\//.test(text) ? URL.parse(text) : null;
  const [code, state, ...rest] = text.split("#");
  const response =
    url === null
      ? rest.length === 0 && code !== "" && state !== undefined && state !== "" && !/\s/.test(text)
        ? { code: code!, state, error: null, issuer: null }
        : null
      : readAuthorizationResponse(url.searchParams);
  if (response !== null) return response;
  const message = "is neither a callback URL with `code` and `state` nor `code#state`; copy all of it";
  throw new ValidationError([{ path: ["input", "pasted"], message }]);
}
