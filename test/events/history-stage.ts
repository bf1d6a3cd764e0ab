import { Writable } from "node:stream";
import type { Database } from "../../src/db/database.ts";
import { Timeline } from "../../src/db/timeline.ts";
import { type Doorbell, inProcessDoorbell } from "../../src/events/doorbell.ts";
import { EventStream } from "../../src/events/event-stream.ts";
import type { StreamEvent } from "../../src/events/event.ts";
import { Outbox } from "../../src/events/outbox.ts";
import { StreamWatch } from "../../src/events/stream-watch.ts";
import { createLogger } from "../../src/observability/logger.ts";
import { Metrics } from "../../src/observability/metrics.ts";
import { stored } from "./stream-stage.ts";

interface ServerOptions {
  readonly database: Database;
  readonly dataDir: string;
  readonly doorbell?: Doorbell;
  readonly intervalMs?: number;
}

/** The part of a server that knows of timelines and streams. */
export async function startServer({
  database,
  dataDir,
  doorbell = inProcessDoorbell(),
  intervalMs = 20,
}: ServerOptions) {
  await using stack = new AsyncDisposableStack();
  const logs: string[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      logs.push(chunk.toString());
      done();
    },
  });
  const log = createLogger("info", sink);
  const metrics = new Metrics();
  const timeline = stack.use(await Timeline.open({ database, dataDir, metrics, log, intervalMs, reusable: [] }));
  const watch = stack.use(new StreamWatch(database, doorbell, log, intervalMs));
  timeline.onChange(() => watch.endAll());
  watch.onContradiction(() => timeline.doubt());
  const outbox = new Outbox(database, doorbell);
  const owned = stack.move();
  return {
    timeline,
    logs,
    stream: new EventStream(database, watch, log),
    emit: async (user: string, ...labels: string[]) =>
      outbox.transaction(user, async (_em, emit) => labels.forEach((label) => emit(stored(label)))),
    /** How many timelines this process has begun, by cause. */
    begun: async () => {
      const lines = (await metrics.print())
        .split("\n")
        .filter((line) => line.startsWith("maestro_timelines_begun_total{"));
      return Object.fromEntries(
        lines.map((line) => [/cause="([^"]*)"/.exec(line)![1], Number(line.split(" ").at(-1))]),
      );
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What a reader got before it ended, and the code that it ended with. */
export async function readToEnd(reader: AsyncIterableIterator<StreamEvent, undefined>) {
  const labels: string[] = [];
  try {
    for await (const { body } of reader) labels.push("label" in body ? body.label : "");
    return { labels, code: null };
  } catch (error) {
    return { labels, code: (error as { code?: string }).code };
  }
}

const streamTables = ["user_streams", "events"] as const;

/** Keeps the streams as they are now. @returns what puts them back, as a restore of these tables does */
export async function keepStreams(database: Database): Promise<() => Promise<void>> {
  const em = database.em();
  const kept = new Map<string, string>();
  for (const table of streamTables) {
    const [row] = await em.execute<{ rows: unknown }[]>(
      `select coalesce(json_agg(t), '[]')::text as rows from ${table} t`,
    );
    kept.set(table, String(row!.rows));
  }
  return () =>
    database.transaction(async (transaction) => {
      for (const table of streamTables) {
        await transaction.execute(`delete from ${table}`);
        await transaction.execute(
          `insert into ${table} select * from json_populate_recordset(null::${table}, ?::json)`,
          [kept.get(table)],
        );
      }
    });
}
