import { pino, type DestinationStream, type Logger as PinoLogger } from "pino";
import { AuthError } from "../errors.ts";

export type Logger = PinoLogger;

/** Names whose values are never logged, at the top level of a line or one level below. */
const secretFields = [
  "authorization",
  "apiKey",
  "accessToken",
  "refreshToken",
  "token",
  "oauthCode",
  "codeVerifier",
  "password",
  "secret",
  "connectionString",
  "headers",
  "variables",
];

interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: unknown;
  readonly stack?: string;
  readonly cause?: LoggedError;
}

/**
 * What the log says of an error: of a cause only its class and code, since a cause may hold what a provider or a driver
 * repeated of the request.
 */
function describeError(error: unknown, isCause = false): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: "[not an Error]" };
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    message: isCause ? "[hidden]" : error.message,
    ...(typeof code === "string" ? { code } : {}),
    ...(isCause || error instanceof AuthError || error.stack === undefined
      ? {}
      : { stack: error.stack.slice(error.stack.indexOf("\n    at ") + 1) }),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause, true) }),
  };
}

/** JSON lines on stderr, so that stdout stays the program's own; secrets are replaced by `[redacted]`. */
export function createLogger(level: string, destination: DestinationStream = pino.destination(2)): Logger {
  return pino(
    {
      level,
      base: null,
      serializers: { err: (error: unknown) => describeError(error) },
      redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`]), censor: "[redacted]" },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}
