/** Characters (Unicode code points, as PostgreSQL counts them); the width of every `user_id` column. */
export const maxUserIdLength = 255;

/** The rule in words, to follow "must be" or "A user id is". */
export const userIdRule = `a text of 1 to ${maxUserIdLength} characters, none of them a control character or an invisible one`;

/**
 * Whether a value can be a user's id. This is the only rule: tokens, headers, socket parameters, GraphQL, the command
 * line and imports all ask here. Control and format characters (Unicode's category C, with NUL, half a surrogate pair,
 * escape sequences and marks that turn the direction of text) would reach terminals and logs.
 */
export function isUserId(value: unknown): value is string {
  if (typeof value !== "string" || value === "" || value.length > 2 * maxUserIdLength) return false;
  return !/\p{C}/u.test(value) && Array.from(value).length <= maxUserIdLength;
}

/** The beginning of an encoded value: a character set and a language, which is ignored (RFC 8187, section 3.2.1). */
const encodedPrefix = /^UTF-8'[A-Za-z0-9-]*'/i;

/**
 * Reads the value of `x-on-behalf-of`. Most HTTP clients send only ASCII in a header, so an id may come as an extended
 * value (RFC 8187, section 3.2.1) such as `UTF-8''J%C3%BCrgen`. Anything else is the id as it stands. An id that itself
 * begins with `UTF-8'` has to be encoded.
 * @returns null where it is encoded, and not as the RFC says
 */
export function decodeUserId(value: string): string | null {
  const [prefix] = encodedPrefix.exec(value) ?? [];
  if (prefix === undefined) return value;
  const encoded = value.slice(prefix.length);
  // RFC 8187's value-chars; decodeURIComponent would also take every other character as it stands.
  if (!/^(?:[\w!#$&+.^`|~-]|%[\da-f]{2})*$/i.test(encoded)) return null;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null;
  }
}
