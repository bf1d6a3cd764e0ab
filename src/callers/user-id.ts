/** The width of a `user_id` column. */
export const maxUserIdLength = 255;

/**
 * Whether a value can be a user's id. Control and format characters (Unicode's category C, with NUL, half a surrogate
 * pair, escape sequences and marks that turn the direction of text) would reach terminals and logs.
 */
export function isUserId(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= maxUserIdLength && !/\p{C}/u.test(value);
}
