import { pino, type DestinationStream, type Logger as PinoLogger } from "pino";
import { maskSecrets, redact } from "./redaction.ts";

export type Logger = PinoLogger;

/** JSON lines on stderr, so that stdout stays the program's own; secrets are replaced by `[redacted]`. */
export function createLogger(level: string, destination: DestinationStream = pino.destination(2)): Logger {
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
