import { randomBytes } from "node:crypto";

/** Random characters out of `A-Z a-z 0-9 - _`, in which the vendors write their keys. */
export function randomText(length: number): string {
  return randomBytes(length).toString("base64url").slice(0, length);
}
