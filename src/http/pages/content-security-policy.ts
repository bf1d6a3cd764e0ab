import { createHash } from "node:crypto";

/** Allows one inline script or style, and no other (Content Security Policy Level 3, section 2.3.1). */
export function sourceHash(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
