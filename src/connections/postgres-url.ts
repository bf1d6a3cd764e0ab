import type { ConnectionOptions } from "node:tls";
import { parse } from "pg-connection-string";
import { assertEncoded, ConnectionUrlError, malformedUrl, readParameters } from "./connection-url.ts";
import { readTls, tlsParameters } from "./postgres-tls.ts";

/** Where PostgreSQL is and how it is reached, as one URL says. */
export interface PostgresTarget {
  /** A name, an address without brackets, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  /** Undefined: as libpq, pg asks PGUSER and the system. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Undefined: the database that is named as the user. */
  readonly database: string | undefined;
  /** False for a connection in plain text. */
  readonly tls: ConnectionOptions | false;
  readonly sslnegotiation: "postgres" | "direct";
  /** Whether SCRAM must be bound to the TLS channel. */
  readonly channelBinding: "disable" | "prefer" | "require";
  readonly applicationName: string | undefined;
  /** What `options` says, such as `-c search_path=app`. */
  readonly options: string | undefined;
  /** Milliseconds that a connection may take to open; undefined for the usual limit. */
  readonly connectMs: number | undefined;
}

const known = [
  ...tlsParameters,
  "channel_binding",
  "host",
  "port",
  "user",
  "password",
  "dbname",
  "application_name",
  "options",
  "connect_timeout",
  "client_encoding",
  "target_session_attrs",
];

/** Parameters of other programs, and what does the same here. */
const replaced: Readonly<Record<string, string>> = {
  schema: "Use options=-c%20search_path=<schema>, or set the search_path of the role.",
  pgbouncer: "Remove it: a pooler is noticed without it.",
  statement_timeout: "Use the setting DATABASE_STATEMENT_TIMEOUT.",
  query_timeout: "Use the setting DATABASE_STATEMENT_TIMEOUT.",
  sslcrl: "Remove it: certificate revocation lists are not supported.",
  sslcrldir: "Remove it: certificate revocation lists are not supported.",
};

/** Variables of libpq that security depends on, by the parameter that they stand in for. */
export const tlsVariables = {
  sslmode: "PGSSLMODE",
  sslrootcert: "PGSSLROOTCERT",
  sslcert: "PGSSLCERT",
  sslkey: "PGSSLKEY",
  sslnegotiation: "PGSSLNEGOTIATION",
  channel_binding: "PGCHANNELBINDING",
} as const;

/** `host:port`, or the folder of the socket: without anything secret. */
export function placeOf({ host, port }: Pick<PostgresTarget, "host" | "port">): string {
  if (host.startsWith("/")) return host;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function split(text: string): { readonly authority: string; readonly path: string; readonly query: string } {
  const [, authority, path, query = ""] = /^postgres(?:ql)?:\/\/([^/?]*)([^?]*)(?:\?(.*))?$/is.exec(text) ?? [];
  if (authority === undefined || path === undefined) {
    throw new ConnectionUrlError(
      "expected a URL that starts with postgres:// or postgresql://.",
      "For example: postgres://user@localhost:5432/maestro",
    );
  }
  return { authority, path, query };
}

const severalHosts = () =>
  new ConnectionUrlError("names several hosts.", "Name one: a DNS name or a proxy that leads to the primary.", "host");

function readHost(host: string): string {
  if (host.includes(",")) throw severalHosts();
  return host === "" ? "localhost" : host;
}

function wholeNumber(value: string, name: string, minimum: number, maximum: number): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= minimum && number <= maximum) return number;
  throw new ConnectionUrlError(
    `has a ${name} that is not a number from ${minimum} to ${maximum}.`,
    `Correct ${name}.`,
    name,
  );
}

function parseAddress(authority: string, parameters: ReadonlyMap<string, string>) {
  const query = ["host", "port", "user", "password"]
    .flatMap((name) => (parameters.has(name) ? [`${name}=${encodeURIComponent(parameters.get(name)!)}`] : []))
    .join("&");
  try {
    // An unencoded slash in a password would end the authority, and the rest would be taken for a database.
    return parse(`postgres://${authority}/?${query}`);
  } catch {
    throw authority.slice(authority.lastIndexOf("@")).includes(",") ? severalHosts() : malformedUrl();
  }
}

