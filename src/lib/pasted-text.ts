/**
 * What people paste, and what clings to it on the way: invisible characters, quotes, line breaks, the words around it.
 * Nothing here logs or repeats a text: it may be a secret.
 */

/**
 * Format characters (zero-width spaces and joiners, soft hyphens, byte order marks, direction marks) and variation
 * selectors.
 */
const invisible = /[\p{Cf}\u034f\u{fe00}-\u{fe0f}]/gu;

/** What a terminal puts around a paste, or into its own output (ECMA-48, section 5.4). */
const controlSequence = new RegExp(`${String.fromCodePoint(0x1b)}\\[[0-?]*[ -/]*[@-~]`, "g");

/**
 * A text without what cannot be seen. Spaces and line breaks of any kind, full-width letters and hyphens become plain
 * ones.
 */
export function visibleText(text: string): string {
  return text
    .replaceAll(controlSequence, "")
    .replaceAll(invisible, "")
    .replaceAll(/\r\n?|[\u0085\u2028\u2029]/g, "\n")
    .replaceAll(/[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g, " ")
    .replaceAll(/[\uff01-\uff5e]/g, (letter) => String.fromCodePoint(letter.codePointAt(0)! - 0xfee0))
    .replaceAll(/[\u2010\u2011]/g, "-");
}

/** The lines of a text that hold something, without the spaces around them. */
export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/**
 * Quotes and brackets of all kinds, and what ends a phrase. No key and no token begins or ends with one (RFC 6750,
 * section 2.1).
 */
export const quotes = "\"'`\u00b4\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb\u2039\u203a";
/** A text without the quotes around it; null where it is in none. */
export function withoutQuotes(text: string): string | null {
  const isQuoted = text.length >= 2 && quotes.includes(text[0]!) && quotes.includes(text.at(-1)!);
  return isQuoted ? text.slice(1, -1) : null;
}

const wrapping = new Set(`${quotes}<>()[]{},; \n`);

/** Takes off the characters of a set at both ends. A loop, since a regular expression would try at each of them. */
function strip(text: string, characters: ReadonlySet<string>): string {
  let [start, end] = [0, text.length];
  while (start < end && characters.has(text[start]!)) start++;
  while (end > start && characters.has(text[end - 1]!)) end--;
  return text.slice(start, end);
}

/** Words by which people and programs call a secret. */
const secretName = /key|token|secret|auth|bearer|password|credential/i;
const variableName = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/;

/** `export NAME=`, `$env:NAME = `, `"apiKey": `, `Authorization: `, `Here is my key: `. */
const labelled =
  /^(?:(?:export|set|const|let|var|env)\s+|\$env:|--?)?([\w .'"$-]{1,60}?)\s{0,4}(:=|=>|[:=])(\s{0,8})([^]*[a-z0-9][^]*)$/i;
/** A header or a variable inside a longer text, such as a command for curl. */
const embedded =
  /(?:authorization:\s{0,4}bearer\s{1,4}|(?:x-)?(?:goog-)?api-?key:\s{0,4}|\b[A-Z][A-Z0-9]*_(?:KEY|TOKEN)=)["']?([^\s"'\\]{1,16384})/gi;

function withoutLabel(text: string): string {
  const [, label, , space, value] = labelled.exec(text) ?? [];
  if (label === undefined || value === undefined) return text;
  const name = strip(label, wrapping);
  // Where no space follows, only a name tells the label from a key that has a colon or an equals sign itself.
  const isLabel = space !== "" || variableName.test(name) || (/^[\w.-]+$/.test(name) && secretName.test(name));
  return isLabel && name !== "" ? value : text;
}

/** The texts of a JSON document that may be its secret; null for what is no JSON document. */
function secretsInJson(text: string): string[] | null {
  if (!/^[{["]/.test(text)) return null;
  const named: string[] = [];
  const all: string[] = [];
  try {
    JSON.parse(text, (name, value: unknown) => {
      if (typeof value === "string") (secretName.test(name) ? named : all).push(value);
      return value;
    });
  } catch {
    return null;
  }
  const found = named.length > 0 ? named : all;
  return [...new Set(found)];
}

function peel(text: string): string {
  const trimmed = text.trim();
  const fenced = /^```[\w-]{0,20}\n([^]*?)\n?```$/.exec(trimmed)?.[1] ?? trimmed;
  // A full stop belongs to the sentence where a quote ends before it.
  const unended = /[^\w.]\.$/.test(fenced) ? fenced.slice(0, -1) : fenced;
  const emphasized = /^\*{1,2}([^*]+)\*{1,2}$/.exec(unended)?.[1] ?? unended;
  const unquoted = strip(emphasized, wrapping);
  const unlabelled = withoutLabel(unquoted.replace(/^(?:-H|--header)[\s=]{1,4}/, ""));
  return unlabelled.replace(/^(?:setx\s+\w+|bearer)\s+(?=\S)/i, "");
}

/** Why a pasted text is no key or token; each reads on after the name of the field. */
export const secretFaults = {
  empty: "must not be empty",
  shortened:
    "is a shortened copy, with dots or stars in place of characters: copy the whole of it, or make a new one if its page no longer shows it",
  several: "holds more than one key or token: paste only the one that belongs here",
  spaces: "has spaces inside: paste only the key or token, without the words around it",
  characters:
    "has characters that no key or token has, such as accented letters or long dashes: copy it again from where it was made",
} as const;

type PastedSecret = { readonly secret: string } | { readonly fault: keyof typeof secretFaults };

/** The one line of a text whose lines are pieces of it; null where they are several secrets, or words. */
function joinLines(text: string): string | null {
  const lines = [...new Set(linesOf(text).map((line) => line.replace(/\s*\\$/, "")))];
  const [first = "", ...others] = lines;
  const beginning = /^(?:[A-Za-z]{2,8}[-_.]|AIza)/.exec(first)?.[0];
  const isList = beginning !== undefined && others.length > 0 && others.every((line) => line.startsWith(beginning));
  return isList || others.some((line) => withoutLabel(line) !== line) ? null : lines.join("");
}

/** Takes a key or token out of what obviously wraps it. A text of nothing but a key's characters stays as it is. */
export function readPastedSecret(pasted: string): PastedSecret {
  let text = visibleText(pasted);
  for (let layer = 0, before = ""; layer < 12 && text !== before; layer++) {
    before = text;
    const secrets = secretsInJson(text.trim());
    if (secrets !== null && secrets.length > 1) return { fault: "several" };
    text = secrets?.[0] ?? peel(text);
  }
  if (text === "") return { fault: "empty" };
  if (/\u2026|\.{3}|\*{3}|[\u2022\u25cf\u00b7]{2}/.test(text)) return { fault: "shortened" };
  if (linesOf(text).some((line) => line.includes(" "))) {
    const found = new Set(Array.from(visibleText(pasted).matchAll(embedded), ([, value]) => value!));
    if (found.size > 1) return { fault: "several" };
    const [only] = found;
    if (only === undefined) return { fault: "spaces" };
    text = only;
  }
  const secret = joinLines(text);
  if (secret === null) return { fault: "several" };
  return /^[\x21-\x7e]+$/.test(secret) ? { secret } : { fault: "characters" };
}
