import type { Database } from "../../src/db/database.ts";
import { encodeCursor } from "../../src/events/cursor.ts";
import { readPosition } from "../../src/events/stream-page.ts";

/** The cursor of a place in a user's stream, as the server gives it; of a place that is not there, as if it were. */
export async function cursorAt(database: Pick<Database, "query">, userId: string, seq: number): Promise<string> {
  const { timeline, askedMark } = await readPosition(database, userId, seq);
  return encodeCursor({ timeline, userId, seq, mark: askedMark ?? 0 });
}

/** The cursors of the places `from` to `to`. */
export async function cursorsOf(
  database: Pick<Database, "query">,
  userId: string,
  from: number,
  to: number,
): Promise<string[]> {
  const cursors: string[] = [];
  for (let seq = from; seq <= to; seq++) cursors.push(await cursorAt(database, userId, seq));
  return cursors;
}