function readDatabase(path: string, parameters: ReadonlyMap<string, string>): string | undefined {
  // Not as pg-connection-string has it, which leaves %2F and its like as they are.
  const named = decodeURIComponent(path.slice(1)) || undefined;
  const further = parameters.get("dbname");
  if (named !== undefined && further !== undefined && named !== further) {
    throw new ConnectionUrlError("names two databases, in its path and in dbname.", "Keep one of them.", "dbname");
  }
  return named ?? further;
}

/** Only what is done anyway is taken; `client_encoding` for one is always UTF8. */
function assertDone(parameters: ReadonlyMap<string, string>, name: string, values: readonly string[]): void {
  const value = parameters.get(name);
  if (value === undefined || values.includes(value.toLowerCase())) return;
  throw new ConnectionUrlError(`has a value of ${name} that is not supported.`, `Leave ${name} out.`, name);
}

/**
 * Reads a URL as libpq's documentation defines it
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING), for every connection alike. What it
 * does not understand it refuses.
 * @throws ConnectionUrlError
 */
export function parsePostgresUrl(text: string): PostgresTarget {
  const { authority, path, query } = split(text);
  assertEncoded(text);
  const parameters = readParameters(query, known, replaced);
  const address = parseAddress(authority, parameters);
  const host = readHost(address.host ?? "");
  const channelBinding = parameters.get("channel_binding") ?? "disable";
  if (channelBinding !== "disable" && channelBinding !== "prefer" && channelBinding !== "require") {
    const cure = "Use one of disable, prefer, require.";
    throw new ConnectionUrlError("has an unknown value of channel_binding.", cure, "channel_binding");
  }
  assertDone(parameters, "client_encoding", ["utf8", "utf-8", "unicode", "auto"]);
  // A server that cannot write is refused in any case.
  assertDone(parameters, "target_session_attrs", ["any", "read-write", "primary"]);
  const tls = readTls(parameters, host);
  if (channelBinding === "require" && tls === false) {
    const cure = "Add sslmode=verify-full.";
    throw new ConnectionUrlError("has channel_binding=require without TLS.", cure, "channel_binding");
  }
  const port = address.port ?? "";
  const timeout = parameters.get("connect_timeout");
  return {
    host,
    port: port === "" ? 5432 : wholeNumber(port, "port", 1, 65_535),
    user: address.user || undefined,
    password: address.password || undefined,
    database: readDatabase(path, parameters),
    tls,
    sslnegotiation: parameters.get("sslnegotiation") === "direct" ? "direct" : "postgres",
    channelBinding,
    applicationName: parameters.get("application_name") || undefined,
    options: parameters.get("options") || undefined,
    connectMs: timeout === undefined ? undefined : wholeNumber(timeout, "connect_timeout", 1, 3600) * 1_000,
  };
}

/**
 * The same URL with what libpq's variables say of TLS where the URL itself is silent: a `PGSSLMODE=require` must not be
 * lost. @returns also which variables were used, by parameter.
 */
export function withTlsVariables(
  text: string,
  variable: (name: string) => string | null,
): { readonly url: string; readonly used: ReadonlyMap<string, string> } {
  const present = new URLSearchParams(/\?(.*)$/s.exec(text)?.[1] ?? "");
  const used = new Map<string, string>();
  const host = present.get("host") ?? "";
  const isSocket = host.startsWith("/") || /^postgres(ql)?:\/\/([^/?@]*@)?%2f/i.test(text);
  const mode = present.get("sslmode") ?? present.get("ssl") ?? variable(tlsVariables.sslmode);
  // As with libpq: the others only say how TLS is done, not that it is.
  if (isSocket || mode === null) return { url: text, used };
  let url = text;
  for (const [parameter, name] of Object.entries(tlsVariables)) {
    const value = variable(name);
    if (value === null || present.has(parameter) || (parameter === "sslmode" && present.has("ssl"))) continue;
    if (parameter !== "sslmode" && ["disable", "false", "0"].includes(mode)) continue;
    url += `${url.includes("?") ? "&" : "?"}${parameter}=${encodeURIComponent(value)}`;
    used.set(parameter, name);
  }
  return { url, used };
}
