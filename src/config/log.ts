import type { LogFormat, LoggedRequests } from "../observability/logger.ts";
import { type Environment, EnvironmentReader } from "./environment-reader.ts";

export interface LogSettings {
  readonly logLevel: string;
  readonly logFormat: LogFormat;
  readonly logRequests: LoggedRequests;
}

const levels = ["trace", "debug", "info", "warn", "error", "silent"];

function readFormat(reader: EnvironmentReader, production: boolean): LogFormat {
  return reader.choice("LOG_FORMAT", production ? "json" : "text", ["json", "text"]) as LogFormat;
}

/** Reads the format alone, for what is said before the configuration is known to be right. */
export function loadLogFormat(environment: Environment): LogFormat {
  const reader = new EnvironmentReader(environment);
  return readFormat(reader, reader.text("NODE_ENV") === "production");
}

/** JSON in production, for programs; text elsewhere, for people. Whoever asks for requests gets to see them. */
export function readLog(reader: EnvironmentReader, production: boolean): LogSettings {
  const logRequests = reader.choice("LOG_REQUESTS", "off", ["off", "errors", "all"]) as LoggedRequests;
  return {
    logRequests,
    logLevel: reader.choice("LOG_LEVEL", production || logRequests !== "off" ? "info" : "warn", levels),
    logFormat: readFormat(reader, production),
  };
}
