/**
 * Every field that a line of the log may have beside `level`, `time`, `event` and `msg`. A name means the same
 * everywhere.
 */
export const logFields = {
  action: "The action of the audit log.",
  actor: "The `sub` that acted, as in the audit log: the user, or a service on the user's behalf.",
  address: "Host and port.",
  api: "The public URL of the API.",
  code: "The error code of this server, of the system or of PostgreSQL.",
  codes: "The error codes of the answer. Empty: everything succeeded.",
  count: "How many rows, entries or files it is about.",
  credentialId: "The UUID of a credential, as `maestro-auth credentials` shows it.",
  cure: "What to do, for this very case.",
  database: "`postgres` or `embedded`.",
  err: "The error: `type`, `message`, `code` and `stack`. Of a `cause` only `type` and `code`.",
  events: "How many results the subscription delivered.",
  failure: "What is known of a call without a usable answer; see `ProviderFailure` in src/errors/auth-error.ts.",
  fate: "`superseded`: newer tokens were stored. `gone`: the credential was revoked.",
  fields: "Root fields of the operation, as the schema names them.",
  file: "A file in the spool of renewals.",
  header: "The name of a header field.",
  ip: "The client's address, as far as `TRUSTED_PROXY_HOPS` proxies tell it.",
  keyId: "The number of an encryption key, as `maestro-auth keys list` shows it.",
  of: "The event whose lines were left out.",
  operation: "What a provider was asked for: check, exchange, poll, refresh, revoke or start.",
  operationName: "The operation's own name; null where it has none, or one of more than 30 characters.",
  operationType: "`query`, `mutation` or `subscription`; null where the document could not be read.",
  outcome: "The outcome as the audit log has it.",
  provider: "The provider's name.",
  reason: "Why, as a sentence.",
  requestId: "The operation's id. `INTERNAL_SERVER_ERROR` shows it to the client.",
  route: "The route of an HTTP request.",
  seconds: "How long it took.",
  signal: "What made the server stop: a signal, or a failure.",
  statement: "A statement's name, or its verb and table. Never its values.",
  status: "An HTTP status.",
  table: "What is kept in it.",
  transport: "`http`, `sse` or `websocket`.",
  userId: "Whose data it is about, as in the audit log.",
  value: "What the left-out lines have in common: their provider, statement or reason.",
  vendorCode: "The provider's own error code; null where it sent none.",
  vendorCodes: "All codes of a provider's answer.",
  verdict: "What the answer means; see provider-answers.md. Null: it is not known.",
  version: "The version of this program.",
} as const;

export type LogField = keyof typeof logFields;

type LogLevel = "debug" | "info" | "warn" | "error" | "fatal";

/** One kind of line in the log. */
export interface LogEvent<Field extends LogField = LogField> {
  readonly level: LogLevel;
  /** What happened; the line's `msg`. */
  readonly message: string;
  readonly fields: readonly Field[];
  /** What the operator should do; empty: nothing. */
  readonly advice: string;
  /** For what others can cause, or what repeats: at most so many lines a minute, or so many for each value of `by`. */
  readonly limit?: { readonly lines: number; readonly by?: Field };
}

/** Keeps the names of an event's fields in its type. */
export function logEvent<const Field extends LogField = never>(event: LogEvent<Field>): LogEvent<Field> {
  return event;
}
