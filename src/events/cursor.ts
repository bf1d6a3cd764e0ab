import { createHmac, randomInt } from "node:crypto";

/** A cursor that this server did not make, or that its stream no longer reaches. */
export class CursorError extends Error {
  readonly code: "CURSOR_INVALID" | "CURSOR_EXPIRED";

  constructor(code: CursorError["code"], message: string) {
    super(message);
    this.name = "CursorError";
    this.code = code;
  }
}

const cure = "Take `viewer { eventCursor }`, read the state anew, and subscribe after it.";

/** For a cursor whose next events retention has removed. */
export function expired(): CursorError {
  return new CursorError("CURSOR_EXPIRED", `The events after this cursor are no longer kept. ${cure}`);
}

/** The stream is not the one that the reader has read: the database went back, or it is another. */
export class HistoryChangedError extends CursorError {
  constructor() {
    super(
      "CURSOR_EXPIRED",
      `This cursor belongs to another user, or the database has been restored or replaced since. ${cure}`,
    );
    this.name = "HistoryChangedError";
  }
}

/** The place after one event of a stream. */
export interface Place {
  /** 0 before the first event. */
  readonly seq: number;
  /** The event's `mark`; 0 before the first event. */
  readonly mark: number;
}

/** A place, and whose stream it is in. */
export interface StreamPlace extends Place {
  readonly timeline: string;
  readonly userId: string;
}

/** JavaScript's numbers hold all of them. */
const marks = 2 ** 47;

/** A random number for a new event: two histories of one stream don't have the same mark at the same place. */
export function randomMark(): number {
  return randomInt(marks);
}

// The timeline's id is the key: it is random, and no client ever sees it.
function sealOf({ timeline, userId, seq, mark }: StreamPlace): string {
  const text = JSON.stringify([userId, seq, mark]);
  return createHmac("sha256", timeline).update(text).digest("base64url").slice(0, 16);
}

/** An opaque cursor for a place. It is bound to the timeline, the user and the event, and tells none of them. */
export function encodeCursor(place: StreamPlace): string {
  return Buffer.from(`e2.${place.seq}.${sealOf(place)}`).toString("base64url");
}

/** What a client has sent as a cursor. */
export interface CursorClaim {
  readonly seq: number;
  /** Null in cursors of earlier versions, which fit nowhere: nothing tells what history they belong to. */
  readonly seal: string | null;
}

/** @throws CursorError */
export function decodeCursor(cursor: string): CursorClaim {
  const text = Buffer.from(cursor.slice(0, 96), "base64url").toString();
  const [, digits, seal] = /^(?:e1\.(?=\d+$)|e2\.(?=\d+\.))(\d{1,15})(?:\.([\w-]{16}))?$/.exec(text) ?? [];
  if (digits === undefined) {
    throw new CursorError(
      "CURSOR_INVALID",
      "`after` is not a cursor of this server. Use an event's `cursor`, or `viewer { eventCursor }`.",
    );
  }
  return { seq: Number(digits), seal: seal ?? null };
}

/** Whether the cursor was made for this place. */
export function isCursorOf(claim: CursorClaim, place: StreamPlace): boolean {
  return claim.seq === place.seq && claim.seal === sealOf(place);
}
