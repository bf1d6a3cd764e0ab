/** A cursor that this server did not make, or that its stream no longer reaches. */
export class CursorError extends Error {
  readonly code: "CURSOR_INVALID" | "CURSOR_EXPIRED";

  constructor(code: CursorError["code"], message: string) {
    super(message);
    this.name = "CursorError";
    this.code = code;
  }
}

/** An opaque cursor for the place after event `seq` of a stream. */
export function encodeCursor(seq: number): string {
  return Buffer.from(`e1.${seq}`).toString("base64url");
}

/** @throws CursorError */
export function decodeCursor(cursor: string): number {
  const [, digits] = /^e1\.(\d{1,15})$/.exec(Buffer.from(cursor.slice(0, 64), "base64url").toString()) ?? [];
  if (digits === undefined) {
    throw new CursorError(
      "CURSOR_INVALID",
      "`after` is not a cursor of this server. Use an event's `cursor`, or `viewer { eventCursor }`.",
    );
  }
  return Number(digits);
}
