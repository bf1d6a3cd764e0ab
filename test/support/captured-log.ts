import { Logger, createLines } from "../../src/observability/logger.ts";

/** One line of the log, read again. */
export type LoggedLine = { readonly level: string; readonly event: string; readonly msg: string } & Readonly<
  Record<string, unknown>
>;

/** A log whose lines a test reads. `now` is in milliseconds. */
export function captureLog(level = "trace", now?: () => number) {
  const written: string[] = [];
  const lines = createLines(level, { write: (line) => void written.push(line) });
  return {
    log: new Logger(lines, now),
    written,
    /** The lines of an event, or all. */
    lines: (event?: string): LoggedLine[] =>
      written
        .map((line) => JSON.parse(line) as LoggedLine)
        .filter((line) => event === undefined || line.event === event),
  };
}
