import type { Database, PreparedStatement } from "../../src/db/database.ts";
import { type Doorbell, inProcessDoorbell } from "../../src/events/doorbell.ts";
import { EventStream } from "../../src/events/event-stream.ts";
import type { NewEvent, StreamEvent } from "../../src/events/event.ts";
import { Outbox } from "../../src/events/outbox.ts";
import { StreamWatch } from "../../src/events/stream-watch.ts";
import { createLogger } from "../../src/observability/logger.ts";
import { cursorAt } from "../support/cursor.ts";
import { createTestDatabase } from "../support/test-database.ts";

export const log = createLogger("silent");

export const stored = (label: string): NewEvent => ({
  type: "CredentialStored",
  body: { credentialId: crypto.randomUUID(), provider: "anthropic", method: "api_key", label },
});

/** A doorbell as another process hears it: it tells whose stream has something new, and no more. */
export function overTheLine(doorbell: Doorbell): Doorbell {
  return { ...doorbell, ring: (userId) => doorbell.ring(userId) };
}

export interface StageOptions {
  readonly doorbell?: Doorbell;
  readonly database?: Database;
  /** Whether the events are committed by another process than the readers'; by theirs unless it is given. */
  readonly isElsewhere?: boolean;
  readonly pollIntervalMs?: number;
}

/** Readers' streams, an outbox, and a count of how often each statement reached the database. */
export async function createStream(options: StageOptions = {}) {
  const { doorbell = inProcessDoorbell(), isElsewhere = false, pollIntervalMs = 20 } = options;
  const real = options.database ?? (await createTestDatabase());
  const counts = new Map<string, number>();
  const database: Database = {
    ...real,
    query: (statement: PreparedStatement, values) => {
      counts.set(statement.name, (counts.get(statement.name) ?? 0) + 1);
      return real.query(statement, values);
    },
  };
  const watch = new StreamWatch(database, doorbell, log, pollIntervalMs);
  const outbox = new Outbox(database, isElsewhere ? overTheLine(doorbell) : doorbell);
  const emit = (user: string, ...events: NewEvent[]) =>
    outbox.transaction(user, async (_em, emitEvent) => events.forEach((event) => emitEvent(event)));
  return {
    database,
    doorbell,
    outbox,
    emit,
    /** The cursor of a place in a user's stream. */
    at: (user: string, seq: number) => cursorAt(real, user, seq),
    pagesRead: () => counts.get("event_stream_page") ?? 0,
    stream: new EventStream(database, watch, log),
    [Symbol.asyncDispose]: () => watch[Symbol.asyncDispose](),
  };
}

/** The next events of a reader, which stays open. */
export async function take(events: AsyncIterator<StreamEvent, unknown>, count: number): Promise<StreamEvent[]> {
  const taken: StreamEvent[] = [];
  while (taken.length < count) {
    const { value, done } = await events.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}

export const labelOf = ({ body }: Pick<StreamEvent, "body">) => ("label" in body ? body.label : null);
export const labels = (events: readonly StreamEvent[]) => events.map(labelOf);
