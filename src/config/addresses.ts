import { ConnectionUrlError } from "../connections/connection-url.ts";
import { parsePostgresUrl, withTlsVariables } from "../connections/postgres-url.ts";
import { parseRedisUrl } from "../connections/redis-url.ts";
import { Secret } from "../lib/secret.ts";
import type { EnvironmentReader } from "./environment-reader.ts";

const exampleDatabaseUrl = "postgres://user@localhost:5432/maestro";

/** @returns whether it is one; else the reader has the fault, at the setting that is wrong. */
function isUrl(
  reader: EnvironmentReader,
  {
    name,
    example,
    parse,
    variables,
  }: {
    readonly name: string;
    readonly example: string;
    readonly parse: () => unknown;
    /** Settings that parameters of the URL come from. */
    readonly variables?: ReadonlyMap<string, string>;
  },
): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    if (!(error instanceof ConnectionUrlError)) throw error;
    const from = error.parameter === null ? undefined : variables?.get(error.parameter);
    reader.fault(from ?? name, error.reason, example, error.cure);
    return false;
  }
}

function readPostgresUrl(reader: EnvironmentReader, name: string): Secret | null {
  const value = reader.text(name);
  if (value === null) return null;
  const { url, used } = withTlsVariables(value, (variable) => reader.text(variable));
  const parse = () => parsePostgresUrl(url);
  return isUrl(reader, { name, example: exampleDatabaseUrl, parse, variables: used }) ? new Secret(url) : null;
}

/** It may hold a password. */
export function readDatabaseUrl(reader: EnvironmentReader): Secret | null {
  return readPostgresUrl(reader, "DATABASE_URL");
}

/** The embedded database has no other processes to tell, so that without a PostgreSQL somebody has forgotten it. */
function requireDatabase(reader: EnvironmentReader, name: string): void {
  if (reader.text("DATABASE_URL") !== null) return;
  reader.fault("DATABASE_URL", `is required with ${name}.`, exampleDatabaseUrl);
}

/** Where events are listened for if `DATABASE_URL` leads to a pooler. */
export function readListenUrl(reader: EnvironmentReader): Secret | null {
  const url = readPostgresUrl(reader, "DATABASE_LISTEN_URL");
  if (url !== null) requireDatabase(reader, "DATABASE_LISTEN_URL");
  return url;
}

/** It may hold a password. */
export function readEventsUrl(reader: EnvironmentReader): Secret | null {
  const name = "EVENTS_URL";
  const value = reader.text(name);
  if (value === null) return null;
  if (!isUrl(reader, { name, example: "redis://localhost:6379", parse: () => parseRedisUrl(value) })) return null;
  requireDatabase(reader, name);
  return new Secret(value);
}
