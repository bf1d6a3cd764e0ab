import { pino, type DestinationStream, type Logger as PinoLogger } from "pino";
import { LineLimit } from "./line-limit.ts";
import { type FieldsOf, type LogEventName, logEvents } from "./log-events.ts";
import type { LogEvent } from "./log-fields.ts";
import { maskSecrets, redact } from "./redaction.ts";
import { textLines } from "./text-lines.ts";

/** How lines are written: as JSON for programs, or as text for people. */
export type LogFormat = "json" | "text";

/** Which operations of clients have a line: none, those that failed, or all. */
export type LoggedRequests = "off" | "errors" | "all";

/** Lines whose fields and texts hold no secrets: what looks like one is replaced by `[redacted]`. */
export function createLines(level: string, destination: DestinationStream): PinoLogger {
  return pino(
    {
      level,
      base: null,
      // `redact` below has described it already.
      serializers: { err: (error: unknown) => error },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redact(fields) as Record<string, unknown>,
      },
      // Whatever way a secret has come into a line, it does not leave in it.
      hooks: { streamWrite: maskSecrets },
    },
    destination,
  );
}

/**
 * The log: one line for each event of `logEvents`, and no line of another kind. Events that outsiders can cause, or
 * that repeat while something is broken, are limited; what was left out is counted in a line of its own.
 */
export class Logger implements Disposable {
  readonly #lines: PinoLogger;
  readonly #limit: LineLimit;

  /** @param now milliseconds; for tests */
  constructor(lines: PinoLogger, now?: () => number) {
    this.#lines = lines;
    this.#limit = new LineLimit((of, value, count) => this.tell("log.suppressed", { of, value, count }), now);
  }

  tell<Name extends LogEventName>(name: Name, fields: FieldsOf<Name> = {}): void {
    const event: LogEvent = logEvents[name];
    const { level, message, limit } = event;
    if (!this.#lines.isLevelEnabled(level)) return;
    const shared = limit?.by === undefined ? null : String((fields as Record<string, unknown>)[limit.by]);
    if (limit === undefined || this.#limit.admits(name, shared, limit.lines)) {
      this.#lines[level]({ event: name, ...fields } as object, message);
    }
  }

  /** Tells what was left out so far. */
  flush(): void {
    this.#limit.flush();
  }

  [Symbol.dispose](): void {
    this.#limit[Symbol.dispose]();
  }
}

/** Writes to stderr unless another destination is given, so that stdout stays the program's own. */
export function createLogger(
  level: string,
  destination: DestinationStream = pino.destination(2),
  format: LogFormat = "json",
): Logger {
  return new Logger(createLines(level, format === "json" ? destination : textLines(destination)));
}
