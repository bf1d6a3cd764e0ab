/** The width of a `user_id` column. */
export const maxUserIdLength = 255;

/** Whether a value can be a user's id; PostgreSQL stores neither NUL nor half a surrogate pair. */
export function isUserId(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value.length > 0 &&
    value.length <= maxUserIdLength &&
    !value.includes("\0") &&
    value.isWellFormed()
  );
}
