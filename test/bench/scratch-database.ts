import { randomBytes } from "node:crypto";
import type pg from "pg";
import { PostgresClient } from "../../src/connections/postgres-client.ts";
import { parsePostgresUrl } from "../../src/connections/postgres-url.ts";

/** A database of this bench alone. Disposing it drops it. */
export interface ScratchDatabase extends AsyncDisposable {
  readonly url: string;
}

async function onServer(url: string, statement: (client: pg.Client) => string): Promise<void> {
  const client = new PostgresClient(parsePostgresUrl(url), { applicationName: "maestro-auth bench" });
  try {
    await client.connect();
    await client.query(statement(client));
  } finally {
    await client.end();
  }
}

/** Makes a new database on the PostgreSQL server that `serverUrl` leads to. */
export async function createScratchDatabase(serverUrl: string): Promise<ScratchDatabase> {
  const name = `maestro_auth_bench_${randomBytes(4).toString("hex")}`;
  await onServer(serverUrl, (client) => `create database ${client.escapeIdentifier(name)}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    [Symbol.asyncDispose]: () =>
      onServer(serverUrl, (client) => `drop database ${client.escapeIdentifier(name)} with (force)`),
  };
}
