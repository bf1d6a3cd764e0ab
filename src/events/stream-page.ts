import type { Database } from "../db/database.ts";
import { CursorError } from "./cursor.ts";
import { type StreamEvent, toStreamEvent } from "./event.ts";

/** Events of one stream, as a read at one moment found them. */
export interface StreamPage {
  /** The number before the first of them. */
  readonly after: number;
  readonly events: readonly StreamEvent[];
  /** Whether the stream ended with them then. */
  readonly isLast: boolean;
}

const pageSize = 100;

const positionStatement = {
  name: "event_stream_position",
  text: "select seq::float8 as seq, floor::float8 as floor from user_streams where user_id = $1",
};

// The floor comes with the events, from one snapshot: what retention removes between two pages is then never skipped
// unseen. A stream without newer events is one row of nulls.
const pageStatement = {
  name: "event_stream_page",
  text: `select s.floor::float8 as floor, e.seq::float8 as seq, e.type, e.body::text as body,
      (extract(epoch from e.created_at) * 1000)::float8 as at_ms
    from user_streams s left join lateral (
      select * from events where user_id = s.user_id and seq > $2 order by seq limit ${pageSize}
    ) e on true
    where s.user_id = $1 order by e.seq`,
};

interface PageRow {
  readonly floor: number;
  readonly seq: number | null;
  readonly type: string;
  readonly body: string;
  readonly at_ms: number;
}

/** For a cursor that the stream no longer reaches. */
export function expired(): CursorError {
  return new CursorError(
    "CURSOR_EXPIRED",
    "The events after this cursor are no longer kept. Take `viewer { eventCursor }`, read the state anew, and subscribe after it.",
  );
}

/** The number of the user's last event, and of the last one that retention has removed. */
export async function readPosition(database: Database, userId: string): Promise<{ seq: number; floor: number }> {
  const [row] = await database.query<{ seq: number; floor: number }>(positionStatement, [userId]);
  return row ?? { seq: 0, floor: 0 };
}

/** The next events after a number, a hundred at most. @throws CursorError where retention has removed some of them */
export async function readPage(database: Database, userId: string, after: number): Promise<StreamPage> {
  const rows = await database.query<PageRow>(pageStatement, [userId, after]);
  if (rows[0] !== undefined && rows[0].floor > after) throw expired();
  const events = rows.flatMap(({ seq, type, body, at_ms }) =>
    seq === null ? [] : [toStreamEvent(userId, { seq, type, body, atMs: at_ms })],
  );
  // Only a hand in the database makes a hole. Readers are told of it as of what retention has removed, and skip nothing.
  if (events.some(({ seq }, index) => seq !== after + 1 + index)) throw expired();
  return { after, events, isLast: events.length < pageSize };
}
