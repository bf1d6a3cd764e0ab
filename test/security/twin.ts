import { randomInt } from "node:crypto";

const uuidForm = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

function other(characters: string, not: string): string {
  const rest = characters.replace(not, "");
  return rest[randomInt(rest.length)]!;
}

/** Other letters and digits at the same places; the first digit of a number stays, so that it stays about as large. */
function scramble(text: string): string {
  return text
    .replaceAll(/[a-z]/g, (letter) => other("abcdefghijklmnopqrstuvwxyz", letter))
    .replaceAll(/[A-Z]/g, (letter) => other("ABCDEFGHIJKLMNOPQRSTUVWXYZ", letter))
    .replaceAll(/(?<=\d)\d/g, (digit) => other("0123456789", digit));
}

/** What a text says once its base64 is taken off; null where it is none. */
export function decoded(text: string): { readonly content: string; readonly encoding: "base64" | "base64url" } | null {
  for (const encoding of ["base64", "base64url"] as const) {
    const content = Buffer.from(text, encoding).toString();
    if (/^[\x20-\x7e]{4,}$/.test(content) && Buffer.from(content).toString(encoding) === text) {
      return { content, encoding };
    }
  }
  return null;
}

/**
 * A text of the same form that nobody has: an id of the same type, a cursor of the same kind, a word of the same
 * length. Whoever may not know the original must not be able to tell the two apart.
 */
export function twinOf(text: string): string {
  const inner = decoded(text);
  if (inner !== null) return Buffer.from(twinOf(inner.content)).toString(inner.encoding);
  const withUuids = text.replaceAll(uuidForm, () => crypto.randomUUID());
  if (withUuids !== text) return withUuids;
  const [, prefix = "", rest = ""] = /^([A-Z]\w+:|[a-z]\d\.|https?:\/\/[^?]*\?)?(.*)$/s.exec(text) ?? [];
  return prefix + (prefix.startsWith("http") ? scrambleQuery(rest) : scramble(rest));
}

function scrambleQuery(query: string): string {
  return query.replaceAll(/(?<==)[^&]*/g, (value) => scramble(value));
}
