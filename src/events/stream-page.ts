import type { Database } from "../db/database.ts";
import { expired, HistoryChangedError, type Place } from "./cursor.ts";
import { type StreamEvent, toStreamEvent } from "./event.ts";

/** Events of one stream, as a read at one moment found them. */
export interface StreamPage {
  /** The place before the first of them. */
  readonly after: Place;
  readonly events: readonly StreamEvent[];
  /** Whether the stream ended with them then. */
  readonly isLast: boolean;
  /** Null where nothing was read. */
  readonly timeline: string | null;
}

const pageSize = 100;

/** The mark of the user's event of a number; null where neither it nor the floor tells. */
const markAt = (seq: string) => `case when ${seq} = coalesce(s.floor, 0) then coalesce(s.floor_mark, 0)
    else (select mark from events where user_id = $1 and seq = ${seq}) end::float8`;

const positionStatement = {
  name: "event_stream_position",
  text: `select t.id::text as timeline, coalesce(s.seq, 0)::float8 as seq, ${markAt("coalesce(s.seq, 0)")} as mark,
      coalesce(s.floor, 0)::float8 as floor, ${markAt("$2::bigint")} as asked_mark
    from timeline t left join user_streams s on s.user_id = $1`,
};

// The floor comes with the events, from one snapshot: what retention removes between two pages is then never skipped
// unseen. So does the mark of the event before them: it tells whether they follow on what the reader has read. A stream
// without newer events is one row of nulls.
const pageStatement = {
  name: "event_stream_page",
  text: `select t.id::text as timeline, coalesce(s.floor, 0)::float8 as floor, ${markAt("$2::bigint")} as after_mark,
      e.seq::float8 as seq, e.mark::float8 as mark, e.type, e.body::text as body,
      (extract(epoch from e.created_at) * 1000)::float8 as at_ms
    from timeline t left join user_streams s on s.user_id = $1 left join lateral (
      select * from events where user_id = $1 and seq > $2 order by seq limit ${pageSize}
    ) e on true
    order by e.seq`,
};

interface PageRow {
  readonly timeline: string;
  readonly floor: number;
  readonly after_mark: number | null;
  readonly seq: number | null;
  readonly mark: number;
  readonly type: string;
  readonly body: string;
  readonly at_ms: number;
}

/** Where a stream ends, and where it begins. */
export interface StreamPosition extends Place {
  readonly timeline: string;
  /** The last number that retention has removed. */
  readonly floor: number;
  /** The mark at the number that was asked for; null where there is no such event, or none any more. */
  readonly askedMark: number | null;
}

interface PositionRow {
  readonly timeline: string;
  readonly seq: number;
  readonly mark: number | null;
  readonly floor: number;
  readonly asked_mark: number | null;
}

/** @param asked a number whose mark is wanted, too */
export async function readPosition(
  database: Pick<Database, "query">,
  userId: string,
  asked = 0,
): Promise<StreamPosition> {
  const [row] = await database.query<PositionRow>(positionStatement, [userId, asked]);
  if (row === undefined) throw new Error("the table `timeline` has no row");
  const { timeline, seq, mark, floor, asked_mark: askedMark } = row;
  // Only a hand in the database removes the last event.
  return { timeline, seq, mark: mark ?? 0, floor, askedMark };
}

/**
 * The next events after a place, a hundred at most.
 * @throws CursorError where retention has removed some of them, or the stream is not the one that the place is in
 */
export async function readPage(database: Database, userId: string, after: Place): Promise<StreamPage> {
  const rows = await database.query<PageRow>(pageStatement, [userId, after.seq]);
  const [first] = rows;
  if (first === undefined) throw new Error("the table `timeline` has no row");
  const { timeline } = first;
  if (first.floor > after.seq) throw expired();
  if (first.after_mark !== after.mark) throw new HistoryChangedError();
  let previous = after.mark;
  const events: StreamEvent[] = [];
  for (const { seq, mark, type, body, at_ms: atMs } of rows) {
    if (seq === null) continue;
    // Only a hand in the database makes a hole. Readers are told of it as of what retention has removed, and skip
    // nothing.
    if (seq !== after.seq + 1 + events.length) throw expired();
    events.push(toStreamEvent(userId, { seq, mark, previous, timeline, type, body, atMs }));
    previous = mark;
  }
  return { after, events, isLast: events.length < pageSize, timeline };
}
