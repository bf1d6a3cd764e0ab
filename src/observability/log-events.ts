import { databaseEvents } from "./log-events/database.ts";
import { providerEvents } from "./log-events/providers.ts";
import { requestEvents } from "./log-events/requests.ts";
import { serverEvents } from "./log-events/server.ts";
import type { LogEvent, LogField } from "./log-fields.ts";

/** Every line that the log can have, by topic. docs/logs.md is written from it. */
export const logTopics = {
  "The server": serverEvents,
  "Clients and requests": requestEvents,
  "Providers and refreshes": providerEvents,
  "Database, Redis and background work": databaseEvents,
};

export const logEvents = { ...serverEvents, ...requestEvents, ...providerEvents, ...databaseEvents };

export type LogEventName = keyof typeof logEvents;

type FieldOf<Name extends LogEventName> = (typeof logEvents)[Name] extends LogEvent<infer Field> ? Field : never;

/** What a line of an event may hold: its own fields, and no others. */
export type FieldsOf<Name extends LogEventName> = {
  readonly [Field in LogField]?: Field extends FieldOf<Name> ? unknown : never;
};
