import { ValidationError } from "../../errors/auth-error.ts";
import { linesOf, quotes, visibleText } from "../../lib/pasted-text.ts";

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

/** A state of this server's own flows: 32 bytes in base64url. It tells where a state ends that other text follows. */
const ownState = /^[\w-]{43}$/;
const ownStateLength = 43;

const delimiters = new RegExp(String.raw`[${quotes}<>()[\]{}|\\^]+`);

/** `code: …`, also as JSON and YAML write it. */
const listItem = /["']?\b(code|state|error|iss)\b["']?\s?:\s?["']?([^\s"',}]+)["']?,?/gi;

function decodePercent(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}

/** The text without what mail programs, shells and HTML have made of its characters. */
function plainText(pasted: string): string {
  const text = visibleText(pasted)
    .replaceAll(/&(?:amp|#38|#x26);|\\u0026/gi, "&")
    .replaceAll(/\\([?&=#])/g, "$1")
    .replaceAll(/^(?:[>|] ?)+/gm, "");
  const isList = /\bcode["']?\s?:/i.test(text) && /\bstate["']?\s?:/i.test(text);
  const named = isList
    ? text.replaceAll(listItem, (_item, name, value) => `${name}=${encodeURIComponent(value)}&`)
    : text;
  return named.replaceAll(/[\s,;]+(?=(?:code|state|error|iss)=)/g, "&");
}

/** What stands in parameters, in the query or the fragment of an address or alone. */
function readParameters(text: string): AuthorizationResponse[] {
  if (!/(?:^|[?#&])(?:code|error)=/.test(text)) return [];
  const parts = text.split(/[?#]/);
  const found = parts
    .map((part) => readAuthorizationResponse(new URLSearchParams(part)))
    .filter((part) => part !== null);
  if (found.length > 0) return found;
  // The code before, and the state behind the `#`.
  const joined = readAuthorizationResponse(new URLSearchParams(parts.slice(1).join("&")));
  return joined === null ? [] : [joined];
}

/** `code#state`, as some providers show it. */
function readCodeAndState(text: string): AuthorizationResponse[] {
  const [code, state, ...rest] = text.split("#");
  const isBoth = code !== "" && state !== undefined && state !== "" && rest.length === 0;
  if (!isBoth || text.includes("://") || text.length > 2 * maxLength) return [];
  return [{ code: decodePercent(code!), state, error: null, issuer: null }];
}

function readPiece(piece: string): AuthorizationResponse[] {
  const text = piece.replace(/[.,;:!?*\u2026]{1,8}$/, "");
  const found = readParameters(text);
  return found.length > 0 || /(?:^|[?#&])(?:code|error|state)=/.test(text) ? found : readCodeAndState(text);
}

/** Each address for itself, also where two stand side by side; one in a parameter belongs to it. */
function pieces(text: string): string[] {
  return text
    .split(/\s+|(?<!=)(?=https?:\/\/)/)
    .flatMap((word) => word.split(delimiters))
    .filter((piece) => piece !== "");
}

/** `code#state` among words, put together again where it was broken into lines of its own. */
function readAmongWords(lines: readonly string[]): AuthorizationResponse[] {
  return lines.flatMap((line, index) => {
    if (!line.includes("#")) return [];
    const isBroken = (at: number) => /^[^\s#]*[^\s#:.,!?;]$/.test(lines[at] ?? "");
    let text = line;
    if (!/\s/.test(line)) for (let at = index - 1; isBroken(at); at--) text = lines[at]! + text;
    for (let at = index + 1; text.length - text.lastIndexOf("#") <= ownStateLength && isBroken(at); at++)
      text += lines[at];
    return pieces(text).flatMap(readPiece);
  });
}

/** Parameters with characters that end an address elsewhere; never a code, of which they may have cut something off. */
function readError(text: string): AuthorizationResponse[] {
  return text
    .split(/\s+/)
    .flatMap(readParameters)
    .filter(({ code }) => code === null);
}

function readAll(text: string): AuthorizationResponse[] {
  const lines = linesOf(text);
  const whole = lines.join("");
  // Nothing but one address or code, in however many lines.
  if (!/\s/.test(whole)) {
    const found = pieces(whole).flatMap(readPiece);
    const own = found.filter(({ state }) => ownState.test(state));
    return own.length > 0 ? own : found;
  }
  const inParameters = [lines.join("\n"), whole]
    .flatMap(pieces)
    .flatMap((piece) => readParameters(piece.replace(/[.,;:!?*]{1,8}$/, "")));
  return [...inParameters, ...readAmongWords(lines)].filter(({ state }) => ownState.test(state));
}

function refusal(message: string): ValidationError {
  return new ValidationError([{ path: ["input", "pasted"], message }]);
}

/**
 * Reads what a user pasted: the callback's address or `code#state`, with whatever clings to it, as long as it holds one
 * code and one state.
 * @throws ValidationError
 */
export function readPasted(pasted: string): AuthorizationResponse {
  let text = plainText(pasted);
  // An address within an address, as mail filters write it, is encoded once or twice.
  for (let round = 0, before = ""; round < 3 && text !== before; round++) {
    before = text;
    const all = readAll(text);
    const found = new Map(
      (all.length > 0 ? all : readError(text)).map((response) => [JSON.stringify(response), response]),
    );
    const [first] = found.values();
    if (found.size > 1) {
      throw refusal("holds more than one sign-in; paste only the address or code of the one that you have just begun");
    }
    if (first !== undefined) return first;
    text = plainText(decodePercent(text));
  }
  throw refusal(
    /(?:^|[?#&\s])code=/.test(text) && !/(?:^|[?#&\s])state=/.test(text)
      ? "has a code and no state; copy the whole address, to its end"
      : "is neither a callback URL with `code` and `state` nor `code#state`; copy all of it",
  );
}
